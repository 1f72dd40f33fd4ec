import { afterEach, beforeEach, expect, jest, test } from 'bun:test';
import { PollSchedule } from './poll-schedule.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

function counted(finds: (look: number) => boolean = () => false) {
  const looks: number[] = [];
  const loop = new PollSchedule(() => finds(looks.push(looks.length) - 1));
  return { loop, looks };
}

test('looks at the beginning, and stops when nothing is found', () => {
  const { loop, looks } = counted();
  jest.advanceTimersByTime(10_000);
  expect(looks).toHaveLength(5);
  loop[Symbol.dispose]();
});

test('goes on as long as something is found', () => {
  const { loop, looks } = counted((look) => look < 30);
  jest.advanceTimersByTime(10_000);
  expect(looks).toHaveLength(35);
  loop[Symbol.dispose]();
});

test('looks again when woken, once for any number of times', () => {
  const { loop, looks } = counted();
  jest.advanceTimersByTime(10_000);
  for (let time = 0; time < 100; time++) loop.wake();
  jest.advanceTimersByTime(20);
  expect(looks).toHaveLength(6);
  jest.advanceTimersByTime(10_000);
  expect(looks).toHaveLength(10);
  loop[Symbol.dispose]();
});

test('never after it was closed', () => {
  const { loop, looks } = counted();
  loop[Symbol.dispose]();
  loop.wake();
  jest.advanceTimersByTime(10_000);
  expect(looks).toHaveLength(0);
});

test('looks within milliseconds when hastened, and then as before', () => {
  const { loop, looks } = counted();
  jest.advanceTimersByTime(10_000);
  loop.wake();
  loop.hasten();
  jest.advanceTimersByTime(15);
  expect(looks).toHaveLength(10);
  jest.advanceTimersByTime(10_000);
  expect(looks).toHaveLength(10);
  loop.hasten();
  loop[Symbol.dispose]();
  jest.advanceTimersByTime(10_000);
  expect(looks).toHaveLength(10);
});
