// A catalogue with the learning department's rules, and what of it may be offered; twin of guardrails.py.

import { parse } from "smol-toml";

const REST = "nothing-now";
const DUE_MARGIN = 2; // must be that of guardrails.py
const f32 = Math.fround;

/** Something that cannot be honoured: the field, what was found, what is needed. */
export class Refused extends Error {
  constructor(field, found, needed) {
    super(`${field}: found ${found}; needed ${needed}`);
    Object.assign(this, { name: "Refused", field, found, needed });
  }
}

export class Catalogue {
  constructor(listed, contract, rules) {
    const rest = { id: REST, title: "Nothing now", features: contract.rest };
    this.listed = [rest, ...listed.filter((one) => one.id !== REST)];
    this.column = new Map(contract.feature_names.map((name, j) => [name, j]));
    Object.assign(this, { contract, toml: rules, rules: { repeats: 1, ...parse(rules).rules } });
    this.ids = this.listed.map((one) => one.id);
    this.titles = this.listed.map((one) => one.title || one.id);
    this.at = new Map(this.ids.map((name, a) => [name, a]));
    this.rows = this.listed.map((one) => this.features(one));
    const before = this.rules.not_before ?? {};
    this.opens = this.listed.map((one) => Math.max(Math.floor(one.opens ?? 0), Math.floor(before[one.id] ?? 0)));
    this.closes = this.listed.map((one) => one.closes ?? Infinity);
    this.weekdays = this.listed.map((one) => one.weekdays ?? [0, 1, 2, 3, 4, 5, 6]); // day 0 is a Monday
    this.dated = this.weekdays.some((days) => days.length < 7);
    this.due = Object.entries(this.rules.due ?? {})
      .filter(([name]) => this.at.has(name))
      .map(([name, day]) => [f32(day), this.at.get(name)])
      .sort((x, y) => x[0] - y[0] || x[1] - y[1]);
  }

  get(a, feature) {
    return this.rows[a][this.column.get(feature)];
  }

  features(one) {
    const row = new Array(this.column.size).fill(0);
    for (const [name, value] of Object.entries(one.features)) {
      if (!this.column.has(name)) throw new Refused(`${one.id} features ${name}`, name, "a feature of the contract");
      row[this.column.get(name)] = f32(value);
    }
    return row;
  }

  /** An activity by id, or by its own features where it is here no more. */
  row(one, field) {
    if (typeof one === "object") return { id: one.id, row: this.features(one) };
    if (!this.at.has(one)) throw new Refused(field, one, "an id of the catalogue, or the activity with its features");
    return { id: one, row: this.rows[this.at.get(one)] };
  }

  /** Whether the learner has taken an activity, and passed it where it has a mark. */
  met(record, name) {
    return name in record.visits && (record.best?.[name] ?? 0) >= (this.rules.pass_mark?.[name] ?? 0);
  }

  /** The same with some withdrawn and some new. */
  changed({ withdrawn, new: added }) {
    const kept = this.listed.filter((one) => !withdrawn.includes(one.id));
    return new Catalogue([...kept, ...added], this.contract, this.toml);
  }
}

/** What may be offered on a day; row 0, "nothing now", always may.   -> array of 0 and 1 */
export function legal(shelf, contract, record, day) {
  const at = (name) => record.profile[contract.skills.length + contract.profile_names.indexOf(name)];
  const { rules } = shelf;
  const [today, weekly, horizon] = [f32(day), f32(at("weekly_minutes")), f32(at("horizon"))];
  const left = (until) => f32(f32(f32(Math.max(f32(until - today), 0)) * weekly) / 7);
  const whole = Math.min(Math.floor(today), Math.ceil(horizon));
  const taken = new Map(Object.entries(record.visits).filter(([n]) => shelf.at.has(n)).map(([n, v]) => [shelf.at.get(n), v]));
  const able = shelf.ids.map((name, a) =>
    Number(!(rules.excluded ?? []).includes(name) && shelf.opens[a] <= whole && shelf.closes[a] >= whole &&
      shelf.weekdays[a].includes(whole % 7) && !(record.vetoed ?? []).includes(name) &&
      shelf.get(a, "minutes") <= left(horizon) && !((taken.get(a)?.[0] ?? 0) >= rules.repeats))); // prettier-ignore
  for (const [name, gate] of Object.entries(rules.after ?? {}))
    if (shelf.at.has(name) && !shelf.met(record, gate)) able[shelf.at.get(name)] = 0;
  if (rules.live_per_week !== undefined) {
    const monday = f32(7 * Math.floor(f32(today / 7)));
    const live = (a) => shelf.get(a, "live") > 0.5;
    const thisWeek = [...taken].filter(([a, [, last]]) => live(a) && f32(last) >= monday).map(([a]) => a);
    const full = thisWeek.length >= rules.live_per_week;
    able.forEach((may, a) => (able[a] = Number(may && !(full && live(a)) && !thisWeek.includes(a))));
  }
  let [need, spare] = [0, Infinity];
  const own = new Map();
  for (const [due, a] of shelf.due) {
    if (!able[a] || shelf.met(record, shelf.ids[a])) continue;
    own.set(a, spare);
    need = f32(need + f32(DUE_MARGIN * shelf.get(a, "minutes")));
    spare = Math.min(spare, f32(left(due) - need));
  }
  able.forEach((may, a) => (able[a] = Number(may && shelf.get(a, "minutes") <= (own.get(a) ?? spare))));
  const pins = (rules.pinned ?? []).map((name) => shelf.at.get(name)).filter((a) => able[a] && !shelf.met(record, shelf.ids[a]));
  if (pins.length) able.forEach((_, a) => (able[a] = Number(pins.includes(a))));
  for (const name of record.full ?? []) if (shelf.at.has(name)) able[shelf.at.get(name)] = 0;
  able[0] = 1;
  return able;
}
