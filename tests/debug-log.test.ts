// WAGGLE_LOG=debug: stderr tells what was loaded and evicted, and when, without a secret of anybody.
// Runs beside others.

import { expect, test } from 'bun:test';
import { kernelTest } from './support/kernel-test.ts';
import { Waggle } from './support/waggle.ts';

const ENTRY = /^waggle: \d+\.\d{3} s: (?:loaded|attached|refused|evicted) .+$/;

kernelTest('a trace says what it does, and nothing that a process was told', async () => {
  const env = { WAGGLE_LOG: 'debug', PLANTED: 'hidden-in-the-environment' };
  const script = 'for i in 1 2 3; do sleep 0.3; /bin/echo hidden-argument >/dev/null; done';
  const args = ['trace', '--json', '--environ', '--', 'sh', '-c', script];
  const { code, stdout, stderr } = await Waggle.run(args, { env });
  expect(code).toBe(0);
  expect(stdout).toContain('hidden-argument');
  const entries = stderr.split('\n').filter((line) => ENTRY.test(line));
  expect(entries.join('\n')).toMatch(/: loaded plugin process-metadata, provides /);
  expect(entries.join('\n')).toMatch(/: loaded source lifecycle, programs \d+, ms \d+$/m);
  expect(entries.join('\n')).toMatch(/: attached program handle_exec, hook exec, method tp_btf$/m);
  expect(entries.join('\n')).toMatch(/: evicted process \d+, why exited$/m);
  expect(stderr).not.toContain('hidden-');
});

kernelTest('without it there is no such line', async () => {
  const { stderr } = await Waggle.run(['trace', '--', 'true'], { env: { WAGGLE_LOG: '' } });
  expect(stderr.split('\n').filter((line) => ENTRY.test(line))).toEqual([]);
});

test('a level that there is not is a mistake in usage', async () => {
  const { code, stderr } = await Waggle.run(['trace', '--', 'true'], {
    env: { WAGGLE_LOG: 'loud' },
  });
  expect(code).toBe(2);
  expect(stderr).toBe('waggle: WAGGLE_LOG is "loud"; it can be "debug", or not be set\n');
});
