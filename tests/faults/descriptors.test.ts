// What standard streams and files can be besides: FIFOs without the other end, sockets that are reset, a pipe that
// a process has to itself. Every command ends, by itself or when it is told to, without a stack trace.

import { afterAll, beforeAll, describe, expect } from 'bun:test';
import { once } from 'node:events';
import { existsSync, lstatSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { inPairs } from '../support/deadline.ts';
import { faultRow, IS_LONG } from '../support/fault-row.ts';
import { run } from '../support/processes.ts';
import { Waggle } from '../support/waggle.ts';
import { freshFolder, workload } from '../support/workloads.ts';

const area = 'descriptors';
const root = freshFolder();
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Without an end of its own, where the other side has to come first. */
const PATIENCE_MS = 3000;
const MAX_MS = 60_000;

const profile = join(root, 'in.folded');
const recording = join(root, 'in.jsonl');
const agent = join(root, 'agent.ts');
const store = join(root, 'store');

beforeAll(async () => {
  const stacks = Array.from({ length: 20_000 }, (_, n) => `main;leaf_${n} ${n + 1}\n`);
  writeFileSync(profile, stacks.join(''));
  writeFileSync(
    agent,
    `import { defineAgent, definePlugin } from '@waggle/core';
export default defineAgent({ plugins: [definePlugin({ name: 'says', setup: () => ({
  observe: { exec(event) { console.log(event.comm); } } }) })] });
`,
  );
  await Waggle.run(['trace', '-o', recording, '--', workload('storm'), '50', '0', '/bin/true']);
  await using kept = new Waggle(['agent', '--store', store]);
  await kept.says(/ready/);
  await kept.stop('SIGTERM');
}, 120_000);

const storm = ['--', workload('storm'), '500', '0', workload('exit_with')];

/** All of them, or in the short run some, others each time. */
const someOf = <Each>(all: readonly Each[], count: number): readonly Each[] =>
  IS_LONG ? all : [...all].sort(() => Math.random() - 0.5).slice(0, count);

/** Every command that writes to standard output; those that go on until they are told end after a moment. */
const commands = (): readonly (readonly string[])[] => someOf(COMMANDS, 3);

const COMMANDS: readonly (readonly string[])[] = [
  ['trace', '--json', ...storm],
  ['trace', '--duration', '0.5'],
  ['trace', '--summary', '--duration', '0.5'],
  ['record', '-a', '--idle', '-d', '0.3', '-o', '-'],
  ['convert', profile, '-'],
  ['convert', recording, '-'],
  ['diff', profile, profile],
  ['ps', '1'],
  ['history', '--store', store],
  ['run', '--duration', '0.5', agent],
  ['top', '--screen-reader', '--', 'sleep', '0.5'],
  ['agent', '--store', join(root, 'another')],
  ['serve', '--listen', '127.0.0.1:0'],
  ['doctor'],
  ['config'],
  ['completions', 'bash'],
  ['version'],
  ['--help'],
];

/** Ended by itself or, after a while, by SIGTERM; never by us. */
async function expectEnds(
  args: readonly string[],
  options: ConstructorParameters<typeof Waggle>[1],
): Promise<void> {
  const startedAt = performance.now();
  await using waggle = new Waggle(args, options);
  const result = waggle.result();
  const isOver = await Promise.race([result.then(() => true), Bun.sleep(PATIENCE_MS)]);
  if (isOver !== true) waggle.kill('SIGTERM');
  await Promise.race([result, Bun.sleep(2 * PATIENCE_MS)]);
  if (isOver !== true) waggle.kill('SIGTERM');
  const { code, signal, stderr } = await result;
  const isLate = performance.now() - startedAt > MAX_MS;
  expect({ args, code, signal, stderr, isLate }).toEqual({
    args,
    code: expect.any(Number),
    signal: signal === 'SIGTERM' ? signal : null,
    stderr: expect.not.stringMatching(/internal error|^ {4}at /m),
    isLate: false,
  });
}

const redirected = (redirections: string) => ({
  prefix: ['bash', '-c', `exec "$@" ${redirections}`, 'bash'],
});

let fifos = 0;
async function fifo(): Promise<string> {
  const path = join(root, `fifo${fifos++}`);
  await run('mkfifo', path);
  return path;
}

describe('a FIFO', () => {
  faultRow(
    {
      area,
      what: 'standard output is a FIFO that it alone has open, for reading too, of every command',
      holds: 'it ends in time, when it is told to at the latest',
      times: [1, 2],
    },
    async () => {
      await inPairs(commands(), async (args) => expectEnds(args, redirected(`1<>${await fifo()}`)));
    },
  );

  faultRow(
    {
      area,
      what: 'stdin, stdout and stderr are one FIFO, of every command',
      holds: 'it ends in time, when it is told to at the latest',
      times: [1, 3],
    },
    async () => {
      await inPairs(commands(), async (args) =>
        expectEnds(args, redirected(`0<>${await fifo()} >&0 2>&0`)),
      );
    },
  );

  faultRow(
    {
      area,
      what: 'a FIFO that nobody reads as the output of record, convert, diff, trace and of an agent’s store',
      holds:
        'it waits for a reader as a shell does, or refuses; SIGTERM ends it, and the FIFO stays',
      times: [1, 5],
    },
    async () => {
      const writers = [
        (path: string) => ['record', '-o', path, '--', 'true'],
        (path: string) => ['convert', profile, path],
        (path: string) => ['diff', profile, profile, '-o', path],
        (path: string) => ['trace', '-o', path, '--', 'true'],
        (path: string) => ['agent', '--store', path],
        (path: string) => ['history', '--store', path],
      ];
      await inPairs(writers, async (args) => {
        for (const ending of someOf(['folded', 'svg', 'jsonl', 'db', 'html'], 1)) {
          const path = `${await fifo()}.${ending}`;
          await run('mkfifo', path);
          await expectEnds(args(path), {});
          expect(lstatSync(path).isFIFO()).toBe(true);
        }
      });
    },
  );

  faultRow(
    {
      area,
      what: 'a FIFO that nobody writes to as the input of convert, diff, history and run, and as stdin',
      holds: 'it waits as cat does, and SIGTERM ends it',
      times: [1, 5],
    },
    async () => {
      const path = await fifo();
      const out = join(root, 'of-fifo.svg');
      const readers = [
        ['convert', path, out],
        ['diff', path, profile],
        ['diff', profile, path],
        ['run', path],
        ['history', '--store', path],
        ['record', '-o', join(root, 'r.svg'), '--', path],
      ];
      await inPairs(readers, (args) => expectEnds(args, {}));
      const ofStdin = [['convert', '-', out], ['diff', '-', profile], ...commands()];
      await inPairs(ofStdin, (args) => expectEnds(args, redirected(`<>${path} >/dev/null`)));
      expect(existsSync(out)).toBe(false);
    },
  );
});

describe('a socket', () => {
  for (const [what, meets] of [
    ['is reset at once', (socket: Socket) => socket.resetAndDestroy()],
    [
      'is reset after some bytes',
      (socket: Socket) => socket.once('data', () => socket.resetAndDestroy()),
    ],
    ['is closed by its other side', (socket: Socket) => socket.destroy()],
    ['is half closed', (socket: Socket) => socket.end()],
  ] as const)
    for (const [stream, to] of [
      ['standard output', '>'],
      ['standard error', '2>'],
      ['standard input', '<'],
    ] as const)
      faultRow(
        {
          area,
          what: `${stream} is a TCP connection that ${what}, of every command`,
          holds: 'it ends in time, as if a pipe had lost its other end',
          times: [stream === 'standard output' ? 1 : 0, 1],
        },
        async () => {
          const server = createServer({ allowHalfOpen: true }, (socket) => {
            socket.on('error', () => {});
            socket.resume();
            meets(socket);
          }).listen(0, '127.0.0.1');
          await once(server, 'listening');
          try {
            const { port } = server.address() as AddressInfo;
            const rest = stream === 'standard output' ? '' : ' >/dev/null';
            await inPairs(commands(), (args) =>
              expectEnds(args, redirected(`${rest} ${to}/dev/tcp/127.0.0.1/${port}`)),
            );
          } finally {
            server.close();
          }
        },
      );

  faultRow(
    {
      area,
      what: 'a unix socket as the output and the input of every command that has one',
      holds: 'refused in words, and it stays',
      times: [1, 5],
    },
    async () => {
      const path = join(root, 'socket.svg');
      const server = createServer().listen(path);
      await once(server, 'listening');
      try {
        const having = [
          ['record', '-o', path, '--', 'true'],
          ['convert', profile, path],
          ['convert', path, join(root, 'of-socket.svg')],
          ['diff', path, profile],
          ['diff', profile, profile, '-o', path],
          ['agent', '--store', path],
          ['history', '--store', path],
          ['run', path],
        ];
        await inPairs(having, async (args) => {
          const { code, stderr } = await Waggle.run(args);
          expect({ args, code: code > 0, stderr }).toEqual({
            args,
            code: true,
            stderr: expect.stringMatching(/^waggle: /m),
          });
          expect(stderr).not.toMatch(/internal error|^ {4}at /m);
          expect(lstatSync(path).isSocket()).toBe(true);
        });
      } finally {
        server.close();
      }
    },
  );
});

faultRow(
  {
    area,
    what: 'convert in place: the output is its input, by its name, a link and a descriptor',
    holds: 'the profile is whole in its new form, or refused and the old one whole',
    times: [1, 5],
  },
  async () => {
    const path = join(root, 'same.folded');
    for (const to of [path, `/proc/self/cwd/${path}`, '/dev/stdin']) {
      writeFileSync(path, 'main;work 3\n');
      await Waggle.run(['convert', path, to], redirected(`<>${path}`));
      expect(readFileSync(path, 'utf8')).toBe('main;work 3\n');
    }
  },
);
