// The store of `waggle agent`: damaged, of somebody else, in the place of something else. Root writes nowhere else, an
// agent goes on with what can be read, and `history` says in words what is wrong.

import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, expect } from 'bun:test';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { NOBODY } from '../support/burners.ts';
import { eventually, inPairs } from '../support/deadline.ts';
import { faultRow } from '../support/fault-row.ts';
import { cpuMilliseconds, run } from '../support/processes.ts';
import { Waggle, type WaggleResult } from '../support/waggle.ts';
import { freshFolder, workload } from '../support/workloads.ts';

const area = 'stores';
const root = freshFolder();
const whole = join(root, 'whole');
const FILE = 'waggle.db';
afterAll(() => rmSync(root, { recursive: true, force: true }));

beforeAll(async () => {
  chmodSync(root, 0o755);
  await using agent = new Waggle(['agent', '--store', whole, '-F', '199']);
  await agent.says(/^waggle: ready/m);
  await run(workload('storm'), '2000', '0', workload('exit_with'));
  await agent.stop('SIGTERM');
}, 120_000);

let stores = 0;
function copy(): string {
  const store = join(root, `store${stores++}`);
  cpSync(whole, store, { recursive: true });
  return store;
}

/** Each way to ask. */
const QUESTIONS = [
  ['history'],
  ['history', '--json'],
  ['history', '--summary'],
  ['history', '--at', 'now'],
  ['history', '--failed'],
  ['history', 'profile', '-o', '-'],
  ['history', 'sql', 'SELECT * FROM processes'],
] as const;

function expectInWords(args: readonly string[], { code, signal, stderr }: WaggleResult): void {
  expect({ args, code, signal, stderr }).toEqual({
    args,
    code: expect.any(Number),
    signal: null,
    stderr: expect.not.stringMatching(/internal error|^ {4}at /m),
  });
  if (code !== 0) expect(stderr).toMatch(/^waggle: /m);
}

/** Several times what an answer takes, with the start. */
const ENDLESS_CPU_MS = 600;

/** Bytes of the file, changed. */
const DAMAGES: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  'bytes here and there': (bytes) => {
    for (let count = 0; count < 200; count++)
      bytes[100 + Math.floor(Math.random() * (bytes.length - 100))] = Math.random() * 256;
    return bytes;
  },
  'whole pages': (bytes) => {
    for (let count = 0; count < 5; count++) {
      const page = 4096 * Math.floor((Math.random() * bytes.length) / 4096);
      bytes.fill(Math.random() < 0.5 ? 0 : 0xff, page, page + 4096);
    }
    return bytes;
  },
  'pages in each other’s place': (bytes) => {
    for (let count = 0; count < 20; count++) {
      const [from, to] = [0, 0].map(() => 4096 * Math.floor((Math.random() * bytes.length) / 4096));
      bytes.copy(bytes, to, from, (from ?? 0) + 4096);
    }
    return bytes;
  },
  'its end': (bytes) => bytes.subarray(0, Math.floor(Math.random() * bytes.length)),
  'its header': (bytes) => {
    for (let at = 16; at < 100; at += 1 + Math.floor(Math.random() * 20))
      bytes[at] = Math.random() * 256;
    return bytes;
  },
  'all of it': () => Buffer.alloc(0),
};

for (const [what, damage] of Object.entries(DAMAGES))
  faultRow(
    {
      area,
      what: `${what}: that is damaged of a store`,
      holds: 'history answers or says so; an agent goes on, with what can be read, and ends well',
      times: [1, 10],
    },
    async () => {
      const store = copy();
      const path = join(store, FILE);
      for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true });
      writeFileSync(path, damage(readFileSync(path)));
      await inPairs(QUESTIONS, async (args) => {
        const [command, ...rest] = args;
        expectInWords(args, await Waggle.run([command, '--store', store, ...rest]));
      });
      await using agent = new Waggle(['agent', '--store', store]);
      await agent.says(/^waggle: ready/m);
      await run('true');
      const { code, stderr } = await agent.stop('SIGTERM');
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr: expect.not.stringMatching(/internal error/),
      });
      expect((await Waggle.run(['history', '--store', store])).code).toBe(0);
    },
  );

faultRow(
  {
    area,
    what: 'a folder of another user, one that everybody may write to, one below such a folder, links of others',
    holds:
      'an agent of root refuses it for its store and its spool, nothing is made, and what links point to is as it was',
    times: [1, 3],
  },
  async () => {
    const victim = join(root, 'victim');
    writeFileSync(victim, 'precious');
    const planted = join(root, `planted${stores++}`);
    mkdirSync(planted);
    const names = [FILE, `${FILE}-wal`, `${FILE}-shm`, 'agent.lock'];
    for (const name of names) symlinkSync(victim, join(planted, name));
    chownSync(planted, NOBODY, NOBODY);
    const open = join(root, `open${stores++}`);
    mkdirSync(open);
    chmodSync(open, 0o777);
    const sticky = join(root, `sticky${stores++}`);
    mkdirSync(sticky);
    chmodSync(sticky, 0o1777);
    // What it leads to is root's until its owner turns it elsewhere.
    const good = join(root, `good${stores++}`);
    mkdirSync(good, 0o700);
    const link = join(sticky, 'link');
    symlinkSync(good, link);
    lchownSync(link, NOBODY, NOBODY);
    const links = [link, join(link, 'below')];
    const foreign = [
      planted,
      open,
      sticky,
      join(open, 'below'),
      join(planted, 'below/it'),
      ...links,
    ];
    const spool = (folder: string) => [
      ...['--no-store', '--otlp', 'http://127.0.0.1:1', '--otlp-spool', folder],
    ];
    const places = foreign.flatMap((place) => [['--store', place], spool(place)]);
    await inPairs(places, async (place) => {
      const args = ['agent', ...place];
      const { code, stderr } = await Waggle.run(args);
      expect({ place, code, stderr }).toEqual({
        place,
        code: 1,
        stderr: expect.stringMatching(
          /belongs to user 65534|may be written to by others|is a link of user 65534/,
        ),
      });
    });
    expect(readdirSync(good)).toEqual([]);
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    for (const name of names) expect(lstatSync(join(planted, name)).isSymbolicLink()).toBe(true);
    expect(existsSync(join(open, 'below'))).toBe(false);
    // In a sticky one what is ours is ours.
    await using agent = new Waggle(['agent', '--store', join(sticky, 'own')]);
    await agent.says(/^waggle: ready/m);
    expect((await agent.stop('SIGTERM')).code).toBe(0);
  },
);

faultRow(
  {
    area,
    what: 'a FIFO, a socket’s name, a device, a folder and a link to itself in the place of each file',
    holds: 'agent and history say so in words, in time',
    times: [1, 5],
  },
  async () => {
    const makers = [
      (path: string) => run('mkfifo', path),
      (path: string) => run('mknod', path, 'c', '1', '5'),
      (path: string) => mkdirSync(path),
      (path: string) => symlinkSync(path, path),
    ];
    const names = [FILE, `${FILE}-wal`, `${FILE}-shm`, 'agent.lock'];
    const cases = names.flatMap((name) => makers.map((make) => ({ name, make })));
    await inPairs(cases, async ({ name, make }) => {
      const store = copy();
      rmSync(join(store, name), { force: true });
      await make(join(store, name));
      const command = name === 'agent.lock' ? [] : [['history', '--store', store]];
      for (const args of [['agent', '--duration', '0.3', '--store', store], ...command]) {
        const startedAt = performance.now();
        expectInWords(args, await Waggle.run(args, { endWithinMs: 60_000 }));
        expect(performance.now() - startedAt).toBeLessThan(60_000);
      }
    });
  },
);

faultRow(
  {
    area,
    what: 'a database of a terabyte that is a hole, and one that says that it has 4 billion pages',
    holds: 'agent and history end or go on in time, and no disk is filled',
    times: [1, 3],
  },
  async () => {
    const changes = [
      (path: string) => truncateSync(path, 2 ** 40),
      (path: string) => {
        const bytes = readFileSync(path);
        bytes.writeUInt32BE(0xffff_ffff, 28);
        writeFileSync(path, bytes);
      },
      (path: string) => writeFileSync(path, '') ?? truncateSync(path, 2 ** 40),
    ];
    await inPairs(changes, async (change) => {
      const store = copy();
      change(join(store, FILE));
      for (const args of [
        ['history', '--store', store],
        ['history', '--summary', '--store', store],
        ['agent', '--duration', '0.3', '--store', store],
      ])
        expectInWords(args, await Waggle.run(args, { endWithinMs: 60_000 }));
      const used = Number((await run('du', '-sm', store)).split('\t')[0]);
      expect(used).toBeLessThan(100);
    });
  },
);

faultRow(
  {
    area,
    what: 'a store of somebody else whose tables are views that never end, or call what they may not',
    holds: 'history says so, or SIGTERM ends it; nothing is written',
    times: [1, 5],
  },
  async () => {
    const endless =
      'WITH RECURSIVE more(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM more) SELECT n AS id, n AS pid, n AS startNs FROM more';
    for (const [table, select] of [
      ['process', endless],
      ['text', endless],
      ['processes', endless],
      ['process', "SELECT load_extension('/tmp/no.so') AS id"],
      ['process', "SELECT writefile('/tmp/waggle-written', 'x') AS id"],
      ['process', "SELECT fts3_tokenizer('a', x'00') AS id"],
      ['process', 'SELECT randomblob(1000000000) AS id'],
    ] as const) {
      const store = copy();
      {
        using sql = new Database(join(store, FILE));
        sql.run('PRAGMA journal_mode = DELETE');
        for (const kind of ['VIEW', 'TABLE'])
          try {
            sql.run(`DROP ${kind} ${table}`);
          } catch {
            // It is the other one.
          }
        sql.run(`CREATE VIEW ${table} AS ${select}`);
      }
      await inPairs(QUESTIONS, async (args) => {
        const [command, ...rest] = args;
        await using waggle = new Waggle([command, '--store', store, ...rest], {
          stdout: Bun.file('/dev/null'),
        });
        const result = waggle.result();
        const askedAt = performance.now();
        await eventually('the question to be over, or without an end', () => {
          if (waggle.hasEnded || performance.now() - askedAt > 1500) return true;
          return cpuMilliseconds(waggle.pid) > ENDLESS_CPU_MS;
        });
        if (!waggle.hasEnded) waggle.kill('SIGTERM');
        const { stderr } = await result;
        expect({ args, select, stderr }).toEqual({
          args,
          select,
          stderr: expect.not.stringMatching(/internal error|^ {4}at /m),
        });
      });
      expect(existsSync('/tmp/waggle-written')).toBe(false);
    }
  },
);
