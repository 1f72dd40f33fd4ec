// A command behind `--` inherits what it would inherit without waggle, and is signalled as it would be:
// a wrapper is invisible.
// Runs beside others.

import { describe, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, within } from './support/deadline.ts';
import { isExit } from './support/events.ts';
import { kernelTest } from './support/kernel-test.ts';
import { descendantsOf, isAlive, statFields } from './support/processes.ts';
import { WAGGLE, Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

const WAYS = [
  ['trace', '--'],
  ['trace', '--json', '--'],
  ['record', '-o', 'profile.folded', '--'],
  ['record', '-o', '-', '--'],
] as const;

/** Under bash, in the state that `setup` makes; stdout and stderr are pipes. */
async function under(setup: string, prefix: string, argv: readonly string[], cwd: string) {
  const line = argv.map((word) => `'${word}'`).join(' ');
  const child = Bun.spawn(['bash', '-c', `${setup}\nexec ${prefix} ${line}`], {
    cwd,
    env: { ...process.env, NO_COLOR: undefined },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [stdout, stderr, code] = await within(
    line,
    Promise.all([child.stdout.text(), child.stderr.text(), child.exited]),
    40_000,
  );
  // Each run has pipes of its own; bash gives the number of the next free one.
  const lines = `${stdout}\n${stderr}`
    .replace(/(pipe|socket):\[\d+\]/g, '$1')
    .split('\n')
    .filter((text) => !/^waggle: |^TIME |^\d\d:\d\d:\d\d|^\{|^$|;.* \d+$/.test(text));
  return { code, lines };
}

describe('it inherits the same', () => {
  const state = [
    'trap "" HUP INT QUIT USR1 ALRM PIPE',
    'ulimit -Sn 1000; ulimit -Ss 4096; umask 0357',
    'exec 5</etc/passwd 7>/dev/null 42<>/dev/zero',
    'f() { echo "of bash"; }; export -f f',
  ].join('\n');
  for (const [what, setup, prefix] of [
    ['as it is here', ':', ''],
    ['signals, limits, descriptors, umask, functions', state, ''],
    ['no environment, another nice value', ':', 'env -i nice -n 3'],
    ['names and values that no shell makes', ':', "env a.b=c PWD=/wrong _=x 'sp ace=1' $'x=\\xff'"],
  ] as const)
    kernelTest(
      what,
      async () => {
        const cwd = freshFolder();
        const argv = [workload('inherits'), 'a b', '', '\u00e9'];
        const bare = await under(setup, prefix, argv, cwd);
        expect(bare.lines.length).toBeGreaterThan(30);
        for (const way of WAYS) {
          const wrapped = await under(setup, prefix, [...WAGGLE, ...way, ...argv], cwd);
          expect({ way, ...wrapped }).toEqual({ way, ...bare });
        }
      },
      120_000,
    );

  kernelTest('bytes of arguments that are no UTF-8', async () => {
    const script = `exec ${WAGGLE[0]} trace -- printf '%s' $'a\\xffb' 2>&1 >/dev/null`;
    const { stdout } = Bun.spawnSync(['bash', '-c', script]);
    expect(stdout.includes(Buffer.from([0x61, 0xff, 0x62]))).toBe(true);
  });

  kernelTest('a file without a format runs under a shell', async () => {
    const file = join(freshFolder(), 'script');
    await Bun.write(file, 'exit $1\n');
    Bun.spawnSync(['chmod', '+x', file]);
    expect((await Waggle.run(['trace', '--', file, '9'])).code).toBe(9);
  });
});

describe('its exit code is that of waggle', () => {
  for (const command of ['trace', 'record'])
    kernelTest(command, async () => {
      const cwd = freshFolder();
      for (const [script, code] of [
        ['exit 7', 7],
        ['kill -KILL $$', 137],
        ['kill -TERM $$', 143],
      ] as const) {
        const result = await Waggle.run([command, '--', 'sh', '-c', script], { cwd });
        expect(result.code).toBe(code);
      }
    });
});

/** `inherits wait`, which notes the signals that it gets. */
class Signalled implements AsyncDisposable {
  readonly #counts = join(freshFolder(), 'signals');
  readonly #child: Bun.Subprocess;

  constructor(args: readonly string[], behaviour: readonly string[], setup = '') {
    const line = [...WAGGLE, ...args, '--', workload('inherits'), 'wait', this.#counts];
    const command = [...line, ...behaviour].map((word) => `'${word}'`).join(' ');
    // A session of its own, so that the group can be signalled as a terminal does it.
    this.#child = Bun.spawn(['setsid', 'bash', '-c', `${setup}\nexec ${command}`], {
      cwd: freshFolder(),
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'ignore',
    });
  }

  async started(): Promise<void> {
    await eventually('the command to run', () => existsSync(this.#counts), 40_000);
  }

  alone(signal: NodeJS.Signals): void {
    process.kill(this.#child.pid, signal);
  }

  group(signal: NodeJS.Signals): void {
    process.kill(-this.#child.pid, signal);
  }

  got(): string[] {
    return readFileSync(this.#counts, 'utf8').split('\n').filter(Boolean);
  }

  async gets(count: number): Promise<void> {
    await eventually(`${count} signals`, () => this.got().length >= count);
  }

  /** Exit code and the signals that the command got. */
  async end(): Promise<{ code: number; got: string[] }> {
    return { code: await within('the end', this.#child.exited, 30_000), got: this.got() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null)
      process.kill(-this.#child.pid, 'SIGKILL');
    await this.#child.exited;
  }
}

describe('signals are its own', () => {
  const clean = ['clean', '200'];
  const record = ['record', '-o', 'profile.folded'];
  for (const args of [['trace'], record]) {
    const [name = ''] = args;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const number = signal === 'SIGINT' ? '2' : '15';
      kernelTest(
        `${name}: ${signal} to waggle alone is handed on, and it may clean up`,
        async () => {
          await using run = new Signalled(args, clean);
          await run.started();
          run.alone(signal);
          expect(await run.end()).toEqual({ code: 7, got: [number] });
        },
      );

      kernelTest(`${name}: ${signal} to the process group comes once`, async () => {
        await using run = new Signalled(args, clean);
        await run.started();
        run.group(signal);
        expect(await run.end()).toEqual({ code: 7, got: [number] });
      });
    }

    kernelTest(`${name}: others are handed on each time`, async () => {
      await using run = new Signalled(args, clean);
      await run.started();
      for (const [index, signal] of (
        ['SIGHUP', 'SIGUSR1', 'SIGHUP', 'SIGUSR2'] as const
      ).entries()) {
        run.alone(signal);
        await run.gets(index + 1);
      }
      run.alone('SIGTERM');
      expect(await run.end()).toEqual({ code: 7, got: ['1', '10', '1', '12', '15'] });
    });

    kernelTest(`${name}: what was ignored stays ignored, for both`, async () => {
      await using run = new Signalled(args, clean, 'trap "" HUP INT');
      await run.started();
      for (const signal of ['SIGHUP', 'SIGINT', 'SIGINT'] as const) run.alone(signal);
      run.group('SIGHUP');
      run.group('SIGINT');
      await Bun.sleep(200);
      run.alone('SIGTERM');
      expect(await run.end()).toEqual({ code: 7, got: ['15'] });
    });

    kernelTest(`${name}: the second SIGINT kills it, and the code is 130`, async () => {
      await using run = new Signalled(args, []);
      await run.started();
      run.alone('SIGINT');
      await run.gets(1);
      await Bun.sleep(100);
      run.alone('SIGINT');
      expect(await run.end()).toEqual({ code: 130, got: ['2'] });
    });

    kernelTest(`${name}: --duration sends SIGTERM`, async () => {
      await using run = new Signalled([...args, '--duration', '1'], clean);
      expect(await run.end()).toEqual({ code: 7, got: ['15'] });
    });

    kernelTest(`${name}: --duration sends SIGKILL to one that goes on`, async () => {
      await using run = new Signalled([...args, '--duration', '1'], []);
      expect(await run.end()).toEqual({ code: 137, got: ['15'] });
    });
  }

  kernelTest('the second one kills descendants that left the session too', async () => {
    const folder = freshFolder();
    const script = `trap "echo again >first" INT
      setsid sh -c 'trap "" INT TERM; echo $$ >daemon; while :; do sleep 1; done' & while :; do sleep 0.05; done`;
    await using waggle = await Waggle.trace(['--', 'sh', '-c', script], { cwd: folder });
    const file = (name: string) => existsSync(join(folder, name));
    await eventually('the daemon', () => file('daemon'));
    waggle.kill('SIGINT');
    await eventually('the first signal', () => file('first'));
    const daemon = Number(readFileSync(join(folder, 'daemon'), 'utf8'));
    expect(isAlive(daemon)).toBe(true);
    // Two at once are one.
    await Bun.sleep(100);
    const { code, events } = await waggle.stop();
    expect(code).toBe(130);
    expect(isAlive(daemon)).toBe(false);
    const end = events.find((event) => isExit(event) && event.pid === daemon);
    expect(end).toMatchObject({ signal: 'SIGKILL' });
  });
});

describe('on a terminal', () => {
  /** bash with job control under script(1), which makes the terminal. */
  const shell = () => {
    const child = Bun.spawn(['script', '-qec', 'bash --norc --noprofile -i', '/dev/null'], {
      cwd: freshFolder(),
      env: { ...process.env, PS1: '', TERM: 'dumb', HISTFILE: '' },
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'inherit',
    });
    let output = '';
    void (async () => {
      const decoder = new TextDecoder();
      for await (const chunk of child.stdout) output += decoder.decode(chunk, { stream: true });
    })();
    return {
      type(text: string) {
        child.stdin.write(text);
        child.stdin.flush();
      },
      async shows(pattern: RegExp) {
        await eventually(`${pattern} in ${output}`, () => pattern.test(output), 40_000).catch(
          () => {
            throw new Error(`no ${pattern} in ${output}`);
          },
        );
      },
      /** Waits until a program of it is in this state (proc_pid_stat(5)). */
      async sees(comm: string, state: string) {
        await eventually(`${comm} in state ${state}`, () =>
          descendantsOf(child.pid).some((pid) => {
            const fields = statFields(pid);
            return fields?.[2] === comm && fields[3] === state;
          }),
        );
      },
      async [Symbol.asyncDispose]() {
        child.stdin.write('exit\nexit\n');
        child.stdin.end();
        await within('the shell to end', child.exited);
      },
    };
  };
  const run = `${WAGGLE[0]} trace -- ${workload('inherits')} wait signals clean 200 >/dev/null\n`;

  kernelTest('Ctrl-C comes once, Ctrl-Z stops both and fg continues both', async () => {
    await using terminal = shell();
    terminal.type(run);
    await terminal.shows(/terminal: foreground 1/);
    terminal.type('\x1a');
    await terminal.shows(/Stopped/);
    terminal.type('fg\n');
    await terminal.sees('inherits', 'S');
    terminal.type('\x03');
    await terminal.shows(/waggle: \d+ events/);
    terminal.type('echo "code=$? got=$(tr "\\n" , <signals)"\n');
    await terminal.shows(/code=7 got=2,\r/);
  });

  kernelTest('a command that stops itself gives the terminal back', async () => {
    await using terminal = shell();
    terminal.type(`${WAGGLE[0]} trace -- sh -c 'kill -TSTP $$; exit 5'\n`);
    await terminal.shows(/Stopped/);
    terminal.type('fg >/dev/null\n');
    terminal.type('echo "code=$?"\n');
    await terminal.shows(/code=5\r/);
  });
});

test('the shell that compares is bash', () => {
  expect(Bun.which('bash')).not.toBeNull();
});
