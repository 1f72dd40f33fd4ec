import { expect, test } from 'bun:test';
import { EventJson } from '@waggle/core/plugins/event-output';
import { execEvent, exitEvent, failedExecEvent, lostEvent } from '@waggle/core/testing';
import { lineTest } from './event-filter.ts';

const json = new EventJson();
const exec = json.line(
  execEvent({ pid: 5, startTime: 50n, argv: ['/bin/ls', '-l'], filename: '/bin/ls' }),
);
const ended = json.line(exitEvent({ pid: 5, startTime: 50n, exitCode: 0, signal: null }));
const failed = json.line(exitEvent({ pid: 6, startTime: 60n, exitCode: 3, signal: null }));
const killed = json.line(exitEvent({ pid: 7, startTime: 70n, exitCode: 0, signal: 'SIGKILL' }));
const missing = json.line(failedExecEvent({ pid: 8, startTime: 80n, filename: '/nowhere' }));
const lost = json.line(lostEvent({ exec: 3 }));
const all = [exec, ended, failed, killed, missing, lost];

const passing = (filter: Parameters<typeof lineTest>[0]) =>
  all.filter(lineTest(filter) ?? (() => true));

test('kinds, failures, texts and processes choose events; losses always pass', () => {
  expect(passing({})).toEqual(all);
  expect(passing({ kinds: new Set(['exec']) })).toEqual([exec, lost]);
  expect(passing({ onlyFailed: true })).toEqual([failed, killed, missing, lost]);
  expect(passing({ text: 'NOWHERE' })).toEqual([missing, lost]);
  expect(passing({ hasProcess: (pid, start) => pid === 5 && start === '50' })).toEqual([
    exec,
    ended,
    lost,
  ]);
  expect(passing({ kinds: new Set(['exit']), onlyFailed: true, text: 'sigk' })).toEqual([
    killed,
    lost,
  ]);
});

test('arguments that look like fields are none', () => {
  const forged = json.line(
    exitEvent({
      pid: 9,
      startTime: 90n,
      exitCode: 1,
      argv: ['"exitCode":0,', '"signal":null', '{"event":"lost"', '"pid":5,"startTime":"50"'],
    }),
  );
  expect(lineTest({ onlyFailed: true })?.(forged)).toBe(true);
  expect(lineTest({ hasProcess: (pid) => pid === 5 })?.(forged)).toBe(false);
  expect(lineTest({ kinds: new Set(['lost']) })?.(forged)).toBe(false);
});

test('a quote is looked for as it stands in the line', () => {
  const quoted = json.line(execEvent({ argv: ['/bin/sh', 'say "hi"\n'] }));
  expect(lineTest({ text: 'say "hi"\n' })?.(quoted)).toBe(true);
  expect(lineTest({ text: '\\"' })?.(exec)).toBe(false);
});

test('a text is looked for in values, and names of fields are none', () => {
  for (const name of ['pid', 'comm', 'startTime', 'event', 'argv', '":"', ',"', 'null'])
    expect([name, passing({ text: name })]).toEqual([name, [lost]]);
  expect(passing({ text: 'SIGKILL' })).toEqual([killed, lost]);
  // Numbers are values, also those that are written as texts.
  expect(passing({ text: '60' })).toContain(failed);
  expect(passing({ text: 'failed-exec' })).toEqual([missing, lost]);
  const named = json.line(execEvent({ argv: ['/bin/pid', '"pid":', 'C:\\new', 'caf\u00e9'] }));
  for (const text of ['pid', '"pid":', 'C:\\new', 'CAF\u00c9', '\\n'])
    expect([text, lineTest({ text })?.(named)]).toEqual([text, true]);
  // The letter of an escape is no letter of the text.
  const broken = json.line(execEvent({ argv: ['/bin/a', 'x\ny'] }));
  expect(lineTest({ text: 'x\\ny' })?.(broken)).toBe(false);
  expect(lineTest({ text: 'x\ny' })?.(broken)).toBe(true);
});
