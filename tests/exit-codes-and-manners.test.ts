// How the command behaves: exit codes, clear words on stderr, nothing for people on stdout, and no
// complaint when the reader goes away.
// Runs beside others.

import { describe, expect, test } from 'bun:test';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, within } from './support/deadline.ts';
import { isExec, isExit, summaryOf } from './support/events.ts';
import { kernelTest, whyNotRoot } from './support/kernel-test.ts';
import { exitCodeOf, run, TestProcess } from './support/processes.ts';
import { WAGGLE, Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

/** Above kernel.pid_max of any machine that is not made for it: 2^22 is the kernel's own limit. */
const NO_SUCH_PID = '4194304';
const STACK_TRACE = /^\s+at .+:\d+|\w+Error:|internal error/m;

const commands = [[], ['trace'], ['record'], ['doctor']] as const;

describe('waggle --help', () => {
  for (const command of commands)
    test(`of ${['waggle', ...command].join(' ')} ends with 0 and shows examples`, async () => {
      const { code, stdout, stderr } = await Waggle.run([...command, '--help']);
      expect(code).toBe(0);
      expect(stderr).toBe('');
      expect(stdout).toMatch(/^Usage: waggle/m);
      expect(stdout).toMatch(/^Examples?:$/m);
      expect(stdout).toContain(`  ${['waggle', ...command].join(' ')}`);
    });

  test('names every command', async () => {
    const { stdout } = await Waggle.run(['--help']);
    for (const [name] of commands) if (name !== undefined) expect(stdout).toContain(`\n  ${name}`);
  });

  test('answers --version with its own on the first line, and then what it runs on', async () => {
    const { code, stdout } = await Waggle.run(['--version']);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^\d+\.\d+\.\d+\nkernel \d.*\nBun \d+\.\d+\.\d+\nlibbpf 1\.\d+\nBPF objects [0-9a-f]{12}\n$/,
    );
  });
});

describe('a mistake in the command line', () => {
  const mistakes: readonly [readonly string[], RegExp][] = [
    [['--bogus'], /--bogus/],
    [['bogus'], /bogus/],
    [['trace', '--bogus'], /--bogus/],
    [['record', '--bogus'], /--bogus/],
    [['doctor', '--bogus'], /--bogus/],
    [['trace', '-p', 'abc'], /abc/],
    [['trace', '-p', '0'], /0/],
    [['trace', '-p', '-5'], /-5/],
    [['trace', '-p', '4194305'], /4194305/],
    [['trace', '-p', '1', '--', 'true'], /not both/],
    [['trace', '--uid', 'root'], /id -u/],
    [['trace', '--comm', '('], /regular expression/i],
    [['trace', '--events', 'exec,spawn'], /spawn/],
    [['trace', '--events', ''], /event/],
    [['trace', '--duration', '0'], /seconds/],
    [['trace', '--duration', 'soon'], /seconds/],
    [['trace', '--ring-size', '5000'], /power of two/],
    [['trace', '--ring-size', '2048'], /power of two/],
    [['record'], /what to record/],
    [['record', '-F', '0', '-a'], /samples a second/],
    [['record', '-F', '99.5', '-a'], /samples a second/],
    [['record', '-d', '-1', '-a'], /seconds/],
    [['record', '-a', '--', 'true'], /only one/],
    [['record', '-a', '-p', '1'], /only one/],
    [['record', '-o', 'profile.xyz', '--', 'true'], /xyz.*\.folded/],
    [['record', '-o', 'profile', '--', 'true'], /\.folded/],
  ];
  for (const [args, says] of mistakes)
    test(`ends with 2 and says what is wrong: waggle ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await Waggle.run(args, { cwd: freshFolder() });
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(says);
      expect(stderr).not.toMatch(STACK_TRACE);
    });

  for (const args of [
    ['trace', '--comm', 'a\nb\u001b[31m['],
    ['trace', '--x\n\u001b[2J'],
    ['tra\ncx\u001b[31m'],
    ['trace', '--uid', '1\u009b31m'],
  ])
    test(`is repeated so that no terminal acts upon it: ${JSON.stringify(args)}`, async () => {
      const { code, stderr } = await Waggle.run(args, { cwd: freshFolder() });
      expect(code).toBe(2);
      const [line = ''] = stderr.split('\n');
      expect(line).toContain('\\u00');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for
      expect(stderr.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    });

  test('in WAGGLE_RING_SIZE is one too', async () => {
    const { code, stderr } = await Waggle.run(['trace'], { env: { WAGGLE_RING_SIZE: 'big' } });
    expect(code).toBe(2);
    expect(stderr).toContain('WAGGLE_RING_SIZE');
  });
});

describe('a pid that is not there', () => {
  for (const command of ['trace', 'record'])
    kernelTest(`makes ${command} end with 1 and name it`, async () => {
      const options = { cwd: freshFolder() };
      const { code, stdout, stderr } = await Waggle.run([command, '-p', NO_SUCH_PID], options);
      expect(code).toBe(1);
      expect(stdout).not.toContain('{');
      expect(stderr).toContain(NO_SUCH_PID);
      expect(stderr).not.toMatch(STACK_TRACE);
    });

  kernelTest('is also that of a thread: its process is named', async () => {
    await using threads = new TestProcess([workload('thread_ends'), 'wait']);
    await eventually('the threads to run', () => threads.stdout.includes('ready'));
    const tids = await Array.fromAsync(
      new Bun.Glob('*').scan({ cwd: `/proc/${threads.pid}/task`, onlyFiles: false }),
    );
    const worker = tids.find((tid) => tid !== String(threads.pid)) ?? '';
    const { code, stderr } = await Waggle.run(['trace', '-p', worker]);
    expect(code).toBe(1);
    expect(stderr).toContain(worker);
    expect(stderr).toContain(String(threads.pid));
  });
});

describe('without privileges', () => {
  // Root without any capability owns the files, wherever the clone lies, but may not use BPF.
  const noCapabilities = ['setpriv', '--bounding-set', '-all', '--inh-caps', '-all'];
  const asNobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
  const nobodyReads = () =>
    Bun.spawnSync([...asNobody, ...WAGGLE, '--version'], { cwd: '/' }).success;
  const options = (prefix: readonly string[]) => ({ prefix, cwd: freshFolder() });

  for (const command of [
    ['trace'],
    ['record', '-a', '-o', '-'],
    // A command alone can be recorded by everybody: record-without-rights.test.ts.
    ['record', '-o', '-', '-e', 'page-faults', '--', 'true'],
  ])
    kernelTest(`${command.join(' ')} ends with 1 and names the capabilities`, async () => {
      const { code, stdout, stderr } = await Waggle.run(command, options(noCapabilities));
      expect(code).toBe(1);
      expect(stdout).toBe('');
      expect(stderr).toContain('CAP_BPF');
      expect(stderr).toContain('CAP_PERFMON');
      expect(stderr).not.toMatch(STACK_TRACE);
    });

  kernelTest('another user gets the same words', async () => {
    // A clone below a home that is closed to others cannot be run by them at all.
    const { code, stderr } = await Waggle.run(['trace'], {
      prefix: nobodyReads() ? asNobody : noCapabilities,
      cwd: '/',
    });
    expect(code).toBe(1);
    expect(stderr).toContain('CAP_BPF');
    expect(stderr).not.toMatch(STACK_TRACE);
  });

  kernelTest('CAP_BPF and CAP_PERFMON are enough to trace', async () => {
    const few = ['setpriv', '--bounding-set', '-all,+bpf,+perfmon', '--inh-caps', '-all'];
    await using waggle = await Waggle.trace([], options(few));
    await exitCodeOf(workload('exit_with'), '--id=3');
    const { code, events } = await waggle.stop();
    expect(code).toBe(0);
    expect(events.some((event) => isExec(event) && event.argv[1] === '--id=3')).toBe(true);
  });

  kernelTest('doctor says what is missing and ends with 1', async () => {
    const { code, stdout, stderr } = await Waggle.run(['doctor'], options(noCapabilities));
    expect(code).toBe(1);
    expect(stdout).toMatch(/missing\s+CAP_BPF/);
    expect(stderr).not.toMatch(STACK_TRACE);
  });
});

describe('doctor', () => {
  kernelTest('finds everything that this kernel needs', async () => {
    const { code, stdout } = await Waggle.run(['doctor']);
    expect(code).toBe(0);
    for (const name of ['exec events', 'exit events', 'ring buffer', 'CPU sampling'])
      expect(stdout).toMatch(new RegExp(`^works\\s+${name}\\s`, 'm'));
  });

  kernelTest('says the same as JSON', async () => {
    const { code, stdout } = await Waggle.run(['doctor', '--json']);
    const reports = JSON.parse(stdout) as { name: string; state: string; required: boolean }[];
    expect(code).toBe(0);
    expect(reports.filter(({ required, state }) => required && state !== 'works')).toEqual([]);
    const names = reports.map(({ name }) => name);
    expect(names).toContain('CAP_BPF');
    for (const kind of ['uprobes and USDT', 'kprobes', 'hardware counters', 'time off the CPU'])
      expect(names).toContain(kind);
  });
});

describe('a signal', () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    kernelTest(`${signal} ends trace with everything until then, a summary and 0`, async () => {
      await using waggle = await Waggle.trace();
      await exitCodeOf(workload('exit_with'), '--id=5');
      const { code, signal: killedBy, events, stderr } = await waggle.stop(signal);
      expect({ code, killedBy }).toEqual({ code: 0, killedBy: null });
      expect(events.some((event) => isExec(event) && event.argv[1] === '--id=5')).toBe(true);
      expect(events.some((event) => isExit(event) && event.exitCode === 5)).toBe(true);
      expect(summaryOf(stderr).events).toBe(events.length);
    });
});

describe('a signal of the moment in which it is said to be ready', () => {
  const folder = freshFolder();
  for (const [command, ready] of [
    [['trace'], /^waggle: ready/m],
    [['record', '-a', '-o', join(folder, 'out.folded')], /^waggle: recording/m],
    [['agent', '--store', join(folder, 'store')], /^waggle: ready/m],
    [['serve', '--listen', '127.0.0.1:0'], /^http:/m],
  ] as const)
    kernelTest(`ends ${command[0]} well`, async () => {
      const prefix = ['sh', '-c', 'exec "$@" >&2', 'sh'];
      for (let round = 0; round < 3; round++) {
        await using waggle = new Waggle(command, { prefix });
        await waggle.says(ready);
        const { code, signal } = await waggle.stop('SIGTERM');
        expect({ code, signal }).toEqual({ code: 0, signal: null });
      }
    });
});

describe('a reader that goes away', () => {
  kernelTest('ends trace --json | head -1 quietly', async () => {
    const line = [...WAGGLE, 'trace', '--json'].map((word) => `'${word}'`).join(' ');
    // The second number is trace's own exit code.
    const script = `{ ${line}; echo "code $?" >&2; } | head -n 1`;
    const child = Bun.spawn(['sh', '-c', script], {
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    });
    const ended = Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    let running = true;
    const stop = ended.then(() => {
      running = false;
    });
    // Something has to happen for the pipe to be found closed.
    const deadline = performance.now() + 20_000;
    while (running && performance.now() < deadline) {
      await exitCodeOf(workload('exit_with'), '--id=1');
      await Bun.sleep(50);
    }
    const [stdout, stderr] = await within('the pipeline to end', ended);
    await stop;
    expect(JSON.parse(stdout)).toHaveProperty('event');
    expect(stderr).toContain('code 0\n');
    expect(stderr).not.toMatch(/EPIPE|broken pipe/i);
    expect(stderr).not.toMatch(STACK_TRACE);
  });

  kernelTest('who never reads cannot keep trace from being ended', async () => {
    const child = Bun.spawn([...WAGGLE, 'trace', '--json'], {
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    });
    try {
      const reader = child.stderr.getReader();
      await reader.read();
      // Far more than a pipe holds.
      await run(workload('storm'), '1500', '0', workload('exit_with'));
      await Bun.sleep(200);
      child.kill('SIGINT');
      await Bun.sleep(200);
      child.kill('SIGINT');
      await within('trace to end', child.exited, 10_000);
    } finally {
      child.kill('SIGKILL');
    }
  });

  kernelTest('a full disk ends trace with 1 and says so', async () => {
    await using waggle = new Waggle(['trace', '--json'], { stdout: Bun.file('/dev/full') });
    await waggle.says(/ready/);
    await exitCodeOf(workload('exit_with'), '--id=1');
    const { code, stderr } = await waggle.result();
    expect(code).toBe(1);
    expect(stderr).toContain('ENOSPC');
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

describe('colours', () => {
  kernelTest('are not in output that is no terminal', async () => {
    const { stdout, stderr } = await Waggle.run(['trace', '--', 'true']);
    expect(stdout + stderr).not.toContain('\u001b');
  });

  /** Under script(1), which gives it a terminal. */
  const onTerminal = async (env: Record<string, string>): Promise<string> => {
    const line = [...WAGGLE, 'trace', '--', workload('exit_with'), '--id=3'];
    const { stdout } = Bun.spawnSync(['script', '-qec', line.join(' '), '/dev/null'], {
      env: { ...process.env, NO_COLOR: undefined, TERM: 'xterm', ...env },
      stdin: 'ignore',
    });
    return stdout.toString();
  };

  kernelTest('are on a terminal, and not with NO_COLOR or a dumb one', async () => {
    expect(await onTerminal({})).toContain('\u001b[31mcode 3\u001b[0m');
    for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }] as Record<string, string>[]) {
      const output = await onTerminal(env);
      expect(output).toContain('code 3');
      expect(output).not.toContain('\u001b');
    }
  });
});

describe('a command that cannot be started', () => {
  for (const command of ['trace', 'record'])
    kernelTest(`gives 127 or 126 from ${command}, as a shell does`, async () => {
      const folder = freshFolder();
      const file = join(folder, 'not-executable');
      writeFileSync(file, '#!/bin/sh\n');
      chmodSync(file, 0o644);
      const start = (path: string) => Waggle.run([command, '--', path], { cwd: folder });
      for (const [path, expected] of [
        ['no-such-command-anywhere', 127],
        [join(folder, 'missing'), 127],
        [file, 126],
        [folder, 126],
      ] as const) {
        const { code, stderr } = await start(path);
        expect({ path, code }).toEqual({ path, code: expected });
        expect(stderr).toContain(path);
        expect(stderr).not.toMatch(STACK_TRACE);
      }
    });
});

test('the tests of this folder run with every privilege, or say why not', () => {
  const whyNot = whyNotRoot();
  if (whyNot !== undefined) expect(whyNot).toMatch(/^needs /);
  else expect(process.getuid?.()).toBe(0);
});
