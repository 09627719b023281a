// The page: one plays a learner and watches belief and recommendations move. Nothing leaves the browser.
//
//     play.html?bundle=PATH     which bundle, seen from this page; default ../../agents/mastery-onboarding/bundle
//     play.html?play=N          takes the first N offers by itself, answering two thirds correctly

import * as ort from "onnxruntime-web";
import { Runtime } from "./adaptlearn.js";

const $ = (id) => document.getElementById(id);
const asked = new URLSearchParams(location.search);
const folder = asked.get("bundle") ?? "../../agents/mastery-onboarding/bundle";
const K = 3;
const WEEK = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

let runtime, record, advice, before, day;

const make = (tag, properties = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
};

const titleOf = (skill) => runtime.contract.skills[runtime.skillAt.get(skill)].title;

/** Skills of one block of an activity's features, the strongest first.   -> [id, value] */
function block(a, name) {
  return runtime.skills.map((id) => [id, runtime.shelf.get(a, `${name}.${id}`)]).filter(([, v]) => v > 0).sort((x, y) => y[1] - x[1]);
}

const itemsOf = (a) => block(a, "assesses").map(([id, v]) => [id, Math.round(v * runtime.contract.items_scale)]);

function why(a) {
  if (a === 0) return "Waiting is preferred to everything that may be offered.";
  const taught = block(a, "teaches").map(([id]) => `${titleOf(id)} (known with probability ${advice.mastery[id].toFixed(2)})`);
  const items = itemsOf(a).reduce((sum, [, n]) => sum + n, 0);
  return [taught.length ? `Teaches ${taught.slice(0, 2).join(" and ")}` : "Teaches nothing new", items ? `asks ${items} questions` : ""]
    .filter(Boolean).join("; ") + "."; // prettier-ignore
}

function card(id, j) {
  const a = runtime.shelf.at.get(id);
  const minutes = runtime.shelf.get(a, "minutes");
  const chance = runtime.contract.policy.temperature > 0 ? ` · drawn with chance ${advice.propensity[j].toFixed(3)}` : "";
  const kind = a ? `${minutes} minutes${chance}.` : "";
  const items = itemsOf(a).reduce((sum, [, n]) => sum + n, 0);
  const slider = make("input", { type: "range", min: 0, max: items, value: Math.round((2 * items) / 3), ariaLabel: "correct answers" });
  const told = make("output", {}, items ? `${slider.value} of ${items} right` : "");
  slider.oninput = () => (told.value = `${slider.value} of ${items} right`);
  const act = make("div", { className: "act" });
  if (a) {
    act.append(make("button", { className: "main", onclick: () => took(a, true, Number(slider.value)) }, "Finish it"));
    if (items) act.append(slider, told);
    act.append(make("button", { onclick: () => took(a, false, 0) }, "Leave unfinished"));
    act.append(make("button", { onclick: () => happened({ about: id }, `declined ${title(a)}`) }, "Decline"));
    act.append(make("button", { onclick: () => happened({ about: id, vetoed: id }, `struck off ${title(a)}`) }, "Not again"));
    const seats = ["capacity", "live", "onsite"].some((name) => runtime.shelf.get(a, name) > 0);
    if (seats) act.append(make("button", { onclick: () => noSeat(id) }, "No seat left"));
  } else act.append(make("button", { className: "main", onclick: () => happened({}, "waited a day") }, "Wait a day"));
  return make("div", { className: "card choice" }, make("h3", {}, title(a)), make("p", {}, `${why(a)} ${kind}`), act);
}

const title = (a) => runtime.shelf.titles[a];

async function took(a, completed, right) {
  const items = completed ? Object.fromEntries(itemsOf(a)) : {};
  let left = right;
  const correct = Object.fromEntries(Object.entries(items).map(([skill, n]) => {
    const here = Math.min(n, Math.round((right * n) / Math.max(itemsOf(a).reduce((s, [, m]) => s + m, 0), 1)), left);
    left -= here;
    return [skill, here];
  })); // prettier-ignore
  for (const [skill, n] of Object.entries(items)) {
    const more = Math.min(n - correct[skill], left);
    [correct[skill], left] = [correct[skill] + more, left - more];
  }
  const minutes = runtime.shelf.get(a, "minutes") * (completed ? 1 : 0.5);
  const total = Object.values(items).reduce((s, n) => s + n, 0);
  const note = completed ? `finished ${title(a)}${total ? `, ${right} of ${total} right` : ""}` : `left ${title(a)} unfinished`;
  await happened({ taken: runtime.shelf.ids[a], completed, minutes, items, correct }, note);
}

/** One event into the record, the clock on, and the next recommendation. */
async function happened(event, note) {
  const offered = event.about || event.taken ? advice.ids : ["nothing-now"];
  record = await runtime.observe(advice.record, { day, offered, ...event });
  const weekly = Number(new FormData($("profile")).get("weekly_minutes"));
  $("events").prepend(make("li", { className: "event" }, `day ${day.toFixed(1)}: ${note}`));
  day += event.minutes ? Math.max((event.minutes * 7) / weekly, 0.05) : 1;
  await show();
}

/** The decision stays open, and something else is offered. */
async function noSeat(id) {
  record = await runtime.observe(advice.record, { day, full: [id] });
  $("events").prepend(make("li", { className: "event" }, `day ${day.toFixed(1)}: no seat left in ${title(runtime.shelf.at.get(id))}`));
  await show();
}

async function show() {
  before = advice?.mastery;
  advice = await runtime.recommend(record, { day, k: K });
  $("day").textContent = day.toFixed(1) + (runtime.shelf.dated ? `, ${WEEK[Math.floor(day) % 7]}` : "");
  const once = advice.ids.filter((id, j) => id !== "nothing-now" || advice.ids.indexOf(id) === j);
  $("offer").replaceChildren(...once.map((id) => card(id, advice.ids.indexOf(id))));
  const goal = (id) => record.profile[runtime.skillAt.get(id)];
  $("mastery").replaceChildren(...[...runtime.skills].sort((x, y) => (goal(y) > 0) - (goal(x) > 0)).map(skillRow));
  $("preference").replaceChildren(...Object.entries(advice.preference).filter(([axis]) => axis !== "intercept").map(axisRow));
}

function skillRow(id) {
  const k = runtime.skillAt.get(id);
  const [now, then] = [advice.mastery[id], before?.[id] ?? advice.mastery[id]];
  const name = make("span", { title: titleOf(id) }, record.profile[k] > 0 ? make("b", {}, "● ") : "", titleOf(id));
  const bar = make("i");
  bar.style.width = `${100 * now}%`;
  const tick = make("u");
  tick.style.left = `calc(${100 * then}% - 1px)`;
  const moved = Math.abs(now - then) < 0.005 ? "" : now > then ? "up" : "down";
  return make("div", { className: "skill" }, name, make("div", { className: "track" }, bar, tick),
    make("span", { className: moved }, `${now.toFixed(2)}${moved === "up" ? " ↑" : moved === "down" ? " ↓" : ""}`)); // prettier-ignore
}

function axisRow([axis, mean]) {
  const bar = make("i");
  const reach = 50 * Math.min(Math.abs(mean), 1);
  Object.assign(bar.style, { left: `${mean < 0 ? 50 - reach : 50}%`, width: `${reach}%` });
  return make("div", { className: "axis" }, make("span", {}, axis), make("div", { className: "track" }, bar),
    make("span", {}, `${mean < 0 ? "−" : "+"}${Math.abs(mean).toFixed(2)}`)); // prettier-ignore
}

async function begin() {
  const given = Object.fromEntries(new FormData($("profile")));
  const stated = given.stated || undefined;
  record = runtime.start({ learner: "you", role: given.role, weekly_minutes: Number(given.weekly_minutes), stated });
  [advice, day] = [undefined, 0];
  $("events").replaceChildren();
  await show();
}

function options(select, words) {
  select.append(...words.map(([value, shown]) => make("option", { value }, shown)));
}

async function read(name) {
  const answer = await fetch(`${folder}/${name}`);
  if (!answer.ok) throw new Error(`${name}: the server answers ${answer.status}; needed a bundle at ${folder}`);
  return new Uint8Array(await answer.arrayBuffer());
}

try {
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = new URL("node_modules/onnxruntime-web/dist/", location.href).href;
  runtime = await Runtime.open(ort, read, { check: false });
  const { golden, off } = await runtime.replay();
  const { world } = runtime.contract;
  document.body.dataset.golden = golden;
  $("about").textContent = `${runtime.policy} for ${world.title}`;
  $("checks").textContent = `Checked here: checksums, contract and ${golden} golden decisions (floats within ${off.toExponential(0)}). ` +
    `The world is of grade ${world.grade}${world.grade === "C" ? ": assumed from published effects, nobody was observed" : ""}.`;
  options($("profile").elements.role, runtime.contract.roles.map((role) => [role.id, role.title]));
  const styles = runtime.contract.profile_names.filter((n) => n.startsWith("stated_")).map((n) => n.slice(7));
  options($("profile").elements.stated, styles.map((n) => [n, n]));
  $("profile").onsubmit = (press) => (press.preventDefault(), begin());
  await begin();
  for (let n = Number(asked.get("play") ?? 0); n > 0; n--) {
    const a = runtime.shelf.at.get(advice.ids[0]);
    const items = itemsOf(a).reduce((sum, [, m]) => sum + m, 0);
    await (a ? took(a, true, Math.round((2 * items) / 3)) : happened({}, "waited a day"));
  }
} catch (trouble) {
  $("about").className = "refused";
  $("about").textContent = trouble.message;
}
