import { expect, test } from 'bun:test';
import { stackImage } from '@waggle/bpf';
import type { StackCount } from '../sampling/stack-count.ts';
import { WantedImages } from './wanted-images.ts';

const stackOf = (pid: number, execId: number, comm: string, count = 1) =>
  ({ pid, startTime: 7n, execId, comm, count }) as StackCount;

test('each image is asked about once, and the kernel is told of those that are not wanted', () => {
  const told: (readonly [pid: number, execId: number])[] = [];
  const asked: string[] = [];
  const wanted = new WantedImages(
    ({ comm }) => {
      asked.push(comm);
      return comm === 'wanted';
    },
    {
      set(key) {
        const view = new DataView(key.buffer);
        const { tgid, exec_id } = stackImage.offset;
        told.push([view.getUint32(tgid, true), Number(view.getBigUint64(exec_id, true))]);
      },
    },
  );
  expect(wanted.keeps(stackOf(1, 1, 'sh', 2))).toBe(false);
  expect(wanted.keeps(stackOf(1, 1, 'sh', 3))).toBe(false);
  // The same process runs another program, then another process has its pid.
  expect(wanted.keeps(stackOf(1, 2, 'wanted'))).toBe(true);
  expect(wanted.keeps({ ...stackOf(1, 2, 'other'), startTime: 8n })).toBe(false);
  expect(asked).toEqual(['sh', 'wanted', 'other']);
  expect(told).toEqual([
    [1, 1],
    [1, 2],
  ]);
  expect(wanted.leftOut).toBe(6);
});

test('who is not known yet is left out and asked about again, not for ever', () => {
  const answers = [undefined, undefined, true];
  let asked = 0;
  let told = 0;
  const wanted = new WantedImages(() => answers[asked++], { set: () => void told++ });
  expect([1, 2, 3, 4].map(() => wanted.keeps(stackOf(1, 1, 'late')))).toEqual([
    ...[false, false, true, true],
  ]);
  expect([asked, told, wanted.leftOut]).toEqual([3, 0, 2]);
  for (let stack = 0; stack < 100; stack++) wanted.keeps(stackOf(2, 1, 'never'));
  expect(asked).toBeLessThan(40);
  expect(told).toBe(1);
});
