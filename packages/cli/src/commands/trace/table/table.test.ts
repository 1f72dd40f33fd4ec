// What lines of the table look like: as text of any length where nobody looks, and on terminals of any width.

import { describe, expect, test } from 'bun:test';
import { execEvent, exitEvent, failedExecEvent, forkEvent, lostEvent } from '@waggle/core/testing';
import { columnsOf } from '@waggle/text/columns';
import { palette } from '../../../terminal/text.ts';
import { mistakeInColumns } from './columns.ts';
import { Table, type TableOptions } from './table.ts';

const plain = palette(false, {});
const make = { pid: 4711, ppid: 12, filename: '/usr/bin/make', argv: ['make', '-j8', 'a b'] };
const exec = execEvent(make);
const exit = exitEvent({
  ...{ ...make, comm: 'make', exitCode: 2, lifetimeNs: 1_234_000_000n },
  ...{ userNs: 600_000_000n, systemNs: 300_000_000n, maxRssBytes: 45_000_000n },
});
const table = (options: Partial<TableOptions> = {}) => new Table({ colour: plain, ...options });
const behindTime = (line: string) => line.slice(13);

describe('where nobody looks', () => {
  test('the columns are those that scripts know, program and arguments last', () => {
    expect(table().header()).toBe('TIME         EVENT      PID    PPID  COMM             DETAILS');
    expect(behindTime(table().line(exec))).toBe(
      "exec      4711      12  make             make -j8 'a b'",
    );
    expect(behindTime(table().line(exit))).toBe(
      "exit      4711      12  make             code 2 after 1.2 s, 900 ms CPU, 45 MB: make -j8 'a b'",
    );
    expect(behindTime(table().line(forkEvent({ ...make, comm: 'make', childPid: 5 })))).toBe(
      'fork      4711      12  make             child 5',
    );
    expect(
      behindTime(table().line(failedExecEvent({ ...make, comm: 'sh', error: 'EACCES' }))),
    ).toBe("failed    4711      12  sh               EACCES /usr/bin/make: make -j8 'a b'");
  });

  test('no colour, and nothing is cut', () => {
    const long = 'x'.repeat(3000);
    const line = table().line(execEvent({ ...make, argv: ['make', long] }));
    expect(line.endsWith(long)).toBe(true);
    expect(line).not.toContain('\u001b');
  });

  test('names of others move no cursor', () => {
    const line = table().line(
      execEvent({ ...make, comm: 'a\u001b[2J', argv: ['\u001b]0;x\u0007'] }),
    );
    expect(line).not.toContain('\u001b');
    expect(line).not.toContain('\u0007');
  });
});

describe('what is said of an exec', () => {
  test('what really runs, where the first argument names something else', () => {
    const shown = (filename: string, argv0: string) =>
      table()
        .line(execEvent({ ...make, filename, argv: [argv0, 'x'] }))
        .slice(54);
    expect(shown('/bin/busybox', 'sh')).toBe('</bin/busybox> sh x');
    expect(shown('/bin/bash', '-bash')).toBe('-bash x');
    expect(shown('./tool', '/opt/tool')).toBe('/opt/tool x');
  });

  test('user, container or unit', () => {
    const shown = (of: object) =>
      table()
        .line(execEvent({ ...make, ...of }))
        .slice(54);
    expect(shown({ uid: 4_000_000 })).toStartWith('(uid 4000000) make');
    expect(shown({ containerId: 'f'.repeat(64) })).toStartWith('[ffffffffffff] make');
    expect(shown({ cgroup: '/system.slice/nginx.service' })).toStartWith('[nginx] make');
    expect(
      shown({
        cgroup: '/user.slice/user-1000.slice/user@1000.service/app.slice/app-x\\x2dy.scope',
      }),
    ).toStartWith('[app-x-y] make');
  });
});

describe('on a terminal', () => {
  test.each([30, 50, 72, 80, 100, 120, 200])('of %d columns each line is one', (width) => {
    const lines = [exec, exit, failedExecEvent(make), forkEvent(make)].map((event) =>
      table({ width: () => width }).line(
        { ...event, argv: ['make', '日本'.repeat(200)] } as never,
        9,
      ),
    );
    for (const line of lines) expect(columnsOf(line)).toBeLessThanOrEqual(width);
    expect(columnsOf(table({ width: () => width }).header())).toBeLessThanOrEqual(width);
  });

  test('durations and sizes line up, and program and arguments with them', () => {
    const wide = table({ width: () => 160 });
    const other = exitEvent({ ...make, comm: 'make', lifetimeNs: 17_000n, maxRssBytes: 900n });
    const [one, two] = [wide.line(exit), wide.line(other)];
    expect(one.indexOf(': make')).toBe(two.indexOf(': make'));
    expect(one).toContain('code 2   after   1.2 s,  900 ms CPU,  45 MB: make');
  });

  test('narrow ones do without what is said twice, and keep what ended', () => {
    const line = table({ width: () => 70 }).line(exit);
    expect(line).toContain('code 2   after   1.2 s: make -j8');
    expect(line).not.toContain('CPU');
  });

  test('the width is that of the moment', () => {
    let width = 80;
    const resized = table({ width: () => width });
    expect(columnsOf(resized.line(execEvent({ ...make, argv: ['x'.repeat(500)] })))).toBe(80);
    width = 120;
    expect(columnsOf(resized.line(execEvent({ ...make, argv: ['x'.repeat(500)] })))).toBe(120);
  });

  test('the colour is that of the outcome', () => {
    const coloured = new Table({ colour: palette(true, {}), width: () => 160 });
    const line = (of: object) => coloured.line(exitEvent({ ...make, comm: 'make', ...of }));
    expect(line({ exitCode: 0 })).toContain('\u001b[32mcode 0');
    expect(line({ exitCode: 1 })).toContain('\u001b[31mcode 1');
    expect(line({ signal: 'SIGSEGV', coreDumped: true })).toContain(
      '\u001b[31mSIGSEGV (core dumped)',
    );
    expect(line({ exitCode: 0 })).toContain("\u001b[2mmake -j8 'a b'");
  });
});

describe('columns and times', () => {
  test('those that were chosen', () => {
    const columns = ['pid', 'user', 'status', 'cpu', 'memory', 'command'] as const;
    const chosen = table({ columns });
    expect(chosen.header()).toBe('    PID  USER       STATUS         CPU  MEMORY  COMMAND');
    expect(chosen.line(exit)).toBe(
      "   4711  root       code 2      900 ms   45 MB  make -j8 'a b'",
    );
    expect(chosen.line(exec)).toBe(
      "   4711  root       -                -       -  make -j8 'a b'",
    );
  });

  test('what is no column is said', () => {
    expect(mistakeInColumns(['pid', 'x'])).toContain('"x" is none of time,');
    expect(mistakeInColumns(['details', 'pid'])).toContain('name one of them, last');
    expect(mistakeInColumns(['pid', 'command'])).toBeUndefined();
  });

  test('relative to the first line, or with its date', () => {
    const relative = table({ time: 'relative' });
    expect(relative.line(exec).slice(0, 12)).toBe('   +0.000000');
    expect(relative.line({ ...exec, time: exec.time + 1_500_000_000n }).slice(0, 12)).toBe(
      '   +1.500000',
    );
    expect(table({ time: 'date' }).line(exec)).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} /);
    expect(table({ time: 'relative' }).line(lostEvent({ exec: 3 }))).toContain('lost 3 events');
  });
});
