// How many processes a second the writer takes, and what one costs on disk: bun packages/store/bench/writer.ts [COUNT]
//
// Each is a fork, an exec with arguments of which one in ten is new, and an exit, as `waggle agent` gets them from the
// kernel; committed once for every 10,000.

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StoreWriter } from '../src/index.ts';
import { BOOT_NS, exec, exit, fork } from '../test/events.ts';

const count = Number(process.argv[2] ?? 200_000);
const CHUNK = 10_000;
const folder = mkdtempSync(join(tmpdir(), 'waggle-store-bench-'));
let argumentBytes = 0;
try {
  const writer = new StoreWriter({
    directory: folder,
    ...{ keepMs: 1e12, maxBytes: 1e12, bootId: 'bench', bootNs: () => BOOT_NS },
    onProblem: (message) => console.error(message),
  });
  const cpu = process.cpuUsage();
  const began = performance.now();
  for (let first = 0; first < count; first += CHUNK) {
    for (let index = first; index < first + CHUNK; index++) {
      const start = BigInt(index) * 100_000n + 12_345_678_901_234n;
      const pid = 1000 + (index % 30_000);
      const comm = `program${index % 40}`;
      const argv = [`/usr/bin/${comm}`, '-c', index % 10 === 0 ? `file${index}.c` : 'main.c'];
      if (index % 10 === 0) argumentBytes += JSON.stringify(argv).length;
      const who = { pid, start, ppid: 999, comm };
      writer.addEvents([
        fork({ pid: 999, start: 1n, comm: 'make', at: start }, pid, start),
        exec({ ...who, at: start + 1000n }, argv),
        exit({ ...who, at: start + 2_345_678n }, { userNs: 1_234_567n, maxRssBytes: 4_567_040n }),
      ]);
    }
    writer.flush();
  }
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  writer[Symbol.dispose]();
  const bytes = statSync(join(folder, 'waggle.db')).size;
  console.log(
    `${count} processes in ${seconds.toFixed(1)} s: ${Math.round(count / seconds)} a second`,
  );
  console.log(`${((user + system) / count).toFixed(1)} µs of CPU each`);
  console.log(`${((bytes - argumentBytes) / count).toFixed(0)} bytes each, and their arguments`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
