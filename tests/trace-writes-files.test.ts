// `trace -o FILE`: each format has every event that --json has, files are whole at the end however it ends,
// marked where it was killed, and a disk that is full stops nothing but its own file.
// Runs beside others.

import { Database } from 'bun:sqlite';
import { afterAll, describe, expect } from 'bun:test';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { eventually } from './support/deadline.ts';
import { isExec, isExit, type TraceEvent } from './support/events.ts';
import { kernelTest } from './support/kernel-test.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

const root = freshFolder();
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;
function folder(): string {
  const path = join(root, `f${folders++}`);
  mkdirSync(path);
  return path;
}

const eventsIn = (path: string): TraceEvent[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

const count = (database: Database, table: string): number =>
  (database.query(`SELECT count(*) AS n FROM ${table}`).get() as { n: number }).n;

/** Fails, is not found, is killed, and works, some times each. */
const MIXED =
  'for n in 1 2 3 4 5; do /bin/true $n; /bin/false; done; sh -c "kill -9 \\$\\$"; /no/such; true';

/** 2,000 short programs. */
const STORM = [workload('storm'), '2000', '0', workload('exit_with')];

describe('every event is in every format', () => {
  kernelTest('as --json has it', async () => {
    const at = folder();
    const [lines, table, database] = ['e.jsonl', 'e.csv', 'e.db'].map((name) => join(at, name));
    const args = ['--json', '-o', lines!, '-o', table!, '-o', database!];
    const { code, events, stderr } = await Waggle.run([
      ...['trace', '--events', 'fork,exec,exit,failed-exec', ...args],
      ...['--', 'sh', '-c', MIXED],
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('written to') });
    expect(readdirSync(at).sort()).toEqual(['e.csv', 'e.db', 'e.jsonl']);
    for (const path of [lines, table, database]) expect(statSync(path!).mode & 0o777).toBe(0o600);
    expect(eventsIn(lines!)).toEqual([...events]);

    const sums = { exec: 0, exit: 0, failed: 0, lifetime: 0n };
    for (const event of events) {
      if (isExec(event)) sums.exec++;
      if (!isExit(event)) continue;
      sums.exit++;
      sums.lifetime += BigInt(event.lifetimeNs);
      if (event.exitCode !== 0 || event.signal !== null) sums.failed++;
    }
    using sql = new Database(database!, { readonly: true, safeIntegers: true });
    expect(
      sql.query('SELECT count(*) AS exit, sum(lifetimeNs) AS lifetime FROM exit').get(),
    ).toEqual({ exit: BigInt(sums.exit), lifetime: sums.lifetime });
    expect(
      sql.query('SELECT count(*) AS n FROM exit WHERE exitCode <> 0 OR signal IS NOT NULL').get(),
    ).toEqual({ n: BigInt(sums.failed) });
    expect(count(sql, 'exec')).toEqual(BigInt(sums.exec) as unknown as number);
    expect(sql.query('SELECT complete FROM recording').get()).toEqual({ complete: 1n });

    const script =
      'import csv,json,sys; rows=list(csv.DictReader(open(sys.argv[1],newline=""))); ' +
      'print(json.dumps([[r["event"],r["pid"],r["lifetimeNs"],json.loads(r["argv"] or "null")] for r in rows]))';
    const python = Bun.spawnSync(['python3', '-c', script, table!]);
    expect(JSON.parse(python.stdout.toString())).toEqual(
      events.map((event) => [
        event.event,
        'pid' in event ? String(event.pid) : '',
        'lifetimeNs' in event ? event.lifetimeNs : '',
        'argv' in event ? event.argv : null,
      ]),
    );
  });

  kernelTest('and convert makes the same files of a recording', async () => {
    const at = folder();
    const recording = join(at, 'e.jsonl');
    await Waggle.run(['trace', '-o', recording, '--', 'sh', '-c', MIXED]);
    const text = readFileSync(recording, 'utf8');
    writeFileSync(recording, `not ours\n${text}{"event":"exec","ti`);
    const [again, database, table] = ['a.jsonl', 'a.db', 'a.csv'].map((name) => join(at, name));
    const { code, stderr } = await Waggle.run(['convert', recording, again!, database!, table!]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/1 line left out/) });
    expect(stderr).toMatch(/the last line is cut/);
    expect(readFileSync(again!, 'utf8')).toBe(text);
    using sql = new Database(database!, { readonly: true });
    expect(count(sql, 'exec')).toBe(eventsIn(again!).filter(isExec).length);
    const piped = Bun.spawnSync(['sh', '-c', `cat ${again} | ./waggle convert - ${table}`], {
      cwd: join(import.meta.dir, '..'),
    });
    expect(piped.exitCode).toBe(0);
  });
});

describe('the end', () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    kernelTest(`${signal}: whole, in their places`, async () => {
      const at = folder();
      const [lines, database] = [join(at, 'e.jsonl'), join(at, 'e.db')];
      await using waggle = new Waggle(['trace', '-o', lines, '-o', database]);
      await waggle.says(/^waggle: ready/m);
      Bun.spawnSync(['/bin/true', 'marked']);
      const marked = () =>
        readdirSync(at).some((name) => {
          const path = join(at, name);
          return name === 'e.jsonl.partial' && readFileSync(path, 'utf8').includes('marked');
        });
      await eventually('the event in the growing file', marked);
      const { code, stdout } = await waggle.stop(signal);
      expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
      expect(readdirSync(at).sort()).toEqual(['e.db', 'e.jsonl']);
      expect(
        eventsIn(lines)
          .filter(isExec)
          .some(({ argv }) => argv[1] === 'marked'),
      ).toBe(true);
      using sql = new Database(database, { readonly: true });
      expect(sql.query("SELECT pid FROM exec WHERE argv LIKE '%marked%'").all()).toHaveLength(1);
    });

  kernelTest('SIGKILL: what was there stays, what came is marked and readable', async () => {
    const at = folder();
    const [lines, database] = [join(at, 'e.jsonl'), join(at, 'e.db')];
    writeFileSync(lines, 'from before');
    await using waggle = new Waggle(['trace', '-o', lines, '-o', database]);
    await waggle.says(/^waggle: ready/m);
    Bun.spawnSync(['/bin/true', 'marked']);
    const partial = join(at, 'e.db.partial/e.db');
    await eventually('the commit', () => {
      using sql = new Database(partial, { readonly: true });
      // It may be at a commit.
      sql.run('PRAGMA busy_timeout = 5000');
      return sql.query("SELECT pid FROM exec WHERE argv LIKE '%marked%'").all().length === 1;
    });
    await waggle.stop('SIGKILL');
    expect(readFileSync(lines, 'utf8')).toBe('from before');
    expect(readdirSync(at).sort()).toEqual(['e.db.partial', 'e.jsonl', 'e.jsonl.partial']);
    using sql = new Database(partial);
    expect(sql.query('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    expect(sql.query('SELECT complete FROM recording').get()).toEqual({ complete: 0 });
    const made = join(at, 'made.csv');
    const { code } = await Waggle.run(['convert', join(at, 'e.jsonl.partial'), made]);
    expect(code).toBe(0);
    expect(readFileSync(made, 'utf8')).toContain('marked');

    // The next recording writes over none of it.
    const next = await Waggle.run(['trace', '-o', lines, '--', '/bin/true', 'next']);
    expect(next.code).toBe(0);
    expect(readFileSync(lines, 'utf8')).toContain('next');
    expect(readFileSync(join(at, 'e.jsonl.partial'), 'utf8')).toContain('marked');
  });

  kernelTest('pieces by size, the oldest removed', async () => {
    const at = folder();
    const { code, stderr } = await Waggle.run([
      ...['trace', '-o', join(at, 'e.jsonl'), '--rotate', '64K', '--keep', '3'],
      ...['--', ...STORM],
    ]);
    expect(code).toBe(0);
    const names = readdirSync(at).sort();
    expect(names).toHaveLength(3);
    for (const name of names) {
      expect(name).toMatch(/^e\.\d{4}\.jsonl$/);
      expect(eventsIn(join(at, name)).length).toBeGreaterThan(0);
    }
    const numbers = names.map((name) => Number(name.slice(2, 6)));
    expect(numbers[2]! - numbers[0]!).toBe(2);
    expect(numbers[0]).toBeGreaterThan(1);
    expect(stderr).toContain(`written to ${join(at, names[0]!)} to ${join(at, names[2]!)}\n`);
  });
});

describe('converted back', () => {
  kernelTest(
    'a table and a database give the events of the lines; pages and traces do not',
    async () => {
      const at = folder();
      const [lines, table, database, page, trace] = [
        'e.jsonl',
        'e.csv',
        'e.db',
        'e.html',
        'e.pftrace',
      ].map((name) => join(at, name));
      const outputs = [lines!, table!, database!, page!, trace!].flatMap((path) => ['-o', path]);
      await Waggle.run(['trace', ...outputs, '--', 'sh', '-c', MIXED]);
      const events = eventsIn(lines!);
      expect(events.filter(isExit).length).toBeGreaterThan(10);
      for (const from of [table!, database!]) {
        const to = `${from}.jsonl`;
        const { code, stderr } = await Waggle.run(['convert', from, to]);
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
        // What is null may be left out.
        expect(eventsIn(to).map(withoutNulls)).toEqual(events.map(withoutNulls));
        const picture = `${from}.html`;
        expect((await Waggle.run(['convert', from, picture])).code).toBe(0);
        expect(readFileSync(picture, 'utf8')).toBe(readFileSync(page!, 'utf8'));
      }
      for (const from of [page!, trace!]) {
        const { code, stderr } = await Waggle.run(['convert', from, join(at, 'x.jsonl')]);
        expect({ code, stderr }).toEqual({
          code: 2,
          stderr: expect.stringContaining('cannot be converted back'),
        });
      }
    },
  );
});

const withoutNulls = (event: TraceEvent): object =>
  Object.fromEntries(Object.entries(event).filter(([, value]) => value !== null));

describe('what cannot be written', () => {
  kernelTest('is said before anything starts', async () => {
    const at = folder();
    const mark = join(at, 'ran');
    const link = join(at, 'link.jsonl');
    symlinkSync('/no/such/folder/x', link);
    const pipe = join(at, 'pipe.csv');
    expect(Bun.spawnSync(['mkfifo', pipe]).exitCode).toBe(0);
    for (const [args, expected, why] of [
      [['-o', join(at, 'x.pdf')], 2, /known are \.jsonl, \.csv/],
      [['-o', join(at, 'x')], 2, /no format of events/],
      [['-o', join(at, 'x.db'), '--rotate', '100M'], 2, /--rotate is for/],
      [['-o', join(at, 'x.jsonl'), '--rotate', '10'], 2, /size from 64K/],
      [['-o', ''], 2, /needs a name/],
      [['-o', pipe, '--rotate', '64K'], 1, /is no file/],
      [['-o', '/proc/x.html'], 1, /its directory takes no new files/],
      [['-o', join(at, 'no/x.jsonl')], 1, /there is no directory/],
      [['-o', link], 1, /there is no directory/],
      [['-o', join(at, 'ok.jsonl'), '-o', join(at, 'no/x.db')], 1, /there is no directory/],
    ] as const) {
      const { code, stderr } = await Waggle.run(['trace', ...args, '--', 'touch', mark]);
      expect({ code, stderr }).toEqual({ code: expected, stderr: expect.stringMatching(why) });
      expect(existsSync(mark)).toBe(false);
    }
    expect(readdirSync(at).sort()).toEqual(['link.jsonl', 'pipe.csv']);
  });

  kernelTest('from a folder that is gone, a name alone', async () => {
    const at = join(folder(), 'gone');
    const program = join(import.meta.dir, '../packages/cli/src/main.ts');
    const started = `rmdir "$PWD" && exec "$@"`;
    for (const output of ['x.jsonl', 'x.folded']) {
      mkdirSync(at, { recursive: true });
      const { exitCode, stderr } = Bun.spawnSync(
        [
          ...['sh', '-c', started, 'sh', process.execPath, program],
          ...[output.endsWith('l') ? 'trace' : 'record', '-o', output, '--', 'true'],
        ],
        { cwd: at },
      );
      expect(exitCode).toBe(1);
      expect(stderr.toString()).toContain(
        `${output} cannot be written: the working directory is gone`,
      );
    }
  });

  kernelTest('a full disk: the others go on, and what is short is counted', async () => {
    const disk = folder();
    const mounted = Bun.spawnSync(['mount', '-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk]);
    expect(mounted.exitCode).toBe(0);
    try {
      chmodSync(disk, 0o755);
      const whole = join(folder(), 'e.jsonl');
      const short = join(disk, 'e.jsonl');
      const { code, stderr } = await Waggle.run([
        ...['trace', '-o', short, '-o', whole, '--', ...STORM],
      ]);
      expect(code).toBe(1);
      expect(stderr).toContain(`${short} cannot be written: no space is left`);
      const missing = Number(/e\.jsonl short by (\d+) events/.exec(stderr)?.[1]);
      expect(missing).toBeGreaterThan(0);
      const all = eventsIn(whole);
      const kept = eventsIn(short);
      expect(kept).toEqual(all.slice(0, kept.length));
      expect(kept.length + missing).toBe(all.length);
      // Nothing was lost for it.
      expect(all.filter(isExit).length).toBeGreaterThanOrEqual(2000);
    } finally {
      Bun.spawnSync(['umount', disk]);
    }
  });
});

kernelTest(
  'of every format what was written to a full disk can be read, and is counted',
  async () => {
    const at = folder();
    const whole = join(at, 'e.jsonl');
    const disks = ['csv', 'db', 'pftrace', 'html'].map((format) => ({
      format,
      disk: folder(),
    }));
    try {
      for (const { disk } of disks) {
        const mounted = Bun.spawnSync(['mount', '-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk]);
        expect(mounted.exitCode).toBe(0);
        chmodSync(disk, 0o755);
      }
      const outputs = disks.flatMap(({ format, disk }) => ['-o', join(disk, `e.${format}`)]);
      const { code, stderr } = await Waggle.run(['trace', '-o', whole, ...outputs, '--', ...STORM]);
      expect(code).toBe(1);
      const all = eventsIn(whole);
      expect(all.filter(isExit).length).toBeGreaterThanOrEqual(2000);
      for (const { format, disk } of disks) {
        const path = join(disk, `e.${format}`);
        const missing = Number(
          new RegExp(`e\\.${format} short by (\\d+) events`).exec(stderr)?.[1],
        );
        expect(missing).toBeGreaterThan(0);
        const kept = all.length - missing;
        expect(kept).toBeGreaterThan(0);
        const left = `${path}: ${readdirSync(disk)}`;
        if (format === 'csv' || format === 'db') {
          const back = join(at, `${format}.jsonl`);
          const converted = await Waggle.run(['convert', path, back]);
          expect({ left, code: converted.code }).toEqual({ left, code: 0 });
          expect(eventsIn(back).map(withoutNulls)).toEqual(all.slice(0, kept).map(withoutNulls));
        }
        if (format === 'pftrace') expect(packetsIn(path)).toBeGreaterThan(kept);
        // A page is made at the end: on a full disk its events are there, and there is room elsewhere.
        if (format === 'html' && !existsSync(path)) {
          const remains = join(
            disk,
            readdirSync(disk).find((name) => name.includes('partial')) ?? '',
          );
          expect(eventsIn(remains)).toEqual(all.slice(0, kept));
        }
      }
    } finally {
      for (const { disk } of disks) Bun.spawnSync(['umount', disk]);
    }
  },
);

function packetsIn(path: string): number {
  const schema = join(import.meta.dir, '../packages/timeline/test/fixtures/perfetto/schema.json');
  const Trace = protobuf.Root.fromJSON(JSON.parse(readFileSync(schema, 'utf8'))).lookupType(
    'Trace',
  );
  const { packet } = Trace.toObject(Trace.decode(readFileSync(path))) as {
    packet: readonly object[];
  };
  return packet.length;
}

describe('standard output', () => {
  kernelTest("is the command's own with -o FILE; with -o - it has the table too", async () => {
    const at = folder();
    const file = join(at, 'e.jsonl');
    const own = await Waggle.run(['trace', '-o', file, '--', 'echo', 'mine']);
    expect(own.stdout).toBe('mine\n');
    const both = await Waggle.run(['trace', '-o', '-', '-o', file, '--', 'echo', 'mine']);
    expect(both.stdout).toMatch(/^TIME +EVENT/);
    expect(both.stderr).toContain('mine');
    expect(eventsIn(file).filter(isExec).length).toBeGreaterThan(0);
  });
});
