// What ./waggle runs, on machines that lack something.

import { beforeEach, describe, expect, test } from 'bun:test';
import { chmodSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  calls,
  machine,
  onBareMachines,
  prepare,
  run,
  setup,
  touch,
  tree,
} from './testing/bare-machine.ts';

onBareMachines();

describe('what ./waggle runs', () => {
  const sources = 'packages/cli/src/main.ts';
  const bundled = 'packages/cli/bundle/made/main.js';
  const ofDoctor = 'packages/cli/src/doctor.ts';
  const ofTrace = 'packages/cli/src/trace.ts';
  const waggle = (environment = {}) => {
    rmSync(join(machine, 'calls'), { force: true });
    const result = run(join(tree, 'waggle'), ['doctor'], machine, environment);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    const ran = result.stdout
      .trimEnd()
      .split('\n')
      .at(-2)
      ?.slice(tree.length + 1);
    return { ran, bundles: calls().filter((call) => call.includes('bundle.ts')).length };
  };

  beforeEach(() => {
    prepare();
    for (const path of [sources, ofDoctor, ofTrace]) touch(path, -60);
    setup();
  });

  test('is the bundle that set-up made', () => {
    expect(waggle()).toEqual({ ran: bundled, bundles: 0 });
  });

  test('is a new bundle after a source changed', () => {
    touch('packages/cli/bundle/made/stamp', -120);
    expect(waggle()).toEqual({ ran: bundled, bundles: 1 });
    expect(waggle()).toEqual({ ran: bundled, bundles: 0 });
  });

  test('is a new bundle after a source of the command changed, not of another one', () => {
    touch(ofTrace, 60);
    expect(waggle()).toEqual({ ran: bundled, bundles: 0 });
    touch(ofDoctor, 60);
    expect(waggle().bundles).toBe(1);
  });

  test('is a new bundle when a source is as old as the last one', () => {
    const { mtime } = statSync(join(tree, 'packages/cli/bundle/made/stamp'));
    utimesSync(join(tree, sources), mtime, mtime);
    utimesSync(join(tree, 'packages/cli/bundle/made/stamp'), mtime, mtime);
    expect(waggle().bundles).toBe(1);
  });

  test('is the sources where bundling fails, until it succeeds', () => {
    touch('packages/cli/bundle/made/stamp', -120);
    expect(waggle({ NO_BUNDLE: '1' })).toEqual({ ran: sources, bundles: 1 });
    expect(waggle()).toEqual({ ran: bundled, bundles: 1 });
  });

  test('with WAGGLE_NO_SETUP=1 is the bundle while it is current, then the sources', () => {
    expect(waggle({ WAGGLE_NO_SETUP: '1' })).toEqual({ ran: bundled, bundles: 0 });
    touch('packages/cli/bundle/made/stamp', -120);
    expect(waggle({ WAGGLE_NO_SETUP: '1' })).toEqual({ ran: sources, bundles: 0 });
  });

  test.if(process.getuid?.() !== 0 || Bun.which('setpriv') !== null)(
    'is the sources in a clone that is not writable, without an attempt',
    () => {
      touch('packages/cli/bundle/made/stamp', -120);
      chmodSync(machine, 0o755);
      chmodSync(join(tree, 'packages/cli/bundle'), 0o555);
      writeFileSync(join(machine, 'calls'), '');
      chmodSync(join(machine, 'calls'), 0o666);
      const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
      const [program = '', ...args] = [
        ...(process.getuid?.() === 0 ? nobody : []),
        join(tree, 'waggle'),
        'doctor',
      ];
      const result = run(Bun.which(program) ?? program, args);
      expect(result).toMatchObject({ exitCode: 0, stderr: '' });
      expect(result.stdout).toContain(`${tree}/${sources}\ndoctor\n`);
      expect(calls().filter((call) => call.includes('bundle.ts'))).toEqual([]);
    },
  );
});
