// A bundle at work in JavaScript: the twin of the Python runtime, over the same graph, contract and golden decisions.
//
//     const runtime = await Runtime.open(ort, read);      // ort: onnxruntime-node or -web; read: name -> Promise<Uint8Array>
//     let record = runtime.start({ learner: "u-1041", role: "frontline", weekly_minutes: 90 });
//     const advice = await runtime.recommend(record, { day: 0, k: 3 });
//     record = await runtime.observe(advice.record, { day: 0, offered: advice.ids, taken: advice.ids[0],
//                                                      completed: true, minutes: 12 });
//
// Records are those of Python, as JSON: one may begin here and go on there. What the graph needs beside it, the mask, the
// history and the luck, is written again below; tests/export/test_javascript.py holds both to the same decisions.

import { Catalogue, Refused, legal } from "./shelf.js";

const FORMAT = { format: "adaptlearn-bundle", format_version: 1, record_version: 1 };
const REST = "nothing-now";
const OUTCOMES = ["rest", "accepted", "substituted", "skipped"];
const CLOSE = 2e-5; // floats may differ by this much between machines
const f32 = Math.fround;

const text = (bytes) => new TextDecoder().decode(bytes);
const json = (bytes) => JSON.parse(text(bytes));
const hex = (buffer) => Array.from(new Uint8Array(buffer), (b) => b.toString(16).padStart(2, "0")).join("");
const digest = async (bytes) => hex(await crypto.subtle.digest("SHA-256", bytes));

/** The files of a bundle by name, each as it was sealed. */
export async function unsealed(read) {
  const files = {};
  for (const line of text(await read("SHA256SUMS")).trim().split("\n")) {
    const [sum, name] = line.split("  ");
    files[name] = await read(name);
    const found = await digest(files[name]);
    if (found !== sum) throw new Refused(name, `checksum ${found.slice(0, 12)}`, `${sum.slice(0, 12)}, as sealed`);
  }
  return files;
}

/** n uniforms in [0, 1) at an address; the recipe stands in contract.json under luck. */
export async function uniforms(seed, purpose, learner, step, n) {
  const drawn = [];
  for (let block = 0; 8 * block < n; block++) {
    const line = new TextEncoder().encode(`${seed}/${purpose}/${learner}/${step}/${block}`);
    const words = new DataView(await crypto.subtle.digest("SHA-256", line));
    for (let j = 0; j < 8; j++) drawn.push((words.getUint32(4 * j) >>> 8) / 2 ** 24);
  }
  return drawn.slice(0, n);
}

export class Runtime {
  constructor(ort, session, files, seed) {
    Object.assign(this, { ort, session, files, seed });
    this.contract = json(files["contract.json"]);
    this.skills = this.contract.skills.map((skill) => skill.id);
    this.skillAt = new Map(this.skills.map((name, k) => [name, k]));
    this.policy = `${this.contract.policy.name} ${this.contract.policy.version}`;
    this.shelf = new Catalogue(json(files["catalogue.json"]).activities, this.contract, text(files["rules.toml"]));
  }

  /** Open a bundle: checksums, versions, then every golden decision again. */
  static async open(ort, read, { seed = 0, check = true, options = {} } = {}) {
    const files = await unsealed(read);
    const contract = json(files["contract.json"]);
    for (const [name, own] of Object.entries(FORMAT)) {
      if (contract[name] !== own) throw new Refused(`contract.json ${name}`, contract[name], own);
    }
    const session = await ort.InferenceSession.create(files["policy.onnx"], { logSeverityLevel: 4, ...options });
    const runtime = new Runtime(ort, session, files, seed);
    if (check) await runtime.replay();
    return runtime;
  }

  /** The record of a learner nobody has met. */
  start({ learner, role, targets, weekly_minutes, motive, stated, mandatory }) {
    const { contract } = this;
    const wanted = targets ?? contract.roles.find((one) => one.id === role)?.targets;
    if (!wanted) throw new Refused("profile role", role, contract.roles.map((one) => one.id).join(", "));
    if (!(weekly_minutes > 0)) throw new Refused("profile weekly_minutes", weekly_minutes, "minutes above 0");
    const target = this.skills.map((name) => f32(wanted[name] ?? 0));
    const total = f32(target.reduce((sum, weight) => f32(sum + weight), 0));
    const told = {
      mandatory: Number(mandatory ?? contract.programme.mandatory),
      weekly_minutes,
      horizon: contract.programme.horizon_days,
      retention_day: contract.programme.retention_day,
      ...this.#shares("motive", motive),
      ...this.#shares("stated", stated),
    };
    const profile = [...target.map((weight) => f32(weight / total)), ...contract.profile_names.map((n) => f32(told[n]))];
    const memory = Array(contract.policy.memory_size).fill(0);
    return { record_version: 1, learner: String(learner), skills: this.skills.join("/"), policy: this.policy, profile,
             row: [...contract.newcomer], memory, visits: {}, best: {}, day: 0, step: 0, seen: [] };
  }

  #shares(what, said) {
    const names = this.contract.profile_names.filter((name) => name.startsWith(`${what}_`));
    if (said !== undefined && !names.includes(`${what}_${said}`)) throw new Refused(`profile ${what}`, said, names.join(", "));
    return Object.fromEntries(names.map((n) => [n, said === undefined ? 1 / names.length : Number(n === `${what}_${said}`)]));
  }

  /** The record after an event: what became of the last recommendation. */
  async observe(record, event) {
    if (event.id && record.seen.includes(event.id)) return record;
    const seen = event.id ? [...record.seen, event.id].slice(-50) : record.seen;
    const full = this.#known(event.full ?? [], "event full");
    if (full.length && !["offered", "taken", "about", "vetoed"].some((name) => event[name]?.length)) {
      return { ...record, full: [...new Set([...(record.full ?? []), ...full])], seen }; // the decision is still open
    }
    const told = this.event(event, record.day);
    const bare = { now: [record.day], catalogue: this.shelf.rows.slice(0, 1), history: [0, 0, 0], mask: [1],
                   temperature: [this.contract.policy.temperature], luck: [0],
                   thought: Array(this.contract.policy.luck_size).fill(0) };
    const then = await this.run({ ...this.#kept(record), ...told.feeds, ...bare }, 1, told.shown, 1);
    const visits = { ...record.visits };
    if (told.taken) visits[told.taken] = [(visits[told.taken]?.[0] ?? 0) + 1, told.day];
    const best = { ...record.best };
    if (told.share !== null) best[told.taken] = Math.max(best[told.taken] ?? 0, told.share);
    const vetoed = told.vetoed ? [...new Set([...(record.vetoed ?? []), told.vetoed])] : record.vetoed;
    return { ...record, row: Array.from(then.record_after), visits, best, vetoed, full: undefined, day: told.day, step: record.step + 1, seen };
  }

  /** What to offer now: ids, propensity of each, belief per skill and preference. */
  async recommend(record, { day = record.day, k = 1, luck } = {}) {
    const { shelf, contract } = this;
    const u = luck ?? (contract.policy.temperature === 0 ? Array(k).fill(0)
                       : await uniforms(this.seed, "choice", record.learner, record.step, k)); // prettier-ignore
    const thought = await uniforms(this.seed, "thought", record.learner, record.step, contract.policy.luck_size);
    const mask = legal(shelf, contract, record, day);
    const feeds = { ...this.#kept(record), ...this.quiet(), now: [day], catalogue: shelf.rows, history: this.history(record, day),
                    mask, temperature: [contract.policy.temperature], luck: u, thought }; // prettier-ignore
    const then = await this.run(feeds, shelf.ids.length, 1, k);
    const choices = Array.from(then.choice, Number);
    return {
      ids: choices.map((a) => shelf.ids[a]),
      propensity: Array.from(then.propensity),
      mastery: Object.fromEntries(this.skills.map((name, j) => [name, then.mastery[j]])),
      preference: Object.fromEntries(contract.preference_names.map((name, j) => [name, then.preference[j]])),
      legal: mask.map(Boolean),
      record: then.memory_after ? { ...record, memory: Array.from(then.memory_after) } : record,
    };
  }

  history(record, day) {
    const rows = new Float32Array(3 * this.shelf.ids.length);
    for (const [name, [times, last]] of Object.entries(record.visits)) {
      const a = this.shelf.at.get(name);
      if (a !== undefined) rows.set([0.5 * times, 1 / (1 + Math.max(day - last, 0) / 7), Number(this.shelf.met(record, name))], 3 * a);
    }
    return rows;
  }

  #kept(record) {
    return { record: record.row, profile: record.profile, memory: record.memory };
  }

  /** Inputs of an event that did not happen. */
  quiet() {
    const none = Array(this.contract.feature_names.length).fill(0);
    const counts = Array(this.skills.length).fill(0);
    return { happened: this.contract.happened_names.map(() => 0), offered: [none], taken: none, about: none, items: counts,
             correct: counts }; // prettier-ignore
  }

  /** An event in the words of a platform, as rows of the graph. */
  event(event, notBefore) {
    const offered = event.offered.map((one, j) => this.shelf.row(one, `event offered[${j}]`));
    const took = event.taken != null ? this.shelf.row(event.taken, "event taken") : { id: REST };
    const taken = took.id === REST ? "" : took.id;
    const names = offered.map((one) => one.id);
    const outcome = taken ? (names.includes(taken) ? 1 : 2) : names.every((name) => name === REST) ? 0 : 3;
    if (event.outcome && event.outcome !== OUTCOMES[outcome]) {
      throw new Refused("event outcome", event.outcome, `${OUTCOMES[outcome]}, as offered and taken say`);
    }
    if (!(event.day >= 0)) throw new Refused("event day", event.day, "days since the learner's start");
    if (taken && !(event.minutes >= 0)) throw new Refused("event minutes", event.minutes, "minutes spent");
    if (event.vetoed != null && (!names.includes(event.vetoed) || [REST, taken].includes(event.vetoed))) {
      throw new Refused("event vetoed", event.vetoed, "an activity that was offered and not taken");
    }
    const day = Math.max(event.day, notBefore);
    const none = Array(this.contract.feature_names.length).fill(0);
    const done = taken && event.completed ? 1 : 0;
    const feeds = {
      happened: [1, day, outcome, done, taken ? event.minutes : 0, event.rating || 0],
      offered: offered.map((one) => one.row),
      taken: taken ? took.row : none,
      about: event.about != null ? this.shelf.row(event.about, "event about").row : none,
      items: this.#counts(event.items, "items"),
      correct: this.#counts(event.correct, "correct"),
    };
    const [asked, right] = [feeds.items, feeds.correct].map((row) => row.reduce((sum, n) => sum + n, 0));
    return { day, taken, feeds, shown: offered.length, vetoed: event.vetoed, share: done && asked > 0 ? right / asked : null };
  }

  #known(names, field) {
    for (const name of names) if (!this.shelf.at.has(name)) throw new Refused(field, name, "ids of the catalogue");
    return names;
  }

  #counts(given, name) {
    const row = Array(this.skills.length).fill(0);
    for (const [skill, count] of Object.entries(given ?? {})) {
      if (!this.skillAt.has(skill)) throw new Refused(`event ${name} ${skill}`, skill, this.skills.join(", "));
      row[this.skillAt.get(skill)] = count;
    }
    return row;
  }

  /** One call of the graph for one learner.   -> outputs by name, flat */
  async run(feeds, activities, shown, places) {
    const sizes = { learners: 1, activities, shown, places };
    const tensors = {};
    for (const port of this.contract.inputs) {
      const dims = port.shape.map((size) => sizes[size] ?? size);
      const given = feeds[port.name];
      const flat = Array.isArray(given) ? given.flat() : given;
      const values = port.type === "bool" ? Uint8Array.from(flat) : Float32Array.from(flat);
      tensors[port.name] = new this.ort.Tensor(port.type, values, dims);
    }
    const then = await this.session.run(tensors);
    return Object.fromEntries(Object.entries(then).map(([name, tensor]) => [name, tensor.data]));
  }

  /** Decide every golden case again.   -> how many, and by how much floats differ at most */
  async replay() {
    let off = 0;
    const lines = text(this.files["golden.jsonl"]).trim().split("\n");
    for (const [j, line] of lines.entries()) {
      const { given, then } = JSON.parse(line);
      const shelf = given.catalogue ? this.shelf.changed(given.catalogue) : this.shelf;
      const history = new Float32Array(3 * shelf.ids.length);
      for (const [a, values] of Object.entries(given.history)) history.set(values, 3 * Number(a));
      const told = given.event ? this.event(given.event, 0) : { feeds: this.quiet(), shown: 1 };
      const feeds = { ...given, ...told.feeds, catalogue: shelf.rows, history };
      const found = await this.run(feeds, shelf.ids.length, told.shown, given.luck.length);
      for (const [name, promised] of Object.entries(then)) {
        promised.forEach((value, i) => {
          const apart = Math.abs(Number(found[name][i]) - value);
          off = Math.max(off, apart / (1 + Math.abs(value)));
          if (!(apart <= CLOSE + CLOSE * Math.abs(value))) {
            throw new Refused(`golden.jsonl line ${j + 1} ${name}`, found[name][i], `${value}, as when it was made`);
          }
        });
      }
    }
    return { golden: lines.length, off };
  }
}

export { Refused };
