// Stores of somebody else, whose tables are right and whose values are not: times of centuries, texts that many rows
// share, samples that unpack to gigabytes, escapes where a word is expected. Whoever shows them (history in each of its
// forms, top, serve) answers or says why not, in bounded time and memory, and ends when it is told to.

import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, expect } from 'bun:test';
import { chmodSync, cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CIRCLES } from '../../packages/store/test/circles.ts';
import { eventually, inPairs } from '../support/deadline.ts';
import { faultRow, IS_LONG } from '../support/fault-row.ts';
import { cpuMilliseconds, run } from '../support/processes.ts';
import { Waggle } from '../support/waggle.ts';
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
  const burning = run(workload('burn_in_2'), '2000');
  await run(workload('storm'), '500', '0', workload('exit_with'));
  await burning;
  await agent.stop('SIGTERM');
}, 120_000);

const MAX_CPU_MS = 30_000;
const MAX_MEMORY = 1.2e9;

let stores = 0;
/** A copy of the store after such questions. */
function storeAfter(...questions: readonly string[]): string {
  const store = join(root, `store${stores++}`);
  cpSync(whole, store, { recursive: true });
  using sql = new Database(join(store, FILE));
  sql.run('PRAGMA journal_mode = DELETE');
  for (const question of questions) sql.run(question);
  return store;
}

const EVENT_FILES = ['out.parquet', 'out.jsonl', 'out.csv', 'out.html', 'out.pftrace', 'out.db'];

/** Each form in which a store is shown and that ends by itself. */
const questionsOf = (store: string, folder: string): readonly (readonly string[])[] =>
  [
    ['history'],
    ['history', '--json'],
    ['history', '--summary'],
    ['history', '--summary', '--json'],
    ['history', '--at', 'now'],
    ['history', '--failed'],
    ...EVENT_FILES.map((name) => ['history', '-o', join(folder, name)]),
    ['history', 'profile', '-o', '-'],
    ['history', 'profile', '-o', join(folder, 'out.pb.gz'), '-o', join(folder, 'profile.html')],
    ['history', 'profile', '--compare', '2000-01-01..now'],
    ['history', 'profile', '--compare', '2000-01-01..now', '-o', join(folder, 'diff.html')],
    ['history', 'sql', 'SELECT * FROM processes'],
    ['top', '--screen-reader'],
  ].map(([command = '', ...rest]) =>
    rest[0] === 'profile' || rest[0] === 'sql'
      ? [command, rest[0], '--store', store, ...rest.slice(1)]
      : [command, '--store', store, ...rest],
  );

interface Watched {
  readonly code: number;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly memory: number;
  readonly cpuMs: number;
}

const peakOf = (pid: number): number => {
  try {
    return (
      Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
    );
  } catch {
    return 0;
  }
};

/** Runs it to its end; one that takes more than it may is ended. */
async function watched(args: readonly string[]): Promise<Watched> {
  await using waggle = new Waggle(args, { endWithinMs: 300_000 });
  let [memory, cpuMs] = [0, 0];
  const watch = setInterval(() => {
    memory = Math.max(memory, peakOf(waggle.pid));
    cpuMs = Math.max(cpuMs, cpuMilliseconds(waggle.pid));
    if (memory > 2 * MAX_MEMORY || cpuMs > 1.2 * MAX_CPU_MS) waggle.kill('SIGKILL');
  }, 20);
  try {
    const { code, signal, stdout, stderr } = await waggle.result();
    return { code, signal, stdout, stderr, memory, cpuMs };
  } finally {
    clearInterval(watch);
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;

function expectBounded(args: readonly string[], result: Watched): void {
  const { code, signal, stdout, stderr, memory, cpuMs } = result;
  expect({ args, code, signal, stderr }).toEqual({
    args,
    code: expect.any(Number),
    signal: null,
    stderr: expect.not.stringMatching(/internal error|^ {4}at /m),
  });
  if (code !== 0) expect(stderr).toMatch(/^waggle: /m);
  expect({ args, controls: CONTROLS.exec(stdout + stderr)?.[0] }).toEqual({
    args,
    controls: undefined,
  });
  expect({ args, isLarge: memory > MAX_MEMORY, isSlow: cpuMs > MAX_CPU_MS, memory, cpuMs }).toEqual(
    { args, isLarge: false, isSlow: false, memory, cpuMs },
  );
}

/** What a page asks for, with the token: every answer comes, whatever it is, and SIGTERM ends it. */
const PATHS = [
  '/api/status',
  '/api/processes',
  '/api/processes?pid=1',
  '/api/events?limit=100',
  '/api/activity',
  '/api/activity?from=-1m',
  '/api/activity?pid=1',
  '/api/profile?format=folded',
  '/api/profile?format=html&from=-1m',
  '/api/profile?format=pprof&pid=1',
  '/api/timeline',
  '/metrics',
];

async function expectServed(store: string): Promise<void> {
  await using waggle = new Waggle(['serve', '--listen', '127.0.0.1:0', '--store', store]);
  const url = await eventually('the URL, or the end', () =>
    waggle.hasEnded ? 'ended' : /^http:\S+$/m.exec(waggle.stdout)?.[0],
  );
  if (url === 'ended') {
    const { code, stderr } = await waggle.result();
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^waggle: /) });
    return;
  }
  const { origin, hash } = new URL(url);
  const headers = { authorization: `Bearer ${hash.slice('#token='.length)}` };
  for (const path of PATHS) {
    const before = cpuMilliseconds(waggle.pid);
    const answer = await fetch(origin + path, { headers, signal: AbortSignal.timeout(100_000) });
    await answer.arrayBuffer();
    const cpuMs = cpuMilliseconds(waggle.pid) - before;
    expect({ path, isSlow: cpuMs > MAX_CPU_MS, cpuMs }).toEqual({ path, isSlow: false, cpuMs });
  }
  const memory = peakOf(waggle.pid);
  expect({ isLarge: memory > MAX_MEMORY, memory }).toEqual({ isLarge: false, memory });
  const { code, signal, stderr } = await waggle.stop('SIGTERM');
  expect({ code, signal, stderr }).toEqual({
    code: 0,
    signal: null,
    stderr: expect.not.stringMatching(/internal error|^ {4}at /m),
  });
  expect(CONTROLS.exec(stderr)?.[0]).toBeUndefined();
}

async function expectShown(store: string): Promise<void> {
  const folder = join(store, 'shown');
  await run('mkdir', '-p', folder);
  await inPairs(questionsOf(store, folder), async (args) =>
    expectBounded(args, await watched(args)),
  );
  await expectServed(store);
}

/** With an answer or in words; a person's question may take longer than ours. */
async function expectEnded(args: readonly string[]): Promise<void> {
  const { code, signal, stderr } = await Waggle.run(args, { endWithinMs: 300_000 });
  expect({ args, code, signal, stderr }).toEqual({
    ...{ args, code: expect.any(Number), signal: null },
    stderr: expect.stringMatching(code === 0 ? /^/ : /^waggle: (a part of|the answer takes)/),
  });
}

const AGES = '4611686018427387903';
/** Zeros: of one number in them is how many entries there are. */
const bomb = (count: number): string => {
  const bytes = Buffer.alloc(60 << 20);
  for (let at = 0, rest = count; rest > 0 || at === 0; at++, rest = Math.floor(rest / 128))
    bytes[at] = (rest % 128) | (rest >= 128 ? 0x80 : 0);
  return `x'${Buffer.from(Bun.zstdCompressSync(bytes, { level: 3 })).toString('hex')}'`;
};
const many = (count: number): string =>
  `WITH RECURSIVE more(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM more WHERE n < ${count})`;

/** Escapes, C1 controls, bidirectional marks, markup, line feeds: as a text of SQL. */
const ESCAPES = `char(27) || '[2J' || char(155) || '31m' || char(8238) || '<script>' || char(10) || char(7) || char(65533)`;

const COLUMNS = {
  process: ['startNs', 'endNs', 'pid', 'ppid', 'uid', 'execs', 'exitCode', 'signal', 'userNs'],
  failure: ['timeNs', 'error', 'pid', 'uid'],
  image: ['timeNs', 'process'],
  loss: ['timeNs', 'kind', 'count'],
  gap: ['fromNs', 'toNs', 'reason'],
  host: ['cpuSome', 'memoryTotalBytes', 'oomKills'],
  cgroup_state: ['timeNs', 'cgroup', 'cpuNs', 'memoryBytes'],
  text: ['value'],
  frame: ['name', 'kind', 'object'],
  stack: ['frames'],
  profile: ['fromNs', 'toNs', 'frequencyHz', 'samples', 'lost', 'entries'],
  meta: ['value'],
} as const;

const VALUES = {
  escapes: ESCAPES,
  'the largest number': '9223372036854775807',
  'the smallest number': '-9223372036854775808',
  'a broken number': '1.5e300',
  'bytes that are no text': "x'ff00fe'",
  'no number and no text': "json_object('a', 1)",
} as const;

/** A gap, a loss and what cgroups took are rarely there. */
const ROWS = [
  `INSERT INTO gap VALUES (0, ${AGES}, 'no agent')`,
  `INSERT INTO loss SELECT startNs, 'events', 1 FROM process LIMIT 5`,
  `INSERT INTO cgroup_state SELECT startNs, comm, 1, 2, 3, 4 FROM process LIMIT 5`,
];

for (const [what, value] of Object.entries(VALUES))
  faultRow(
    {
      area,
      what: `${what} in each column of a store of somebody else`,
      holds: 'each form of history, top and serve answer or say so, in bounds; no escape gets out',
      times: [what === 'escapes' ? 1 : 0, 3],
      timeoutMs: 600_000,
    },
    async (round) => {
      // Each table alone, so that one does not hide the next: some of them in each round.
      const tables = Object.entries(COLUMNS);
      const any = Math.floor(Math.random() * tables.length);
      const chosen = IS_LONG
        ? tables.filter((_, index) => (index + round) % 3 === 0)
        : tables.slice(any, any + 1);
      for (const [table, columns] of chosen)
        await expectShown(
          storeAfter(
            ...ROWS,
            ...columns.map((column) => `UPDATE OR IGNORE ${table} SET ${column} = ${value}`),
          ),
        );
    },
  );

const KINDS: Readonly<Record<string, () => readonly string[]>> = {
  'a part of a profile that lasted for 146 years': () => [
    `UPDATE profile SET fromNs = 0, toNs = ${AGES}`,
    `UPDATE meta SET value = ${AGES} / 2 WHERE key = 'lastNs'`,
  ],
  'a first process of 1970, as of a host whose clock was not set': () => [
    'UPDATE process SET startNs = 1000000000, endNs = 2000000000 WHERE id = (SELECT min(id) FROM process WHERE endNs IS NOT NULL)',
    'INSERT OR REPLACE INTO host SELECT 1000000000, cpuSome, memorySome, memoryFull, ioSome, ioFull, memoryTotalBytes, memoryAvailableBytes, swapUsedBytes, load1, oomKills FROM host LIMIT 1',
    'UPDATE profile SET fromNs = 1000000000, toNs = 11000000000 WHERE id = (SELECT min(id) FROM profile)',
  ],
  'samples that are 60 MB of zeros, packed, in a thousand parts': () => [
    `UPDATE profile SET entries = ${bomb(20_000_000)}`,
    `${many(1000)} INSERT INTO profile (fromNs, toNs, frequencyHz, samples, lost, entries) SELECT fromNs, toNs, 19, 1, 0, entries FROM profile, more`,
  ],
  'two million samples in each of thirty parts': () => [
    `UPDATE profile SET entries = ${bomb(2_000_000)}`,
    `${many(30)} INSERT INTO profile (fromNs, toNs, frequencyHz, samples, lost, entries) SELECT fromNs, toNs, 19, 1, 0, entries FROM profile, more`,
  ],
  'stacks of thirty million frames': () => [
    "UPDATE stack SET frames = CAST(replace(hex(zeroblob(15000000)), '0', '1,') AS BLOB) WHERE id = (SELECT min(id) FROM stack)",
    "UPDATE stack SET frames = CAST(replace(hex(zeroblob(30000)), '0', '1,') AS BLOB) WHERE id > (SELECT min(id) FROM stack)",
  ],
  'a text of 50 MB that every process has as its name, its arguments and its cgroup': () => [
    `UPDATE text SET value = json_array(replace(hex(zeroblob(25000000)), '0', 'a')) WHERE id = (SELECT min(id) FROM text)`,
    'UPDATE process SET comm = (SELECT min(id) FROM text), argv = (SELECT min(id) FROM text), cgroup = (SELECT min(id) FROM text)',
  ],
  'arguments of a hundred thousand characters, of each of 2,000 processes': () => [
    `UPDATE text SET value = json_array(replace(hex(zeroblob(50000)), '0', 'a')) WHERE id = (SELECT argv FROM process WHERE argv IS NOT NULL LIMIT 1)`,
    'UPDATE process SET argv = (SELECT argv FROM process WHERE argv IS NOT NULL LIMIT 1)',
    `${many(40)} INSERT INTO process (parent, boot, pid, ppid, startTime, startNs, endNs, comm, argv, filename, uid, execs, exitCode) SELECT parent, boot, pid + n, ppid, startTime + n, startNs + n, endNs, comm, argv, filename, uid, execs, exitCode FROM process, more LIMIT 2000`,
  ],
  'a cgroup of each of 200,000 names': () => [
    `${many(200_000)} INSERT INTO text (digest, used, value) SELECT n, 0, '/' || ${ESCAPES} || n FROM more`,
    `INSERT INTO cgroup_state SELECT (SELECT max(startNs) FROM process), id, 1, 2, 3, 4 FROM text`,
  ],
  'processes that are each other’s parents, and their own': () => [
    'UPDATE process SET parent = (SELECT max(id) FROM process) - id + 1, ppid = pid',
  ],
};

for (const [what, questions] of Object.entries(KINDS))
  faultRow(
    {
      area,
      what: `${what}: a store of somebody else`,
      holds: 'each form of history, top and serve answer or say so, in bounds, and SIGTERM ends it',
      times: [what.includes('146 years') ? 1 : 0, 1],
      timeoutMs: 600_000,
    },
    () => expectShown(storeAfter(...questions())),
  );

/** Questions of a person that a tree without an end would hold, too. */
const WHOLE_TABLES = [
  'SELECT count(*) FROM process WHERE pid > 0',
  'SELECT * FROM image ORDER BY comm',
  // By the smallest of its trees: a minute where that is the one without an end.
  ...(IS_LONG ? ['SELECT count(*) FROM process', 'SELECT count(*) FROM failure'] : []),
];

for (const [what, change] of Object.entries(CIRCLES))
  faultRow(
    {
      area,
      what: `${what}: a store of somebody else`,
      holds:
        'each form of history, top, serve and an agent answer or say so, in bounds, and SIGTERM ends them',
      times: [what.includes('births') ? 1 : 0, 1],
      timeoutMs: 600_000,
    },
    async () => {
      const store = storeAfter(...ROWS);
      change(join(store, FILE));
      if (IS_LONG) await expectShown(store);
      else
        for (const args of [
          ['history', '--store', store, '--summary'],
          ['top', '--store', store, '--screen-reader'],
        ])
          expectBounded(args, await watched(args));
      for (const question of WHOLE_TABLES)
        await expectEnded(['history', 'sql', '--store', store, question]);
      await using agent = new Waggle(['agent', '--store', store]);
      await agent.says(/^waggle: ready/m);
      expect((await agent.stop('SIGTERM')).code).toBe(0);
      const { code } = await Waggle.run(['history', '--store', store, '--limit', '1']);
      expect(code).toBe(0);
    },
  );

faultRow(
  {
    area,
    what: 'tables that are views, virtual tables and computed columns: a store of somebody else, shown',
    holds: 'refused in words at once by history, top and serve; views of the file are not asked',
    times: [1, 3],
  },
  async () => {
    const endless =
      'WITH RECURSIVE more(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM more) SELECT n AS id, n AS pid, n AS startNs FROM more';
    for (const question of [
      ['DROP TABLE process', `CREATE VIEW process AS ${endless}`],
      ['DROP TABLE meta', 'CREATE VIEW meta AS SELECT randomblob(1000000000) AS key, 1 AS value'],
      ['DROP TABLE text', 'CREATE VIRTUAL TABLE TEXT USING fts5(id, value)'],
      ['ALTER TABLE process ADD COLUMN x AS (zeroblob(1000000000))'],
    ]) {
      const store = storeAfter('DROP VIEW processes', ...question);
      const asked = [...questionsOf(store, store), ['serve', '--store', store]];
      for (const args of IS_LONG ? asked : [asked[0] ?? [], ...asked.slice(-2)]) {
        const { code, stderr } = await Waggle.run(args);
        expect({ args, code, stderr }).toEqual({
          args,
          code: 1,
          stderr: expect.stringMatching(/^waggle: .* is no store of an agent: /),
        });
      }
    }
    const views = ['processes', 'failed_execs', 'cgroups'];
    const store = storeAfter(
      ...views.flatMap((name) => [`DROP VIEW ${name}`, `CREATE VIEW ${name} AS ${endless}`]),
    );
    const out = join(store, 'out.jsonl');
    const shown = await Waggle.run(['history', '--store', store, '-o', out]);
    expect({ code: shown.code, isThere: existsSync(out) }).toEqual({ code: 0, isThere: true });
    await expectServed(store);
  },
);
