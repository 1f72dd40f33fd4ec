// A command of one's own, recorded by who may load no BPF: root without any capability, since a clone may lie where
// other users cannot read it.

import { describe, expect } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { perfEventParanoid } from '@waggle/ffi';
import { parseFolded, samples, samplesWith } from './support/folded.ts';
import { optionalKernelTest } from './support/kernel-test.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

const prefix = ['setpriv', '--bounding-set', '-all', '--inh-caps', '-all'];
const level = perfEventParanoid() ?? 3;
const missing = level <= 2 ? undefined : `kernel.perf_event_paranoid is ${level}`;

async function recorded(...args: readonly string[]) {
  const cwd = freshFolder();
  const options = ['-F', '499', '-o', 'out.folded', '-o', 'out.pb.gz'];
  const { code, stderr } = await Waggle.run(['record', ...options, ...args], { prefix, cwd });
  expect(stderr).toContain('no rights for BPF (CAP_BPF, CAP_PERFMON)');
  return { code, stderr, stacks: parseFolded(readFileSync(join(cwd, 'out.folded'), 'utf8')) };
}

describe('record -- COMMAND without any capability', () => {
  optionalKernelTest('follows callers by call frame information', missing, async () => {
    const { code, stderr, stacks } = await recorded('--', workload('call_tree_nofp'), '1500');
    expect(code).toBe(0);
    const inMain = stacks.filter(({ frames }) => frames.includes('main'));
    expect(samples(inMain)).toBeGreaterThan(0.9 * samples(stacks));
    expect(samples(inMain, ({ frames }) => frames[1] === '_start')).toBe(samples(inMain));
    expect(samplesWith(stacks, 'sixty')).toBeGreaterThan(samplesWith(stacks, 'fifteen'));
    expect(stderr).toMatch(/\d+ samples, 0 lost; written to /);
  });

  optionalKernelTest('and by frame pointers', missing, async () => {
    const { stacks } = await recorded('--unwind', 'fp', '--', workload('call_tree'), '1000');
    expect(samplesWith(stacks, 'main')).toBeGreaterThan(0.9 * samples(stacks));
    expect(samplesWith(stacks, 'sixty')).toBeGreaterThan(0);
  });

  optionalKernelTest('follows what it starts, and ends as it ends', missing, async () => {
    const script = '"$0" 700; exec "$1" --id=7';
    const programs = [workload('call_tree_nofp'), workload('exit_with')];
    const { code, stacks } = await recorded('--', 'sh', '-c', script, ...programs);
    expect(code).toBe(7);
    const names = new Set(stacks.map(({ frames }) => frames[0]));
    expect(names).toContain('call_tree_nofp');
    expect(samplesWith(stacks, 'sixty')).toBeGreaterThan(0);
  });

  optionalKernelTest('a command that cannot be started is said, as always', missing, async () => {
    const { code, stderr } = await Waggle.run(['record', '-o', '-', '--', '/no/such'], {
      prefix,
      cwd: freshFolder(),
    });
    expect({ code, stderr }).toMatchObject({ code: 127 });
    expect(stderr).toContain('/no/such: no such command');
  });
});
