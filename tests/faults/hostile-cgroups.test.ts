// Cgroups that somebody names, makes by the thousand and nests, and names and arguments that are no text, beside an
// agent: it takes no longer for them, has what others take, and whatever shows it (tables, JSON, Parquet) has it whole.

import { Database } from 'bun:sqlite';
import { expect } from 'bun:test';
import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { rowsOfParquet } from '../../packages/cli/test/read-parquet.ts';
import { cgroupMount, firstCgroupMount } from '../support/cgroups.ts';
import { faultRow } from '../support/fault-row.ts';
import { cpuMilliseconds, run, TestProcess } from '../support/processes.ts';
import { Waggle } from '../support/waggle.ts';
import { freshFolder, workload } from '../support/workloads.ts';

const area = 'stores';
const mount = cgroupMount('v2') ?? firstCgroupMount('cpuacct', 'memory');
/** A line feed is the only character besides the slash that the kernel takes in no name. */
const NAMES = [
  '\u001b[2J\u001b]0,title\u0007',
  '\u009b31m\u202egnp\u2028',
  '<img src=x onerror=alert(1)>',
  `' OR 1=1 --`,
  '%s%n "quoted" \\',
  'é'.repeat(127),
  `memory.max of nobody${'\t'.repeat(100)}`,
] as const;
const SIBLINGS = 1500;
const DEEP = 60;
/** A look at most a thousand cgroups, each ten seconds: some 20 ms. */
const SECONDS = 23;
const MAX_CPU_MS = 12_000;
const CONTROLS =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

/** Cgroups for as long as the scope lasts. */
class Cgroups implements Disposable {
  readonly #made: (string | Buffer)[] = [];

  add(path: string | Buffer): void {
    mkdirSync(path);
    this.#made.push(path);
  }

  [Symbol.dispose](): void {
    for (const path of this.#made.reverse()) rmdirSync(path);
  }
}

/** What burns in a cgroup, by a shell that moves itself there. */
const burnIn = (path: string): TestProcess =>
  new TestProcess([
    ...['sh', '-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', path],
    ...[workload('burn_in_2'), '60000'],
  ]);

if (mount !== undefined)
  faultRow(
    {
      area,
      what: `${SIBLINGS} cgroups, a chain of ${DEEP}, and names that are escapes, markup, SQL and no text, beside an agent`,
      holds:
        'it takes no more time, has what others’ cgroups took, and no escape gets to a terminal',
      times: [1, 3],
    },
    async (round) => {
      const folder = freshFolder();
      const store = join(folder, 'store');
      using cgroups = new Cgroups();
      const honest = join(mount, `waggle-honest-${process.pid}-${round}`);
      cgroups.add(honest);
      const base = join(mount, `waggle-hostile-${process.pid}-${round}`);
      cgroups.add(base);
      // As far from the root as those many, below another parent.
      const named = join(mount, `waggle-hostile-names-${process.pid}-${round}`);
      cgroups.add(named);
      for (const name of NAMES) cgroups.add(join(named, name));
      cgroups.add(
        Buffer.concat([Buffer.from(`${base}/no text `), Buffer.from([0xff, 0xfe, 0x1b])]),
      );
      for (let index = 0; index < SIBLINGS; index++) cgroups.add(join(base, `of-many-${index}`));
      for (let deep = join(base, 'deep'), depth = 0; depth < DEEP; depth++, deep += '/deep')
        cgroups.add(deep);
      await using agent = new Waggle(['agent', '--store', store]);
      await agent.says(/^waggle: ready/m);
      const before = cpuMilliseconds(agent.pid);
      {
        await using burning = new AsyncDisposableStack();
        for (const path of [honest, ...NAMES.map((name) => join(named, name))])
          burning.use(burnIn(path));
        await Bun.sleep(SECONDS * 1000);
      }
      expect(cpuMilliseconds(agent.pid) - before).toBeLessThan(MAX_CPU_MS);
      const { code, stderr } = await agent.stop('SIGTERM');
      expect({ code, warnings: stderr.match(/warning.*/g) }).toEqual({ code: 0, warnings: null });

      using database = new Database(join(store, 'waggle.db'), { readonly: true });
      expect(database.query('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
      const summed = database
        .query('SELECT cgroup, sum(cpuNs) / 1000000 AS ms FROM cgroups GROUP BY cgroup')
        .all() as { readonly cgroup: string; readonly ms: number }[];
      const took = new Map(summed.map(({ cgroup, ms }) => [cgroup, ms]));
      expect(took.get(honest.slice(mount.length))).toBeGreaterThan(100);
      for (const name of NAMES)
        expect({ name, ms: took.get(join(named, name).slice(mount.length)) }).toEqual({
          name,
          ms: expect.any(Number),
        });
      for (const args of [
        ['history', '--summary'],
        ['history', '--summary', '--json'],
        ['history', 'sql', 'SELECT * FROM cgroups'],
        ['top', '--screen-reader'],
      ]) {
        const [command = '', ...rest] = args;
        const at = rest[0] === 'sql' ? 1 : 0;
        const all = [command, ...rest.slice(0, at), '--store', store, ...rest.slice(at)];
        const shown = await Waggle.run(all);
        expect({ args, code: shown.code, found: CONTROLS.exec(shown.stdout)?.[0] }).toEqual({
          ...{ args, code: 0, found: undefined },
        });
      }
    },
  );

/** As a shell's $'…'. */
const WORDS = [
  String.raw`\xff\xfe\xc0\xaf`,
  String.raw`\x1b[2J\x9b31m`,
  String.raw`\xed\xa0\x80 half of a pair`,
  String.raw`PAR1"}],\\u0000`,
  String.raw`\xf0\x9f\x90\x9d bee`,
  '',
];

faultRow(
  {
    area,
    what: 'programs whose names and arguments are no UTF-8, halves of pairs, escapes and very long, kept by an agent',
    holds: 'Parquet, JSON and CSV have the same rows, and each of them can be read',
    times: [1, 5],
  },
  async (round) => {
    const folder = freshFolder();
    const store = join(folder, 'store');
    const mark = `hostile${process.pid}r${round}`;
    await using agent = new Waggle(['agent', '--store', store, '--reveal']);
    await agent.says(/^waggle: ready/m);
    const words = WORDS.map((word) => `$'${word.replaceAll("'", String.raw`\'`)}'`).join(' ');
    const script = [
      `(exec -a $'\\x1b[31m\\xff' "$0" --id=3 ${mark} ${words})`,
      `(exec -a "" "$0" --id=0 ${mark} "$(head -c 120000 /dev/zero | tr '\\0' '\\033')")`,
      `(exec "$0" --id=0 ${mark} $(seq 1 3000))`,
      `(exec -a ${mark} $'/none/\\xff\\x1b' ${mark} ${words}) 2>/dev/null`,
      'true',
    ];
    await run('bash', '-c', script.join('; '), workload('exit_with'));
    expect((await agent.stop('SIGTERM')).code).toBe(0);
    const path = join(folder, 'out.parquet');
    const other = join(folder, 'out.csv');
    const exported = ['history', '--store', store, '-o', path, '-o', other];
    expect((await Waggle.run(exported)).code).toBe(0);
    const { stdout } = await Waggle.run(['history', '--store', store, '--json']);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; argv: string[] | null; comm: string });
    const rows = await rowsOfParquet(path);
    const shape = ({ event, comm, argv }: { event: string; comm: string; argv: unknown }) =>
      JSON.stringify([event, comm, argv]);
    expect(
      rows.map((row) => {
        const { event, comm, argv } = row as { event: string; comm: string; argv: string | null };
        return shape({ event, comm, argv: argv === null ? null : JSON.parse(argv) });
      }),
    ).toEqual(lines.map(shape));
    const ours = lines.filter(({ argv }) => argv?.some((word) => word.includes(mark)));
    expect(ours.length).toBeGreaterThanOrEqual(4);
    const table = await Waggle.run(['history', '--store', store]);
    expect(CONTROLS.exec(table.stdout)?.[0]).toBeUndefined();
    expect(readFileSync(other, 'utf8').split('\n').length).toBeGreaterThan(ours.length);
  },
);
