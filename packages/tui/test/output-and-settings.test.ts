// The view of the command's terminal, what is remembered, keys of one's own, and reports in words.

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { readSettings } from '../src/app/settings.ts';
import { execEvent, exitEvent, NOW, profileOf, someHost } from './some-host.ts';

test('output is a view where there is a command; keys are its own while one types', () => {
  const { top, press, screen } = someHost({ hasOutput: true });
  expect(top.outputPlace(100, 30)).toBe(undefined);
  press('5');
  expect(top.outputPlace(100, 30)).toEqual({ x: 0, y: 2, width: 100, height: 27 });
  expect(top.outputPlace(20, 5)).toBe(undefined);
  expect(top.isTyping).toBe(false);
  press('enter');
  expect(top.isTyping).toBe(true);
  expect(screen().text()).toContain('typing; ctrl+] ends it');
  press('q', '1', '?', '/');
  expect(top.wantsToQuit).toBe(false);
  expect(top.isTyping).toBe(true);
  press('ctrl+]');
  expect(top.isTyping).toBe(false);
  press('?');
  expect(top.outputPlace(100, 30)).toBe(undefined);
  press('escape', 'enter');
  top.commandEnded('code 3');
  expect(top.isTyping).toBe(false);
  expect(screen().text()).toContain('ended with code 3');
  press('enter');
  expect(top.isTyping).toBe(false);
  press('1', 'q');
  expect(top.wantsToQuit).toBe(true);
});

test('without a command there is no such view', () => {
  const { press, screen, top } = someHost();
  press('5');
  expect(screen().text()).not.toContain('Output');
  expect(top.outputPlace(100, 30)).toBe(undefined);
});

test('what was chosen is remembered, and is there the next time', () => {
  const first = someHost();
  first.press('t', '>', 'K', '2', 'c', 'i', '3', '>', 'm');
  const { settings } = first.top;
  expect(settings).toMatchObject({
    views: {
      processes: { sort: 'memory', tree: true, kernelThreads: true },
      flame: { colouring: 'package', upsideDown: true },
      functions: { sort: 'total' },
    },
    mode: { kind: 'all' },
  });
  const next = someHost({ settings: readSettings(JSON.stringify(settings)) });
  expect(next.top.settings).toEqual(settings);
  expect(next.screen().text()).toContain('COMMAND (tree)');
});

test('a key of one\u2019s own stands for another, but not in what is typed', () => {
  const { top, press, screen } = someHost({ settings: { keys: { f5: 't', x: 'q' } } });
  press('f5');
  expect(screen().text()).toContain('COMMAND (tree)');
  press('/', 'x', 'enter');
  expect(screen().text()).toContain('/x');
  press('x');
  expect(top.wantsToQuit).toBe(true);
});

test('a file with anything in it is read as far as it makes sense', () => {
  expect(readSettings('not JSON')).toBe(undefined);
  expect(readSettings('[1]')).toBe(undefined);
  expect(
    readSettings('{"mode":{"kind":"window","ms":-1},"views":{"flame":{"colouring":7}}}'),
  ).toEqual({ views: { flame: {} } });
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const settings = readSettings(JSON.stringify(value));
      const { top, screen } = someHost({ settings });
      expect(screen().text()).toContain('Processes');
      expect(readSettings(JSON.stringify(top.settings))).toEqual(top.settings);
    }),
  );
});

test('a report says in words what is busy and what has failed since the last one', () => {
  const { top, procfs } = someHost({ userName: () => 'ann' });
  procfs.spawn(7, { comm: 'app', ppid: 1 });
  top.data.start(NOW - 10_000);
  top.data.addSamples(profileOf('7 app;main;burn 300', '7 app;main;k:read 100'), NOW);
  top.addEvents(
    [
      execEvent(9, 7, ['/bin/tool', '--token=hidden']),
      exitEvent(9, 7, ['/bin/tool', '--token=hidden'], { exitCode: 3 }),
      exitEvent(10, 7, ['fine']),
    ],
    NOW,
  );
  const [first = '', ...rest] = top.report(NOW);
  expect(first).toMatch(/^\d\d:\d\d:\d\d: CPU \d+ of 200 percent, 1 process, \d+ execs? a second$/);
  expect(rest.join('\n')).toMatch(
    /^\d+\.\d percent: app, process 7.*most in burn \(75 percent of it\)$/m,
  );
  expect(rest).toContain('failed with code 3: /bin/tool (+1 argument), process 9, after 5ms');
  expect(rest.join()).not.toContain('hidden');
  expect(top.report(NOW).join()).not.toContain('failed');
});

test('names of others are harmless in a report, and only the last failures are told one by one', () => {
  const { top } = someHost();
  const evil = 'a\u001b[31m\u202e';
  top.addEvents(
    Array.from({ length: 14 }, (_, index) =>
      exitEvent(100 + index, 1, [evil], { signal: 'SIGKILL' }),
    ),
    NOW,
  );
  const report = top.report(NOW);
  expect(report).toContain('4 failures before these');
  expect(report.filter((line) => line.startsWith('failed with SIGKILL'))).toHaveLength(10);
});

test('what failed alike again and again is told once, and of CPUs nothing before they were sampled', () => {
  const { top } = someHost();
  top.addEvents(
    Array.from({ length: 9 }, () => exitEvent(100, 1, ['cc'], { exitCode: 1 })),
    NOW,
  );
  const report = top.report(NOW);
  expect(report[0]).toContain('CPU not known yet');
  expect(report).toContain('failed with code 1: cc, process 100, after 5ms, 9 times');
});
