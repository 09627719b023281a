// Holds a bundle to its golden decisions in Node, and decides lives that another runtime has written down.
//
//     node replay.mjs path/to/bundle                 golden decisions only
//     node replay.mjs path/to/bundle lives.json      [{ profile, k, steps: [{ day, luck?, event }] }] -> their decisions
//
// Prints one JSON object. Exit status 2: refused, with its reason.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import ort from "onnxruntime-node";
import { Refused, Runtime } from "./adaptlearn.js";

const [folder, lives] = process.argv.slice(2);

async function lived(runtime, { profile, k, steps }) {
  let record = runtime.start(profile);
  const decisions = [];
  for (const { day, luck, event } of steps) {
    const { ids, propensity, legal, mastery, record: kept } = await runtime.recommend(record, { day, k, luck });
    decisions.push({ ids, propensity, legal: legal.map(Number), mastery: Object.values(mastery) });
    record = event ? await runtime.observe(kept, event) : kept;
  }
  return { decisions, record };
}

async function microseconds(runtime, calls = 300) {
  const record = runtime.start({ learner: "u", role: runtime.contract.roles[0].id, weekly_minutes: 90 });
  const times = [];
  for (let j = 0; j < calls; j++) {
    const start = performance.now();
    await runtime.recommend(record, { day: 1 });
    times.push(1000 * (performance.now() - start));
  }
  times.sort((a, b) => a - b);
  return { p50_us: Math.round(times[calls >> 1]), p99_us: Math.round(times[Math.floor(0.99 * calls)]) };
}

try {
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1 };
  const runtime = await Runtime.open(ort, async (name) => new Uint8Array(await readFile(join(folder, name))), { check: false, options });
  const said = await runtime.replay();
  if (lives) {
    said.lives = [];
    for (const life of JSON.parse(await readFile(lives, "utf8"))) said.lives.push(await lived(runtime, life));
  } else Object.assign(said, await microseconds(runtime));
  console.log(JSON.stringify(said));
} catch (trouble) {
  console.error(`replay: ${trouble.message}`);
  process.exit(trouble instanceof Refused || trouble.code === "ENOENT" ? 2 : 1);
}
