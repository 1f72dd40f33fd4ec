// Memory and CPU of `waggle trace --json` over a long storm: is it flat? One row for each tenth of
// the storm. A million events (fork, exec, exit) are 334,000 processes: a few minutes.
//
//   bun bench/memory-curve.ts [PROCESSES]

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { cpuSeconds, residentMegabytes } from '../../../bench/process-usage.ts';

const processes = Number(process.argv[2] ?? 334_000);
const PARTS = 10;
const root = resolve(import.meta.dir, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'waggle-bench-'));

function compile(source: string, flags: readonly string[]): string {
  const output = join(folder, source.replace('.c', ''));
  const result = spawnSync('cc', [...flags, '-o', output, join(root, 'tests/workloads', source)], {
    stdio: 'inherit',
  });
  if (result.status !== 0) throw new Error(`${source} does not compile`);
  return output;
}

const storm = compile('storm.c', ['-O2']);
const tiny = compile('exit_with.c', ['-O2', '-static']);
const errors = join(folder, 'stderr');
const tracer = spawn(join(root, 'waggle'), ['trace', '--json', '--events', 'fork,exec,exit'], {
  stdio: ['ignore', openSync('/dev/null', 'w'), openSync(errors, 'w')],
});
try {
  while (!readFileSync(errors, 'utf8').includes('ready')) await Bun.sleep(50);
  const pid = tracer.pid ?? 0;
  console.log('events        RSS MB   CPU µs per process');
  let before = cpuSeconds(pid);
  for (let part = 1; part <= PARTS; part++) {
    const count = Math.round(processes / PARTS);
    const run = spawn(storm, [String(count), '0', tiny], { stdio: 'ignore' });
    await new Promise((done) => run.on('exit', done));
    await Bun.sleep(300);
    const now = cpuSeconds(pid);
    const events = String(part * count * 3).padEnd(12);
    const memory = residentMegabytes(pid).toFixed(1).padStart(8);
    console.log(`${events} ${memory}   ${(((now - before) * 1e6) / count).toFixed(1)}`);
    before = now;
  }
} finally {
  const ended = new Promise((done) => tracer.on('exit', done));
  tracer.kill('SIGTERM');
  await ended;
  console.log(readFileSync(errors, 'utf8').trim().split('\n').at(-1));
  rmSync(folder, { recursive: true });
}
