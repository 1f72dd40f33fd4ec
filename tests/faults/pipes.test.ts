// Standard streams: readers that go away, stall and come back, streams that are closed, full or broken.
// What was not delivered is said, no line is cut, and no command is lost with a stream of ours.

import { afterAll, describe, expect } from 'bun:test';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { isSystemError } from '@waggle/symbols/system-error';
import { eventually, inPairs } from '../support/deadline.ts';
import { faultRow } from '../support/fault-row.ts';
import { Waggle } from '../support/waggle.ts';
import { freshFolder, workload } from '../support/workloads.ts';

const area = 'pipes';
const root = freshFolder();
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Processes of a storm: some 600 KB of lines, of which a pipe holds 64 KB. */
const PROCESSES = 500;
const EVENTS = 2 * PROCESSES + 2;
const storm = ['--', workload('storm'), String(PROCESSES), '0', workload('exit_with')];

/** Standard streams as a shell would have them: `2>&-`. */
const redirected = (redirections: string) => ({
  prefix: ['bash', '-c', `exec "$@" ${redirections}`, 'bash'],
});

let pipes = 0;

/** A pipe whose reader is the test: it reads when it wants to. */
class Reader implements Disposable {
  readonly path = join(root, `pipe${pipes++}`);
  readonly fd: number;
  text = '';
  readonly #page = Buffer.alloc(65_536);

  constructor() {
    Bun.spawnSync(['mkfifo', this.path]);
    this.fd = openSync(this.path, constants.O_RDONLY | constants.O_NONBLOCK);
  }

  /** What is there, at most a pipe full. */
  read(): void {
    try {
      this.text += this.#page.toString('utf8', 0, readSync(this.fd, this.#page));
    } catch (error) {
      if (!isSystemError(error) || error.code !== 'EAGAIN') throw error;
    }
  }

  get lines(): number {
    this.read();
    expect(this.text.endsWith('\n')).toBe(true);
    const lines = this.text.trim().split('\n');
    for (const line of lines) JSON.parse(line);
    return lines.length;
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
  }
}

const undelivered = (stderr: string) =>
  Number(/, (\d+) events not delivered$/m.exec(stderr)?.[1] ?? 0);

describe('a reader of trace', () => {
  faultRow(
    {
      area,
      what: 'the reader of a trace stalls and never comes back',
      holds: 'exit 1, every event was delivered or is counted, no line is cut',
      times: [1, 10],
      waits: true,
    },
    async () => {
      using reader = new Reader();
      const { code, stderr } = await Waggle.run(
        ['trace', '--json', ...storm],
        redirected(`>${reader.path}`),
      );
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringMatching(
          new RegExp(`^waggle: ${EVENTS} events, 0 lost, \\d+ suppressed, \\d+ events not`, 'm'),
        ),
      });
      expect(reader.lines + undelivered(stderr)).toBe(EVENTS);
    },
  );

  faultRow(
    {
      area,
      what: 'the same, ended by a second SIGINT',
      holds: 'it ends at once, and says the same',
      times: [1, 10],
    },
    async () => {
      using reader = new Reader();
      await using waggle = await Waggle.trace([], redirected(`>${reader.path}`));
      Bun.spawnSync(storm.slice(1));
      const startedAt = performance.now();
      waggle.kill('SIGINT');
      await Bun.sleep(300);
      const { code, stderr } = await waggle.stop();
      expect(performance.now() - startedAt).toBeLessThan(4500);
      expect(code).toBe(1);
      const events = Number(/^waggle: (\d+) events/m.exec(stderr)?.[1]);
      expect(reader.lines + undelivered(stderr)).toBe(events);
    },
  );

  for (const [what, pauseMs, nextMs] of [
    ['stalls for three seconds at the end', 3000, 20],
    ['reads a pipe full now and then, for longer than a stalled one is waited for', 700, 700],
  ] as const)
    faultRow(
      {
        area,
        what: `the reader of a trace ${what}`,
        holds: 'it gets everything, exit 0',
        times: [1, 10],
        waits: true,
      },
      async () => {
        using reader = new Reader();
        const ended = Waggle.run(['trace', '--json', ...storm], redirected(`>${reader.path}`));
        let result: Awaited<typeof ended> | undefined;
        ended.then((value) => {
          result = value;
        });
        for (let ms: number = pauseMs; result === undefined; ms = nextMs) {
          await Bun.sleep(ms);
          reader.read();
        }
        expect(result.code).toBe(0);
        // The rest that is in the pipe.
        reader.read();
        expect(reader.lines).toBe(EVENTS);
      },
    );

  faultRow(
    {
      area,
      what: 'a socket as standard output, whose reader stalls for a second',
      holds: 'it gets everything, exit 0',
      times: [1, 10],
    },
    async () => {
      // What Bun.spawn reads of a child comes by a socket; its reader does not run while we sleep.
      await using waggle = new Waggle(['trace', '--json', ...storm]);
      await Bun.sleep(500);
      Bun.sleepSync(1500);
      const { code, events } = await waggle.result();
      expect({ code, events: events.length }).toEqual({ code: 0, events: EVENTS });
    },
  );
});

const profile = join(root, 'in.folded');
await Bun.write(
  profile,
  Array.from({ length: 20_000 }, (_, n) => `main;work_${n % 500};leaf_${n} ${n + 1}\n`).join(''),
);

/** Everything that writes to stdout for longer than a moment, or at its end. */
const writers: readonly (readonly string[])[] = [
  ['trace', '--duration', '0.3'],
  ['trace', '--json', ...storm],
  // With idle CPUs there is always something to write.
  ['record', '-a', '--idle', '-d', '0.3', '-o', '-'],
  ['convert', profile, '-'],
  ['diff', profile, profile],
  ['ps', '1'],
  ['doctor'],
  ['--help'],
];

faultRow(
  {
    area,
    what: 'the reader closes its pipe at once or after a moment, of every command',
    holds: 'that is no error: it ends in time, without a word on it',
    times: [1, 10],
  },
  async (round) => {
    await inPairs(writers, async (args) => {
      const head = round === 0 ? 'true' : `timeout ${(Math.random() * 0.5).toFixed(2)} cat`;
      const { code, stderr } = await Waggle.run(args, redirected(`> >(${head} >/dev/null)`));
      expect({ args, code, stderr }).toEqual({
        args,
        // A command is ended by SIGTERM then: there is nothing to trace it for.
        code: code === 143 && args.includes('--') ? 143 : 0,
        stderr: expect.not.stringMatching(/EPIPE|internal error|not delivered|could not/),
      });
    });
  },
);

describe('standard output', () => {
  faultRow(
    {
      area,
      what: 'it is full (/dev/full), of every command',
      holds: 'exit 1 with the reason, and nothing hangs',
      times: [1, 5],
    },
    async () => {
      await inPairs(writers, async (args) => {
        const { code, stderr } = await Waggle.run(args, redirected('>/dev/full'));
        expect({ args, code, stderr }).toEqual({
          args,
          code: 1,
          stderr: expect.stringMatching(/no space/i),
        });
        expect(stderr).not.toMatch(/internal error/);
      });
    },
  );

  faultRow(
    {
      area,
      what: 'it is closed (>&-), of every command',
      holds: 'it is as /dev/null, to which the runtime opens it: nothing is written elsewhere',
      times: [1, 5],
    },
    async () => {
      await inPairs(writers, async (args) => {
        const { code, stderr } = await Waggle.run(args, redirected('>&-'));
        expect({ args, code, stderr }).toEqual({
          args,
          code: 0,
          stderr: expect.not.stringMatching(/internal error|could not/),
        });
      });
    },
  );

  faultRow(
    {
      area,
      what: 'it, stdin or both are closed where a recording goes to a file',
      holds: 'the recording and the command are as ever',
      times: [1, 5],
    },
    async () => {
      await inPairs(['>&-', '<&-', '<&- >&-', '<&- >&- 2>&-'], async (redirection) => {
        const folder = freshFolder();
        const [out, mark] = [join(folder, 'out.folded'), join(folder, 'mark')];
        const { code } = await Waggle.run(
          ['record', '-o', out, '--', 'sh', '-c', `sleep 0.2; touch ${mark}; exit 5`],
          redirected(redirection),
        );
        expect({ redirection, code, made: [existsSync(out), existsSync(mark)] }).toEqual({
          redirection,
          code: 5,
          made: [true, true],
        });
      });
    },
  );
});

describe('standard error', () => {
  for (const [what, redirection] of [
    ['closed', '2>&-'],
    ['full', '2>/dev/full'],
    ['without a reader', '2> >(exec true)'],
    ['a pipe that is full and that nobody reads', 'STALLED'],
    ['a socket that is full and that nobody reads', 'SOCKET'],
  ] as const)
    faultRow(
      {
        area,
        what: `stderr is ${what}`,
        holds: 'the recording, the trace and the command are as ever, with its exit code',
        times: [1, 10],
        waits: true,
      },
      async () => {
        const folder = freshFolder();
        const [out, mark] = [join(folder, 'out.folded'), join(folder, 'mark')];
        const command = ['--', 'sh', '-c', `sleep 0.2; echo made >>${mark}; exit 5`];
        using stalled = await stalledStderr(redirection);
        const prefix = stalled?.prefix ?? [
          ...['bash', '-c', `sleep 0.1; exec "$@" ${redirection}`, 'bash'],
        ];
        const recorded = await Waggle.run(['record', '-o', out, ...command], { prefix });
        expect(recorded.code).toBe(5);
        expect(existsSync(out)).toBe(true);
        const traced = await Waggle.run(['trace', '--json', ...command], { prefix });
        expect({ code: traced.code, events: traced.events.length }).toEqual({ code: 5, events: 4 });
        expect(readFileSync(mark, 'utf8')).toBe('made\nmade\n');
      },
    );
});

faultRow(
  {
    area,
    what: 'stderr is a pipe that nobody reads, of an agent that fails, logs, and hangs',
    holds: 'what it cannot say keeps it from nothing: it has its event, and is ended as it hangs',
    times: [1, 5],
  },
  async () => {
    const folder = freshFolder();
    const [agent, mark] = [join(folder, 'agent.ts'), join(folder, 'mark')];
    writeFileSync(
      agent,
      `import { appendFileSync } from 'node:fs';
import { defineAgent, definePlugin } from '@waggle/core';
const fails = definePlugin({ name: 'fails', setup: () => ({ observe: { exec() { throw new Error('no'); } } }) });
const hangs = definePlugin({ name: 'hangs', setup: () => ({ observe: { exit() {
  appendFileSync('${mark}', 'seen');
  for (;;);
} } }) });
export default defineAgent({ watchdogMs: 1000, plugins: [fails, hangs] });
`,
    );
    using stalled = await stalledStderr('STALLED');
    const { prefix } = stalled as { prefix: string[] };
    await using waggle = new Waggle(['run', agent], { prefix, env: { WAGGLE_LOG: 'debug' } });
    await eventually('the agent to see an exit', () => {
      Bun.spawnSync(['true']);
      return existsSync(mark);
    });
    expect((await waggle.result()).signal).toBe('SIGKILL');
    expect(readFileSync(mark, 'utf8')).toBe('seen');
  },
);

/** A stderr that takes nothing any more, and has a reader, for as long as the scope lasts. */
async function stalledStderr(
  kind: string,
): Promise<(Disposable & { readonly prefix: string[] }) | undefined> {
  if (kind === 'STALLED') {
    const reader = new Reader();
    fillPipe(reader.path);
    const prefix = ['bash', '-c', `exec "$@" 2>${reader.path}`, 'bash'];
    return { prefix, [Symbol.dispose]: () => reader[Symbol.dispose]() };
  }
  if (kind !== 'SOCKET') return undefined;
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const open = `exec 2<>/dev/tcp/127.0.0.1/${port}; timeout 1 cat /dev/zero >&2; exec "$@"`;
  return { prefix: ['bash', '-c', open, 'bash'], [Symbol.dispose]: () => void server.close() };
}

/** Until nothing more fits. */
function fillPipe(path: string): void {
  const { exitCode } = Bun.spawnSync([
    ...[
      'bash',
      '-c',
      'exec dd if=/dev/zero of="$0" bs=4096 oflag=nonblock conv=notrunc 2>/dev/null',
      path,
    ],
  ]);
  expect(exitCode).toBe(1);
}
