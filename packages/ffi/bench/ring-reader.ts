// Nanoseconds that reading one record of a full ring takes: RingBuffer.drain on Bun and Deno
// against libbpf's ring_buffer__consume in C, in one run. bun bench/ring-reader.ts

import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type BenchRow, saveRows } from '../../../bench/rows.ts';
import { BpfObjectFile, openNative, RingBuffer } from '../src/index.ts';
import { bpfObject, cProgram } from '../test/support/compile.ts';
import { testRun } from '../test/support/test-run.ts';

const ROUNDS = 150;
const CASES = [
  { bytes: 16, program: 'emit_16', records: 100_000 },
  { bytes: 512, program: 'emit_512', records: 8_000 },
] as const;

type Case = (typeof CASES)[number];

/** Best round of this runtime: what the reader costs when nothing else runs. */
async function measureHere(object: string, { program: name, records }: Case): Promise<number> {
  const native = await openNative();
  using file = BpfObjectFile.open(native, object);
  using loaded = file.load();
  using ring = new RingBuffer(native, loaded.map('records'));
  const program = loaded.program(name);
  let sum = 0;
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    testRun(native, program, records);
    const start = performance.now();
    const read = ring.drain((memory, offset) => {
      sum += memory.view.getUint32(offset, true);
    });
    best = Math.min(best, performance.now() - start);
    if (read !== records) throw new Error(`read ${read} of ${records} records`);
  }
  const total = ROUNDS * records;
  if (sum !== (total * (total - 1)) / 2) throw new Error(`the records add up to ${sum}`);
  return (best * 1e6) / records;
}

function measure(command: string, ...args: string[]): number {
  return Number(
    execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }),
  );
}

/** libbpf's headers, for the reader in C. */
function hasLibbpf(): boolean {
  return spawnSync('cc', ['-E', '-include', 'bpf/bpf.h', '-x', 'c', '/dev/null']).status === 0;
}

const self = fileURLToPath(import.meta.url);
const [object, program] = process.argv.slice(2);
if (object !== undefined) {
  const chosen = CASES.find((each) => each.program === program);
  if (chosen === undefined) throw new Error(`no such case: ${program}`);
  console.log(await measureHere(object, chosen));
} else {
  const reader = hasLibbpf() ? cProgram('bench/ring-reader.c', ['-lbpf']) : undefined;
  const built = bpfObject('ring');
  const deno = fileURLToPath(new URL('../../../node_modules/.bin/deno', import.meta.url));
  const rows = CASES.flatMap(({ bytes, program: name, records }): BenchRow[] => {
    const what = `ring reader, ${bytes} B`;
    if (reader === undefined)
      return [{ what, skipped: 'libbpf-dev is not installed (apt-get install libbpf-dev)' }];
    const c = measure(reader, built, name, String(records), String(ROUNDS));
    const bun = measure(process.execPath, self, built, name);
    const denoTime = measure(deno, 'run', '-A', '--no-check', '--no-lock', self, built, name);
    const versus = { name: 'C libbpf', value: c };
    const unit = 'ns/record';
    return [
      { what: `${what}, Bun`, value: bun, unit, versus, goal: '≤ 1.6×' },
      { what: `${what}, Deno`, value: denoTime, unit, versus },
    ];
  });
  for (const { what, value = 0, versus, skipped } of rows)
    console.log(
      versus === undefined
        ? `${what}: ${skipped}`
        : `${what}: ${value.toFixed(1)} ns, ${versus.name} ${versus.value.toFixed(1)} ns, ` +
            `${(value / versus.value).toFixed(2)}×`,
    );
  saveRows(import.meta.dir, 'ring-reader', rows);
}
