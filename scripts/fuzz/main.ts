// `npm run fuzz -- [--seconds N] [--target NAME] [--seed N] [--case N]`: every parser in turn, N CPU
// seconds each (60), until something is found. What was found is kept, with how to do it again; put the
// file into the target's corpus with the repair.

import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Find, fuzz } from './fuzz.ts';
import { targets } from './targets/index.ts';

/** By the clock. An input that takes that long never ends. */
const HANG_MS = 60_000;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    target: { type: 'string', multiple: true },
    case: { type: 'string' },
  },
});
const seed = Number(values.seed);
const wanted = values.target ?? targets.map(({ name }) => name);
for (const name of wanted)
  if (!targets.some((target) => target.name === name)) {
    console.error(`there is no target ${name}; ${targets.map((each) => each.name).join(', ')}`);
    process.exit(2);
  }

let found = 0;
for (const target of targets.filter(({ name }) => wanted.includes(name))) {
  const counter = new SharedArrayBuffer(4);
  const at = new Int32Array(counter);
  const watchdog = new Worker(new URL('./watchdog.ts', import.meta.url).href);
  watchdog.postMessage({ counter, hangMs: HANG_MS, name: target.name, seed });
  try {
    const result = await fuzz(target, {
      seed,
      seconds: Number(values.seconds),
      ...(values.case === undefined ? {} : { only: Number(values.case) }),
      begin: (number) => Atomics.store(at, 0, number),
    });
    const share = ((100 * result.refused) / Math.max(1, result.cases)).toFixed(0);
    console.log(
      `| ${target.name} | ${result.cases} | ${share} % | ${result.slowestMs.toFixed(0)} ms | ` +
        `${(result.growth / 1e6).toFixed(0)} MB | ${result.cpuSeconds.toFixed(0)} s |`,
    );
  } catch (error) {
    if (!(error instanceof Find)) throw error;
    found++;
    const path = join(tmpdir(), `waggle-fuzz-${target.name}-${seed}-${error.at}`);
    writeFileSync(path, error.input);
    console.error(`${target.name}: ${error.message}\nthe input is in ${path}`);
    console.error(`again by --target ${target.name} --seed ${seed} --case ${error.at}`);
  }
  Atomics.store(at, 0, -1);
  watchdog.terminate();
}
process.exit(found > 0 ? 1 : 0);
