// `waggle run`: what it says about modules that are no agents, and what it does about plugins that
// misbehave. The agents lie outside the repository and have nothing installed beside them.

import { describe, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kernelTest } from './support/kernel-test.ts';
import { exitCodeOf, run } from './support/processes.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

function agentFile(code: string): string {
  const file = join(freshFolder(), 'agent.ts');
  writeFileSync(file, `import { defineAgent, definePlugin } from '@waggle/core';\n${code}`);
  return file;
}

describe('what is no agent ends with 2 and is explained', () => {
  for (const [what, code, says] of [
    ['no default export', 'export const x = 1;', /no default export/],
    ['a number', 'export default 5;', /a number by default; export default defineAgent/],
    ['no list', 'export default { plugins: 1 };', /"plugins" is a number and not a list/],
    ['no plugin', 'export default { plugins: [() => 1] };', /plugins\[0\] is a function.*call the/],
    ['an error while loading', 'throw new Error("boom");', /could not be loaded: boom/],
    [
      'an error in the function',
      'export default () => { throw new Error("boom"); };',
      /failed: boom/,
    ],
  ] as const)
    test(what, async () => {
      const { code: exitCode, stdout, stderr } = await Waggle.run(['run', agentFile(code)]);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
      expect(stderr).toMatch(says);
    });

  test('a file that is not there', async () => {
    const { code, stderr } = await Waggle.run(['run', '/no/such/agent.ts']);
    expect(code).toBe(2);
    expect(stderr).toContain('/no/such/agent.ts');
  });

  test('arguments that it does not take', async () => {
    const file = agentFile('export default defineAgent({ plugins: [] });');
    const { code, stderr } = await Waggle.run(['run', file, '--colour']);
    expect(code).toBe(2);
    expect(stderr).toContain('--colour');
  });
});

const plugin = (name: string, needs = '') =>
  `definePlugin({ name: '${name}', ${needs} setup: () => ({}) })`;

describe('--check', () => {
  test('says that plugins fit together, and in which order', async () => {
    const file = agentFile(`
      const a = { service: 'a' } as const;
      export default defineAgent({ plugins: [
        ${plugin('second', 'needs: { a },')},
        definePlugin({ name: 'first', provides: a, setup: () => ({ service: {} }) }),
      ] });`);
    const { code, stderr } = await Waggle.run(['run', '--check', file]);
    expect(code).toBe(0);
    expect(stderr).toContain('2 plugins fit together: first, second');
  });

  test('offers each plugin by its own entry of the package, too', async () => {
    const { exports } = await Bun.file(
      join(import.meta.dir, '../packages/core/package.json'),
    ).json();
    const entries = Object.keys(exports).filter((entry) => entry.startsWith('./plugins/'));
    const file = agentFile(`
      ${entries.map((entry, i) => `import * as m${i} from '@waggle/core${entry.slice(1)}';`).join('\n')}
      import { redaction } from '@waggle/core';
      import { processMetadata } from '@waggle/core/plugins/process-metadata';
      const modules = [${entries.map((_, i) => `m${i}`).join(', ')}];
      if (!modules.every((module) => Object.values(module).some((value) => typeof value === 'function')))
        throw new Error('an entry without its factory');
      export default defineAgent({ plugins: [redaction({ patterns: [] }), processMetadata()] });`);
    const { code, stderr } = await Waggle.run(['run', '--check', file]);
    expect(stderr).toContain('2 plugins fit together: process-metadata, redaction');
    expect(code).toBe(0);
    expect(entries.length).toBeGreaterThan(0);
  });

  test('names what does not', async () => {
    const file = agentFile(
      `export default { plugins: [${plugin('lonely', "needs: { x: { service: 'nowhere' } },")}] };`,
    );
    const { code, stderr } = await Waggle.run(['run', '--check', file]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/"lonely" needs the service "nowhere"/);
  });
});

describe('plugins that misbehave', () => {
  const misbehaving = agentFile(`
    let healthy = 0;
    export default defineAgent({ plugins: [
      definePlugin({ name: 'throws', setup: () => ({ observe() { throw new Error('boom'); } }) }),
      definePlugin({ name: 'hangs', handlerTimeoutMs: 1000,
        setup: () => ({ observe: () => new Promise(() => {}) }) }),
      definePlugin({ name: 'slow', setup: () => ({ observe() {
        const end = performance.now() + 0.2;
        while (performance.now() < end);
      } }) }),
      definePlugin({ name: 'healthy', setup: () => ({
        observe: {
          exec(event) { if (event.comm === 'exit_with') healthy++; },
          exit(event) { if (event.comm === 'exit_with') healthy++; },
        },
        end() { console.log('healthy saw', healthy); },
      }) }),
    ] });`);

  kernelTest('harm no other during a storm of 5,000 programs', async () => {
    await using waggle = new Waggle(['run', misbehaving]);
    await waggle.says(/ready/);
    await run(workload('storm'), '5000', '0', workload('exit_with'));
    const { code, stdout, stderr } = await waggle.stop();
    expect(code).toBe(0);
    expect(stdout).toBe('healthy saw 10000\n');
    expect(stderr).toMatch(
      /plugin "throws": 20 events handled, failed 20 times \(boom\), \d+ not delivered, stopped: it failed 20 times/,
    );
    expect(stderr).toMatch(
      /plugin "hangs": 1 events? handled, \d+ not delivered, stopped: a handler did not return within 1 s/,
    );
    expect(stderr).toMatch(/ \d+ events, 0 lost, 0 suppressed\n$/);
  });

  kernelTest('by never returning end the process, by name', async () => {
    const file = agentFile(`
      export default defineAgent({ watchdogMs: 1000, plugins: [
        definePlugin({ name: 'endless', setup: () => ({ observe: { exec() { for (;;); } } }) }),
      ] });`);
    await using waggle = new Waggle(['run', file]);
    await waggle.says(/ready/);
    await exitCodeOf('true');
    const { signal, stderr } = await waggle.result();
    expect(signal).toBe('SIGKILL');
    expect(stderr).toContain('plugin "endless" does not return from a handler');
  });
});

kernelTest('--duration ends it, and arguments reach the agent', async () => {
  const file = agentFile(`
    export default (args) => defineAgent({ plugins: [
      definePlugin({ name: 'echo', setup: () => ({ end() { console.log(args.join('+')); } }) }),
    ] });`);
  const { code, stdout } = await Waggle.run(['run', '--duration', '0.3', file, 'a', '--b']);
  expect(code).toBe(0);
  expect(stdout).toBe('a+--b\n');
});

describe('agents that do not end by themselves', () => {
  for (const [what, code] of [
    ['its module', 'await new Promise(() => {});\nexport default defineAgent({ plugins: [] });'],
    ['its function', 'export default () => new Promise(() => {});'],
  ] as const)
    test(`${what} awaits what never comes: it is said, and ends with 1`, async () => {
      const result = await Waggle.run(['run', agentFile(code)]);
      expect(result).toMatchObject({ code: 1, stdout: '' });
      expect(result.stderr).toMatch(/agent\.ts never finished loading/);
    });

  kernelTest('a timer that nobody cleared ends with the agent', async () => {
    const file = agentFile(
      `setInterval(() => {}, 1000);
       export default defineAgent({ plugins: [definePlugin({ name: 'idle', setup: () => ({}) })] });`,
    );
    const { code, stderr } = await Waggle.run(['run', '--duration', '0.2', file]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/has ended, but something that it opened goes on/);
  });
});
