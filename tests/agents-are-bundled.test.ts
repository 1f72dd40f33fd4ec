// An agent that a bundler made one file of, or one program, runs in any folder: BPF objects, workers
// and the packages that are loaded late went along.

import { beforeAll, describe, expect } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { kernelTest } from './support/kernel-test.ts';
import { freshFolder, workload } from './support/workloads.ts';

const root = resolve(import.meta.dir, '..');
const folder = freshFolder();

/** Says what it saw as one line of JSON; the demangler runs in a worker only. */
const agent = `
import { collapseRaw, createAgent } from ${JSON.stringify(join(root, 'packages/core/src/index.ts'))};
import { otlpFormat, pprofFormat } from ${JSON.stringify(join(root, 'packages/formats/src/index.ts'))};

const agent = await createAgent({
  profile: { frequencyHz: 499 },
  watchdogMs: 60_000,
  execDetail: true,
});
const child = Bun.spawn([process.argv[2]!, '300']);
const events: string[] = [];
for await (const event of agent.events) {
  if (event.event !== 'lost' && event.pid === child.pid) events.push(event.event);
  if (event.event === 'exit' && event.pid === child.pid) break;
}
const stacks = [...collapseRaw(await agent.collectRaw()).keys()];
const profile = await agent.collect();
await agent.stop();
const sizes = [pprofFormat, otlpFormat].map(({ encode }) => encode(profile).length);
console.log(JSON.stringify({ events, stacks: stacks.filter((s) => s.includes('Bee')), sizes }));
`;

async function built(...args: readonly string[]): Promise<void> {
  const build = Bun.spawnSync([process.execPath, 'build', join(folder, 'agent.ts'), ...args], {
    cwd: folder,
    stderr: 'pipe',
  });
  expect(build.success, build.stderr.toString()).toBe(true);
}

function ran(...command: readonly string[]) {
  // Far away from everything that might be found by its place.
  const child = Bun.spawnSync([...command, workload('mangled')], { cwd: '/', stderr: 'pipe' });
  expect(child.stderr.toString()).toBe('');
  expect(child.exitCode).toBe(0);
  return JSON.parse(child.stdout.toString());
}

function expectWhole({ events, stacks, sizes }: ReturnType<typeof ran>): void {
  expect(events).toEqual(['exec', 'exit']);
  expect(stacks.join('\n')).toMatch(/hive::Bee::work/);
  expect(stacks.join('\n')).toMatch(/hive::bee::Bee>::rest/);
  for (const size of sizes) expect(size).toBeGreaterThan(100);
}

describe('an agent', () => {
  beforeAll(() => {
    // As set-up does, but from the sources as they are now.
    const embedded = Bun.spawnSync([process.execPath, join(root, 'scripts/embed-workers.ts')]);
    expect(embedded.success, embedded.stderr.toString()).toBe(true);
    writeFileSync(join(folder, 'agent.ts'), agent);
  });

  kernelTest('runs as one file', async () => {
    await built('--target=bun', '--outdir=out');
    expectWhole(ran(process.execPath, join(folder, 'out/agent.js')));
  });

  kernelTest('runs minified', async () => {
    await built('--target=bun', '--minify', '--outdir=small');
    expectWhole(ran(process.execPath, join(folder, 'small/agent.js')));
  });

  kernelTest('runs as one program', async () => {
    await built('--compile', '--outfile=agent');
    expectWhole(ran(join(folder, 'agent')));
  });
});
