// How long the writer waits for what is too old or too much: bun packages/store/bench/retention.ts [COUNT]
//
// A store of so many processes is to be half as large. There is a commit a second, by a clock of its own: what
// goes meanwhile is a pause in which nothing is read.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StoreWriter } from '../src/index.ts';
import { BOOT_NS, exec, exit } from '../test/events.ts';

const count = Number(process.argv[2] ?? 60_000);
const CHUNK = 10_000;
const COMMIT_MS = 1000;
const folder = mkdtempSync(join(tmpdir(), 'waggle-store-bench-'));
let now = Number(BOOT_NS / 1_000_000n) + 1e9;
try {
  using writer = new StoreWriter({
    directory: folder,
    ...{ keepMs: 1e12, maxBytes: 1e12, bootId: 'bench', bootNs: () => BOOT_NS },
    now: () => now,
    onProblem: (message) => console.error(message),
  });
  for (let index = 0; index < count; index++) {
    const start = BigInt(index) * 100_000n + 12_345_678_901_234n;
    const who = { pid: 1000 + (index % 30_000), start, ppid: 999, comm: `program${index % 40}` };
    const argv = [`/usr/bin/${who.comm}`, '-c', index % 10 === 0 ? `file${index}.c` : 'main.c'];
    writer.addEvents([exec({ ...who, at: start }, argv), exit({ ...who, at: start + 2_345_678n })]);
    if (index % CHUNK === 0) writer.flush();
  }
  writer.flush();
  const before = writer.bytes;
  writer.setLimits({ keepMs: 1e12, maxBytes: before / 2 });
  const pauses: number[] = [];
  while (writer.bytes > before / 2 && pauses.length < 1000) {
    now += COMMIT_MS;
    const began = performance.now();
    writer.flush();
    pauses.push(performance.now() - began);
  }
  pauses.sort((a, b) => a - b);
  const ms = (share: number) => (pauses[Math.floor((pauses.length - 1) * share)] ?? 0).toFixed(1);
  console.log(
    `${(before / 2 ** 20).toFixed(0)} MB to half of it in ${pauses.length} commits: a pause of ${ms(0.5)} ms in the median, ${ms(1)} ms the longest`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
