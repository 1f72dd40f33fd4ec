import { describe, expect, test } from 'bun:test';
import type { ProcessEvent } from '@waggle/core';
import { execEvent, exitEvent, failedExecEvent, forkEvent } from '@waggle/core/testing';
import { EventFilter } from './filter.ts';

const exit = exitEvent({ comm: 'x', uid: 1000 });
const lost: ProcessEvent = {
  event: 'lost',
  time: 1n,
  count: 5,
  lost: { fork: 0, exec: 5, exit: 0, 'failed-exec': 0 },
};

test('filters hold together, a loss always passes, and both sides are counted', () => {
  const filter = new EventFilter({ comm: /^x$/, uid: 1000, failed: true });
  expect(filter.passes(exit)).toBe(false);
  expect(filter.passes({ ...exit, exitCode: 1 })).toBe(true);
  expect(filter.passes({ ...exit, signal: 'SIGKILL' })).toBe(true);
  expect(filter.passes(failedExecEvent({ comm: 'x', uid: 1000 }))).toBe(true);
  expect(filter.passes({ ...exit, exitCode: 1, uid: 0 })).toBe(false);
  expect(filter.passes({ ...exit, exitCode: 1, comm: 'xy' })).toBe(false);
  expect(filter.passes(lost)).toBe(true);
  expect(filter).toMatchObject({ shown: 3, hidden: 3 });
  expect(new EventFilter({}).passes(exit)).toBe(true);
});

test('a fork is of the user who forks', () => {
  const filter = new EventFilter({ uid: 1000 });
  expect(filter.passes(forkEvent({ uid: 1000 }))).toBe(true);
  expect(filter.passes(forkEvent({ uid: 0 }))).toBe(false);
});

describe('a name longer than the kernel keeps', () => {
  const NAME = 'systemd-networkd-helper';
  const comm = NAME.slice(0, 15);
  const filename = `/usr/lib/${NAME}`;
  const program = { filename, argv: [filename] };
  const whole = new RegExp(`^${NAME}$`);

  test.each([
    ['exec', execEvent({ comm, filename })],
    ['exit', exitEvent({ comm, filename })],
    ['exit of a script', exitEvent({ comm, filename: '/bin/sh', argv: ['sh', '-e', `./${NAME}`] })],
    ['fork', forkEvent({ comm })],
    ['failed exec', failedExecEvent({ comm, filename: '/nowhere' })],
  ])('matches whole: %s', (_, event) => {
    expect(new EventFilter({ comm: whole }, () => program).passes(event)).toBe(true);
  });

  test('still matches as the kernel has it', () => {
    const filter = new EventFilter({ comm: new RegExp(`^${comm}$`) });
    expect(filter.passes(execEvent({ comm, filename }))).toBe(true);
  });

  test('is not looked for where the process is called otherwise', () => {
    const filter = new EventFilter({ comm: whole }, () => program);
    expect(filter.passes(execEvent({ comm: 'renamed', filename }))).toBe(false);
    expect(filter.passes(execEvent({ comm: 'renamed-to-long', filename }))).toBe(false);
  });

  test('may be cut within a character', () => {
    const long = 'aaaaaaaaaaaaaaé-b';
    const event = execEvent({ comm: `${'a'.repeat(14)}\ufffd`, filename: `/bin/${long}` });
    expect(new EventFilter({ comm: /é-b$/ }).passes(event)).toBe(true);
  });
});

describe('what runs and who started it', () => {
  const ls = execEvent({
    ...{ filename: '/usr/bin/ls', argv: ['ls', '-l', 'a b'], ppid: 7, parentComm: 'bash' },
  });
  const passes = (
    options: ConstructorParameters<typeof EventFilter>[0],
    event: ProcessEvent = ls,
  ) => new EventFilter(options).passes(event);

  test('an argument, or all with spaces between', () => {
    expect(passes({ arg: /^-l$/ })).toBe(true);
    expect(passes({ arg: /^ls -l/ })).toBe(true);
    expect(passes({ arg: /nothing/ })).toBe(false);
    expect(passes({ arg: /./ }, exitEvent({ argv: null }))).toBe(false);
  });

  test('the path of the program', () => {
    expect(passes({ path: /^\/usr\/bin\/[^/]*$/ })).toBe(true);
    expect(passes({ path: /^\/bin\// })).toBe(false);
  });

  test('the parent, by name or pid', () => {
    expect(passes({ parent: /^bash$/ })).toBe(true);
    expect(passes({ parent: /^zsh$/ })).toBe(false);
    expect(passes({ parent: 7 })).toBe(true);
    expect(passes({ parent: 8 })).toBe(false);
  });

  test('what is excluded by name, path or argument', () => {
    expect(passes({ exclude: /^ls$/ })).toBe(false);
    expect(passes({ exclude: /usr/ })).toBe(false);
    expect(passes({ exclude: /a b/ })).toBe(false);
    expect(passes({ exclude: /cat/ })).toBe(true);
  });

  test('a fork is of the program that forks', () => {
    const fork = forkEvent({ comm: 'make' });
    const filter = new EventFilter({ arg: /all/ }, () => ({
      filename: null,
      argv: ['make', 'all'],
    }));
    expect(filter.passes(fork)).toBe(true);
    expect(passes({ arg: /all/ }, fork)).toBe(false);
  });

  test('with any of them a filter is not open', () => {
    expect(new EventFilter({}).isOpen).toBe(true);
    for (const options of [
      { arg: /x/ },
      { exclude: /x/ },
      { path: /x/ },
      { parent: 1 },
      { uid: 0 },
    ])
      expect(new EventFilter(options).isOpen).toBe(false);
  });
});
