import { expect, test } from 'bun:test';
import { execEvent, exitEvent, failedExecEvent, lostEvent } from '@waggle/core/testing';
import { palette } from '../../../terminal/text.ts';
import { summaryJson } from './json.ts';
import { LIST_LENGTH, OTHERS, RunSummary } from './run-summary.ts';
import { summaryText } from './text.ts';

const SECOND = 1_000_000_000n;
const cc = (given: object = {}) =>
  exitEvent({ filename: '/usr/bin/cc', argv: ['cc', '-c', 'x.c'], ...given });

test('programs by runs, failures, lifetimes, CPU and memory', () => {
  const summary = new RunSummary();
  summary.add(cc({ lifetimeNs: 2n * SECOND, userNs: SECOND, systemNs: 1n, maxRssBytes: 10n }));
  summary.add(cc({ lifetimeNs: SECOND, exitCode: 1, maxRssBytes: 30n }));
  summary.add(exitEvent({ comm: 'unknown', signal: 'SIGKILL' }));
  expect(summary.programs.get('cc')).toEqual({
    ...{ program: 'cc', runs: 2, failed: 1, totalNs: 3n * SECOND, longestNs: 2n * SECOND },
    ...{ userNs: SECOND, systemNs: 1n, maxRssBytes: 30n },
  });
  expect(summary.programs.get('unknown')?.failed).toBe(1);
  expect(summary).toMatchObject({ ended: 3, failed: 2, userNs: SECOND });
});

test('who starts how many, and the most in a second', () => {
  const summary = new RunSummary();
  for (let index = 0; index < 250; index++)
    summary.add(execEvent({ parentComm: 'agent', time: BigInt(index) * (SECOND / 100n) }));
  summary.add(execEvent({ parentComm: 'cron', time: 9n * SECOND }));
  // A little late, from another CPU.
  summary.add(execEvent({ parentComm: 'cron', time: 2n * SECOND }));
  expect(summary.starters.get('agent')).toMatchObject({ started: 250, peak: { count: 100 } });
  expect(summary.peak.count).toBe(100);
  expect(summary.execs).toBe(252);
});

test('the slowest and the latest failed, with what they were called with', () => {
  const summary = new RunSummary();
  for (let index = 0; index < 100; index++)
    summary.add(
      cc({ pid: 1000 + index, lifetimeNs: BigInt((index * 37) % 100), exitCode: index % 2 }),
    );
  summary.add(failedExecEvent({ filename: '/nowhere', argv: ['nowhere', 'x'] }));
  expect(summary.slowest.items.map(({ lifetimeNs }) => Number(lifetimeNs))).toEqual(
    Array.from({ length: LIST_LENGTH }, (_, index) => 99 - index),
  );
  expect(summary.failures.length).toBe(LIST_LENGTH);
  expect(summary.failures.at(-1)).toMatchObject({ event: 'failed-exec', argv: ['nowhere', 'x'] });
});

test('takes no more for a host that runs for long', () => {
  const summary = new RunSummary();
  for (let index = 0; index < 10_000; index++) {
    summary.add(cc({ filename: `/bin/p${index}`, argv: ['p', 'x'.repeat(5000)] }));
    summary.add(execEvent({ parentComm: `p${index}`, time: BigInt(index) * SECOND }));
  }
  expect(summary.programs.size).toBeLessThanOrEqual(2001);
  expect(summary.programs.get(OTHERS)?.runs).toBe(8000);
  expect(summary.starters.size).toBeLessThanOrEqual(2001);
  const [slowest] = summary.slowest.items;
  expect(slowest?.argv?.join(' ').length).toBeLessThan(1100);
  expect(slowest?.argvTruncated).toBe(true);
});

test('as text: every section, the most expensive first, cut to the terminal', () => {
  const summary = new RunSummary();
  summary.add(execEvent({ parentComm: 'make' }));
  summary.add(cc({ lifetimeNs: 2n * SECOND }));
  summary.add(
    exitEvent({
      filename: '/bin/ld',
      argv: ['ld', '-o', 'x'],
      lifetimeNs: 9n * SECOND,
      exitCode: 1,
    }),
  );
  summary.add(lostEvent({ exit: 2 }));
  const text = summaryText(summary, { colour: palette(false, {}) });
  expect(text).toContain('1 programs started');
  expect(text).toContain('2 events lost');
  expect(text.indexOf('  ld\n')).toBeLessThan(text.indexOf('  cc\n'));
  expect(text).toMatch(/code 1 +ld -o x/);
  for (const line of summaryText(summary, { colour: palette(false, {}), width: 40 }).split('\n'))
    expect(line.length).toBeLessThanOrEqual(40);
});

test('as JSON: one object, whose 64-bit numbers are strings', () => {
  const summary = new RunSummary();
  summary.add(execEvent({ parentComm: 'make' }));
  summary.add(cc({ lifetimeNs: 2n ** 60n, exitCode: 3, userNs: 7n }));
  const line = summaryJson(summary);
  expect(line.indexOf('\n')).toBe(line.length - 1);
  expect(JSON.parse(line)).toMatchObject({
    ...{ event: 'summary', execs: 1, ended: 1, failed: 1, lost: 0, userNs: '7', peakPerSecond: 1 },
    programs: [{ program: 'cc', runs: 1, failed: 1, totalNs: '1152921504606846976' }],
    starters: [{ program: 'make', started: 1, peakPerSecond: 1 }],
    slowest: [{ event: 'exit', argv: ['cc', '-c', 'x.c'], exitCode: 3 }],
    failures: [{ event: 'exit', exitCode: 3 }],
  });
});

test('of nothing at all', () => {
  expect(summaryText(new RunSummary(), { colour: palette(false, {}) })).toContain('0 programs');
  expect(JSON.parse(summaryJson(new RunSummary()))).toMatchObject({ from: null, peakTime: null });
});
