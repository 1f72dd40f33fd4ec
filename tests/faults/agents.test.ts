// Agents of `waggle run` that misbehave: whatever a hook of a plugin does, the agent ends when it is told to, or by
// its watchdog, with a reason; the kernel has nothing of it, and its other plugins had their events until then.

import { describe, expect } from 'bun:test';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupMount, newCgroup } from '../support/cgroups.ts';
import { eventually } from '../support/deadline.ts';
import { faultRow, IS_LONG } from '../support/fault-row.ts';
import { TestProcess } from '../support/processes.ts';
import { Waggle, type WaggleResult } from '../support/waggle.ts';
import { freshFolder, workload } from '../support/workloads.ts';

const area = 'agents';
const memory = cgroupMount('memory') ?? cgroupMount('v2');
/** Of the agent: half of it is there at its start. */
const MEMORY = 600 * 1024 * 1024;
/** Its own patience is a second; six times that where no handler is at work. */
const AGENT = 'watchdogMs: 1000,';
const PLUGIN = 'handlerTimeoutMs: 500, failureBudget: 3,';
/** From the end that it is told, or from its start where it is to end by itself. */
const MAX_SECONDS = 40;

/** Where the body of a plugin's author is called. */
const HOOKS: Readonly<Record<string, (body: string) => string>> = {
  setup: (body) => `setup() { ${body} return {}; }`,
  start: (body) => `setup: () => ({ start() { ${body} } })`,
  flush: (body) => `setup: () => ({ flush() { ${body} } })`,
  invalidate: (body) => `setup: () => ({ invalidate() { ${body} } })`,
  load: (body) => `setup: () => ({ load() { ${body} } })`,
  observe: (body) => `setup: () => ({ observe() { ${body} } })`,
  observeBatch: (body) => `setup: () => ({ observeBatch() { ${body} } })`,
  cycle: (body) => `setup: () => ({ cycle() { ${body} } })`,
  stop: (body) => `setup: () => ({ stop() { ${body} } })`,
  end: (body) => `setup: () => ({ end() { ${body} } })`,
  onClose: (body) => `setup({ onClose }) { onClose(() => { ${body} }); return {}; }`,
  timer: (body) => `setup() { setTimeout(() => { ${body} }, 200); return {}; }`,
};
const NAMES = Object.keys(HOOKS);

/** What the body does, and how the agent may end by it beside the end that it is told. */
const WAYS = [
  { way: 'throw', body: `throw new Error('boom');` },
  { way: 'reject', body: `return Promise.reject(new Error('boom'));` },
  { way: 'throw what is no error', body: 'throw null;' },
  { way: 'never resolve', body: 'return new Promise(() => {});' },
  { way: 'never return', body: 'for (;;);' },
  { way: 'never return behind an await', body: 'return (async () => { await 0; for (;;); })();' },
  { way: 'print without end', body: `for (;;) console.log('x'.repeat(1000));` },
  {
    way: 'print on and on',
    body: `setInterval(() => { for (let i = 0; i < 1000; i++) console.log('x'.repeat(100)); }, 0);`,
  },
  {
    way: 'throw a message of ten megabytes with escapes',
    body: `throw new Error('\\u001b[2J'.repeat(2.5e6));`,
  },
  { way: 'end the process', body: 'process.exit(7);' },
] as const;

/** Ended by itself, or by the signals that a person would send. */
async function ended(waggle: Waggle): Promise<WaggleResult> {
  const result = waggle.result();
  const isOver = await Promise.race([result.then(() => true), Bun.sleep(5000)]);
  if (isOver !== true) waggle.kill('SIGTERM');
  await Promise.race([result, Bun.sleep(8000)]);
  if (isOver !== true) waggle.kill('SIGTERM');
  return result;
}

function agentOf(hook: string, body: string): { readonly file: string; readonly mark: string } {
  const folder = freshFolder();
  const [file, mark] = [join(folder, 'agent.ts'), join(folder, 'mark')];
  writeFileSync(
    file,
    `import { appendFileSync } from 'node:fs';
import { defineAgent, definePlugin } from '@waggle/core';
export default defineAgent({ ${AGENT} plugins: [
  definePlugin({ name: 'healthy', setup: () => ({ observe: { exit() { appendFileSync('${mark}', '.'); } } }) }),
  definePlugin({ name: 'hostile', ${PLUGIN} ${HOOKS[hook]?.(body)} }),
] });
`,
  );
  return { file, mark };
}

/** Of events that the healthy plugin gets in any case. */
const GIVES_EVENTS = ['observe', 'observeBatch', 'stop', 'end', 'onClose'];
const HOLDS_ALL = /never return|without end|end the process/;

describe('hooks of an agent', () => {
  for (const { way, body } of WAYS)
    faultRow(
      {
        area,
        what: `they ${way}: each of ${NAMES.length} hooks by itself`,
        holds:
          'it ends in time, when it is told or with a reason; what is said is short and plain; the other plugin has its events',
        times: [1, NAMES.length],
        waits: true,
      },
      async (round) => {
        const index = IS_LONG ? round : Math.floor(Math.random() * NAMES.length);
        const hook = NAMES[index] ?? 'observe';
        const { file, mark } = agentOf(hook, body);
        await using _events = new TestProcess([
          ...['sh', '-c', 'while :; do "$0"; sleep 0.05; done', workload('exit_with')],
        ]);
        const startedAt = performance.now();
        await using waggle = new Waggle(['run', '--duration', '1.5', file], {
          stdout: Bun.file('/dev/null'),
        });
        const { code, signal, stderr } = await ended(waggle);
        const seconds = (performance.now() - startedAt) / 1000;
        const about = { hook, way, code, signal, stderr: stderr.slice(0, 4000) };
        expect({
          ...about,
          isLate: seconds > MAX_SECONDS,
          isInternal: stderr.includes('internal error'),
          hasEscapes: stderr.includes('\u001b'),
          // A message is cut at 8 KB, and said four times: as the first failures, the stop, and the end.
          isLong: stderr.length > 64 * 1024,
        }).toEqual({
          ...about,
          isLate: false,
          isInternal: false,
          hasEscapes: false,
          isLong: false,
        });
        // By the watchdog it says who it was.
        if (signal === 'SIGKILL') expect(stderr).toMatch(/does not return/);
        if (GIVES_EVENTS.includes(hook) && !HOLDS_ALL.test(way))
          expect({ ...about, seen: existsSync(mark) }).toEqual({ ...about, seen: true });
      },
    );

  faultRow(
    {
      area,
      what: `one takes memory without end, in a cgroup of ${MEMORY / 1024 / 1024} MB`,
      holds: 'the kernel or the runtime ends it, and nothing of it is left in the kernel',
      times: [1, 3],
    },
    async () => {
      const { file } = agentOf(
        'observe',
        'const all = []; for (;;) all.push(new Array(1e5).fill(0));',
      );
      await using group = newCgroup(memory ?? '', 'waggle-faults-agent');
      for (const name of ['memory.max', 'memory.limit_in_bytes'])
        if (existsSync(join(group.path, name)))
          writeFileSync(join(group.path, name), String(MEMORY));
      const prefix = ['sh', '-c', `echo $$ >${group.path}/cgroup.procs; exec "$@"`, 'sh'];
      // Its watchdog would come first.
      writeFileSync(file, readFileSync(file, 'utf8').replace(AGENT, 'watchdogMs: 60000,'));
      await using waggle = new Waggle(['run', file], { prefix });
      await waggle.says(/ready/);
      await eventually('its end', () => {
        Bun.spawnSync(['true']);
        return waggle.hasEnded;
      });
      const { code, signal } = await waggle.result();
      expect({ code, signal, ended: code !== 0 }).toMatchObject({ ended: true });
    },
  );
});

describe('the module of an agent', () => {
  for (const [what, code] of [
    ['throws what is no error', 'throw undefined;'],
    ['never returns', 'for (;;);'],
    ['awaits for ever beside a timer', 'setInterval(() => {}, 1000); await new Promise(() => {});'],
    ['prints without end', `for (;;) console.log('x'.repeat(1000));`],
    ['is half a file', 'export default defineAgent({ plug'],
    ['imports itself', `import * as me from './agent.ts'; export default me;`],
    [
      'exports a list that grows as it is read',
      'export default { plugins: { *[Symbol.iterator]() { for (;;) yield 1; } } };',
    ],
    [
      'exports a thing that throws when it is looked at',
      `export default new Proxy({}, { get() { throw new Error('boom'); }, has() { throw 1; } });`,
    ],
  ] as const)
    faultRow(
      {
        area,
        what: `it ${what}`,
        holds: 'it ends by itself with a reason, or by SIGTERM, and nothing is left',
        times: [1, 3],
        waits: true,
      },
      async () => {
        const file = join(freshFolder(), 'agent.ts');
        writeFileSync(file, `import { defineAgent } from '@waggle/core';\n${code}\n`);
        await using waggle = new Waggle(['run', file], { stdout: Bun.file('/dev/null') });
        const { code: exitCode, signal, stderr } = await ended(waggle);
        expect(stderr).not.toContain('internal error');
        expect({ signal, stderr, exitCode: exitCode === 0 ? 0 : 1 }).toMatchObject({ exitCode: 1 });
      },
    );
});
