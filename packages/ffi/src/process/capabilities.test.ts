import { expect, test } from 'bun:test';
import { explainMissing, missingCapabilities } from './capabilities.ts';

const BPF_AND_PERFMON = (1n << 39n) | (1n << 38n);

test.each([
  ['both', BPF_AND_PERFMON, true, []],
  ['CAP_SYS_ADMIN serves for both', 1n << 21n, true, []],
  ['one of them', 1n << 39n, true, ['CAP_PERFMON']],
  ['none', 0n, true, ['CAP_BPF', 'CAP_PERFMON']],
  ['all of a user namespace, which are none', ~0n, false, ['CAP_BPF', 'CAP_PERFMON']],
] as const)('%s', (_, effective, inInitialNamespace, missing) => {
  expect(missingCapabilities({ effective, inInitialNamespace })).toEqual([...missing]);
});

test('who is in a user namespace is not told to add capabilities', () => {
  const inside = explainMissing(['CAP_BPF'], { effective: ~0n, inInitialNamespace: false });
  expect(inside).toContain('user namespace');
  expect(inside).not.toContain('--cap-add');
  const outside = explainMissing(['CAP_BPF'], { effective: 0n, inInitialNamespace: true });
  expect(outside).toContain('--cap-add');
  for (const text of [inside, outside]) expect(text).not.toContain('\n');
});
