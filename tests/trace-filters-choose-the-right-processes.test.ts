// What each filter of `waggle trace` lets through, and what not: everything wanted is there, and
// nothing else, while unrelated programs run beside it. Those that follow processes and cgroups:
// trace-follows-processes.test.ts, trace-follows-cgroups.test.ts.

import { describe, expect } from 'bun:test';
import { join } from 'node:path';
import { eventually } from './support/deadline.ts';
import {
  execIds,
  execsOf,
  isExec,
  isExit,
  isFailedExec,
  isFork,
  isLimited,
  summaryOf,
} from './support/events.ts';
import { kernelTest } from './support/kernel-test.ts';
import { isAlive, run, TestProcess } from './support/processes.ts';
import { Waggle } from './support/waggle.ts';
import { copyOfWorkload, freshFolder, workload } from './support/workloads.ts';

describe('trace --events', () => {
  for (const [list, expected] of [
    ['fork', ['fork']],
    ['exec', ['exec']],
    ['exit', ['exit']],
    ['exit,fork', ['exit', 'fork']],
    ['fork,exec,exit', ['exec', 'exit', 'fork']],
  ] as const)
    kernelTest(`${list} gives these and no others`, async () => {
      const command = ['--', workload('storm'), '5', '0', workload('exit_with')];
      const args = ['trace', '--json', '--events', list, ...command];
      const { events } = await Waggle.run(args);
      expect([...new Set(events.map(({ event }) => event))].sort()).toEqual([...expected]);
      const made = { fork: 5, exec: 6, exit: 6 };
      expect(events.length).toBe(expected.reduce((sum, event) => sum + made[event], 0));
    });
});

describe('trace --uid', () => {
  kernelTest('gives the processes of this user only', async () => {
    const asUser = (uid: number, id: number) =>
      run('setpriv', `--reuid=${uid}`, '--clear-groups', workload('exit_with'), `--id=${id}`);
    await using waggle = await Waggle.trace(['--uid', '65533']);
    await Promise.all([asUser(65533, 0), asUser(65532, 251), asUser(0, 502)]);
    const { events } = await waggle.stop();
    expect(execIds(events)).toEqual([0]);
    expect(execsOf(events, workload('exit_with'))[0]?.uid).toBe(65533);
    expect(events.filter(isExit).map(({ uid }) => uid)).toEqual([65533]);
  });

  kernelTest('gives their forks too', async () => {
    const asUser = (uid: number) =>
      run('setpriv', `--reuid=${uid}`, '--clear-groups', 'sh', '-c', '(exit 0); (exit 0); exit 0');
    await using waggle = await Waggle.trace(['--uid', '65533', '--events', 'fork']);
    await Promise.all([asUser(65533), asUser(65532)]);
    const { events, stderr } = await waggle.stop();
    expect(events.filter(isFork).map(({ uid }) => uid)).toEqual([65533, 65533]);
    expect(summaryOf(stderr).events).toBe(2);
  });
});

describe('trace --comm', () => {
  kernelTest('matches the name of the process by a regular expression', async () => {
    const folder = freshFolder();
    const paths = ['tst-alpha', 'tst-beta', 'tst-gamma'].map((name) => join(folder, name));
    for (const path of paths) copyOfWorkload('exit_with', path);
    await using waggle = await Waggle.trace(['--comm', '^tst-(alpha|gamma)$']);
    for (const path of paths) await run(path);
    const { events } = await waggle.stop();
    expect(events.filter(isExec).map(({ comm }) => comm)).toEqual(['tst-alpha', 'tst-gamma']);
    expect(events.filter(isExit).map(({ comm }) => comm)).toEqual(['tst-alpha', 'tst-gamma']);
  });

  kernelTest('also matches the whole of a name that the kernel cuts', async () => {
    const folder = freshFolder();
    const program = copyOfWorkload('exit_with', join(folder, 'a-name-of-more-than-15-bytes'));
    copyOfWorkload('exit_with', join(folder, 'a-name-of-more-than-16-bytes'));
    const args = ['--comm', '^a-name-of-more-than-15-bytes$'];
    await using waggle = await Waggle.trace(args);
    await run(join(folder, 'a-name-of-more-than-16-bytes'));
    await run(program);
    const { events, stderr } = await waggle.stop();
    const kinds = new Set(events.map(({ event }) => event));
    expect(kinds.has('exec') && kinds.has('exit')).toBe(true);
    expect(execsOf(events, program).length).toBe(1);
    expect(events.filter(isExec).length).toBe(1);
    expect(summaryOf(stderr).events).toBe(events.length);
  });
});

describe('trace --failed', () => {
  const script = [
    `${workload('exit_with')} --id=0`,
    `${workload('exit_with')} --id=3`,
    `${workload('die_by')} 15`,
    `${workload('exec_fails')} plain /nonexistent/program || :`,
    'true',
  ].join('; ');

  kernelTest('gives what ended with an error or by a signal or did not start', async () => {
    const args = ['trace', '--json', '--failed', '--', 'sh', '-c', script];
    const { events, stderr } = await Waggle.run(args);
    const exits = events.filter(isExit);
    expect(exits.map(({ exitCode, signal }) => [exitCode, signal])).toEqual([
      [3, null],
      [0, 'SIGTERM'],
      [2, null],
    ]);
    expect(exits[0]?.argv).toEqual([workload('exit_with'), '--id=3']);
    const failed = events.filter(isFailedExec);
    expect(failed).toMatchObject([
      { error: 'ENOENT', filename: '/nonexistent/program', argvTruncated: false },
    ]);
    expect(events.length).toBe(4);
    expect(summaryOf(stderr).events).toBe(4);
    expect(summaryOf(stderr).suppressed).toBeGreaterThan(0);
  });

  kernelTest('shows the arguments of each in the table', async () => {
    const { stdout } = await Waggle.run(['trace', '--failed', '--', 'sh', '-c', script]);
    const rows = stdout.trimEnd().split('\n').slice(1);
    expect(rows.length).toBe(4);
    expect(rows[0]).toEndWith(`: ${workload('exit_with')} --id=3`);
    expect(rows[1]).toEndWith(`: ${workload('die_by')} 15`);
    expect(rows[2]).toEndWith(`ENOENT /nonexistent/program: name '' 'two words'`);
    expect(rows[3]).toEndWith(`: ${workload('exec_fails')} plain /nonexistent/program`);
  });

  kernelTest('of events that cannot fail is a mistake', async () => {
    const { code, stderr } = await Waggle.run(['trace', '--failed', '--events', 'exec,fork']);
    expect(code).toBe(2);
    expect(stderr).toContain('--events');
  });
});

describe('trace --environ', () => {
  kernelTest('without --json is a mistake', async () => {
    const { code, stderr } = await Waggle.run(['trace', '--environ', '--', 'true']);
    expect(code).toBe(2);
    expect(stderr).toContain('--json');
  });
});

describe('trace --rate-limit', () => {
  kernelTest('says how many events it kept back, exits of limited processes too', async () => {
    const command = ['--', workload('storm'), '200', '0', workload('exit_with')];
    const { events, stderr } = await Waggle.run([
      'trace',
      '--json',
      '--rate-limit',
      '20',
      ...command,
    ]);
    const shown = events.filter((event) => isExec(event) || isExit(event)).length;
    const limited = events.filter(isLimited).reduce((sum, { count }) => sum + count, 0);
    expect(limited).toBeGreaterThan(0);
    expect(shown + limited).toBe(2 * 201);
    expect(stderr).toContain(`${shown} events, 0 lost`);
    expect(stderr).toContain(`, ${limited} limited`);
  });
});

describe('trace -- COMMAND', () => {
  kernelTest('gives its descendants only, and ends when it ends', async () => {
    await using beside = new TestProcess([
      workload('storm'),
      '1000000',
      '0',
      workload('exit_with'),
    ]);
    const program = workload('exit_with');
    const script = `${program} --id=7; ${program} --id=8; exit 0`;
    const result = await Waggle.run(['trace', '--json', '--', 'sh', '-c', script]);
    expect(isAlive(beside.pid)).toBe(true);
    expect(result.code).toBe(0);
    expect(execIds(execsOf(result.events, program))).toEqual([7, 8]);
    const execs = result.events.filter(isExec);
    expect(execs.length).toBe(3);
    expect(execs[0]?.argv).toEqual(['sh', '-c', script]);
    expect(execs[0]?.ppid).not.toBe(beside.pid);
    expect(result.events.filter(isExit).length).toBe(3);
  });

  kernelTest('keeps its standard output apart from the trace', async () => {
    const script = 'echo said on stdout; echo said on stderr >&2';
    const result = await Waggle.run(['trace', '--json', '--', 'sh', '-c', script]);
    expect(result.events.length).toBe(2);
    expect(result.stdout).not.toMatch(/^said on/m);
    expect(result.stderr).toContain('said on stdout\n');
    expect(result.stderr).toContain('said on stderr\n');
  });

  kernelTest('hands its own options to the command', async () => {
    const args = ['trace', '--json', '--', workload('exit_with'), '--json', '-p', '--help'];
    const { events, code } = await Waggle.run(args);
    expect(code).toBe(0);
    expect(events.find(isExec)?.argv).toEqual(args.slice(3));
  });
});

describe('trace --duration', () => {
  kernelTest('ends after that time, with everything until then', async () => {
    await using waggle = await Waggle.trace(['--duration', '0.7']);
    const started = performance.now();
    await run(workload('exit_with'), '--id=0');
    const { events, code, stderr } = await waggle.result();
    const took = performance.now() - started;
    expect(code).toBe(0);
    expect(took).toBeGreaterThan(400);
    expect(execsOf(events, workload('exit_with')).length).toBe(1);
    expect(summaryOf(stderr).lost).toBe(0);
  });

  kernelTest('of a command ends before it does, and does not leave it running', async () => {
    const waggle = await Waggle.trace(['--duration', '0.3', '--', 'sleep', '1000']);
    await using _cleanUp = waggle;
    const exec = await waggle.event((event) => isExec(event) && event.filename.endsWith('sleep'));
    expect(isExec(exec)).toBe(true);
    const { code } = await waggle.result();
    // By SIGTERM, and its code is ours.
    expect(code).toBe(143);
    await eventually('sleep to end', () => isExec(exec) && !isAlive(exec.pid));
  });
});
