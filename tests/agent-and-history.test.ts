// `waggle agent` on the real kernel, and what `waggle history` says of it afterwards.

import { describe, expect } from 'bun:test';
import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupMount, firstCgroupMount, newCgroup } from './support/cgroups.ts';
import { eventually } from './support/deadline.ts';
import { parseFolded, samplesWith } from './support/folded.ts';
import { kernelTest } from './support/kernel-test.ts';
import { exitCodeOf, run } from './support/processes.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

interface Line {
  readonly event: 'process' | 'failed-exec';
  readonly pid: number;
  readonly ppid: number;
  readonly comm: string;
  readonly argv: readonly string[] | null;
  readonly exitCode?: number | null;
  readonly signal?: string | null;
  readonly error?: string;
  readonly lifetimeNs?: string | null;
  readonly userNs?: string;
  readonly maxRssBytes?: string;
  readonly end?: string | null;
}

/** An agent that keeps what happens. */
async function agent(store: string, ...args: string[]): Promise<Waggle> {
  const waggle = new Waggle(['agent', '--store', store, ...args]);
  await waggle.says(/^waggle: ready/m);
  return waggle;
}

async function history(store: string, ...args: string[]): Promise<Line[]> {
  const { code, stdout, stderr } = await Waggle.run([
    ...['history', '--store', store, '--json'],
    ...args,
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

const withMark = (lines: readonly Line[], mark: string) =>
  lines.filter(({ argv }) => argv?.some((word) => word.includes(mark)) === true);

describe('waggle agent', () => {
  kernelTest('keeps every process of a script with its arguments, outcome and use', async () => {
    const store = join(freshFolder(), 'store');
    await using waggle = await agent(store);
    const mark = `mark${process.pid}`;
    const script = `
      "$0" --id=7 ${mark}a; "$0" --id=0 ${mark}b; sh -c 'kill -9 $$' ${mark}c; /nonexistent/x ${mark}d; "$1" 40 ${mark}e; true`;
    await run('sh', '-c', script, workload('exit_with'), workload('burn_in_1'));
    const { code } = await waggle.stop('SIGTERM');
    expect(code).toBe(0);
    const lines = withMark(await history(store), mark);
    const of = (name: string) =>
      lines.filter(({ argv }) => argv?.at(-1) === mark + name && argv.length < 6);
    expect(of('a')).toMatchObject([{ event: 'process', exitCode: 7, signal: null }]);
    expect(of('b')).toMatchObject([{ event: 'process', exitCode: 0, comm: 'exit_with' }]);
    expect(of('c')).toMatchObject([{ event: 'process', signal: 'SIGKILL' }]);
    expect(of('d').filter(({ event }) => event === 'failed-exec')).toMatchObject([
      { error: 'ENOENT', argv: ['/nonexistent/x', `${mark}d`] },
    ]);
    const [burner] = of('e');
    expect(Number(burner?.userNs)).toBeGreaterThan(20e6);
    expect(Number(burner?.maxRssBytes)).toBeGreaterThan(100_000);
    expect(Number(burner?.lifetimeNs)).toBeGreaterThan(20e6);
    // All are below the shell of the script.
    expect(new Set([...of('a'), ...of('b'), ...of('e')].map(({ ppid }) => ppid)).size).toBe(1);
    const failed = withMark(await history(store, '--failed'), mark).map(({ argv }) => argv?.at(-1));
    expect(failed).toContain(`${mark}a`);
    expect(failed).toContain(`${mark}c`);
    expect(failed).toContain(`${mark}d`);
    expect(failed).not.toContain(`${mark}b`);
  });

  kernelTest('keeps a profile of the host that history cuts out by span and name', async () => {
    const store = join(freshFolder(), 'store');
    await using waggle = await agent(store, '-F', '499', '--max-cpu', '1000');
    await run(workload('burn_in_2'), '600');
    await waggle.stop('SIGINT');
    const result = await Waggle.run([
      ...['history', 'profile', '--store', store, '--since', '10m', '--comm', '^only_in_2$'],
    ]);
    expect({ code: result.code, stderr: result.stderr }).toEqual({ code: 0, stderr: '' });
    const stacks = parseFolded(result.stdout);
    expect(samplesWith(stacks, 'only_in_2')).toBeGreaterThan(100);
    expect(stacks.every(({ frames }) => frames[0] === 'only_in_2')).toBe(true);
    const out = join(freshFolder(), 'out.svg');
    const written = await Waggle.run(['history', 'profile', '--store', store, '-o', out]);
    expect(written.code).toBe(0);
    expect(statSync(out).size).toBeGreaterThan(1000);
  });

  kernelTest('says what has changed from one span to another', async () => {
    const store = join(freshFolder(), 'store');
    // What is over its budget, as on a busy host, has no profile.
    await using waggle = await agent(store, '-F', '199', '--max-cpu', '1000');
    const at = () => `@${(Date.now() / 1000).toFixed(3)}`;
    const begin = at();
    await run(workload('burn_in_2'), '800');
    // Spans are of ten seconds: the middle of one that has it is between the two moments.
    await Bun.sleep(15_000);
    const middle = at();
    // Until the end, and for more than half of a span: the last one has its middle behind that moment.
    const busy = Bun.spawn([workload('burn_in_3'), '60000']);
    await Bun.sleep(6000);
    await waggle.stop('SIGINT');
    busy.kill();
    const profile = (...args: string[]) =>
      Waggle.run(['history', 'profile', '--store', store, '--since', middle, ...args]);
    const { code, stdout, stderr } = await profile('--compare', `${begin}..${middle}`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/ -\d+\.\d only_in_2 /);
    expect(stdout).toMatch(/ \+\d+\.\d only_in_3 /);
    const nothing = await profile('--compare', '@1..@2');
    expect(nothing.code).toBe(1);
    expect(nothing.stderr).toContain('nothing was sampled in --compare');
    expect((await profile('--compare', '@2..@1')).code).toBe(2);
  });

  kernelTest('keeps no secrets, and its files are for its owner only', async () => {
    const store = join(freshFolder(), 'store');
    await using waggle = await agent(store, '--redact', 'shibboleth-\\w+');
    const secrets = ['hunter2', 'swordfish', 'shibboleth-xyzzy'];
    await run(workload('exit_with'), '--id=0', '--password', 'hunter2', '--seen', 'yes');
    await run(workload('exit_with'), '--id=0', 'DB_PASSWORD=swordfish', 'shibboleth-xyzzy');
    await waggle.stop('SIGTERM');
    const lines = await history(store, '--comm', '^exit_with$');
    expect(lines.map(({ argv }) => argv?.slice(2))).toContainEqual([
      '--password',
      '[redacted]',
      '--seen',
      'yes',
    ]);
    for (const name of readdirSync(store)) {
      const bytes = await Bun.file(join(store, name)).text();
      // The test itself has them in no command line: none is in the store.
      for (const secret of secrets) expect(bytes.includes(secret)).toBe(false);
      expect(statSync(join(store, name)).mode & 0o077).toBe(0);
    }
  });

  kernelTest('goes on after kills: no more than the last second is missing', async () => {
    const store = join(freshFolder(), 'store');
    for (let round = 0; round < 5; round++) {
      await using waggle = await agent(store);
      await exitCodeOf(workload('exit_with'), '--id=0', `round${round}`);
      const isWritten = async () =>
        withMark(await history(store, '--comm', 'exit_with'), `round${round}`).length > 0;
      const until = performance.now() + 60_000;
      while (!(await isWritten()) && performance.now() < until) await Bun.sleep(200);
      await waggle.stop('SIGKILL');
    }
    const lines = await history(store, '--comm', '^exit_with$');
    for (let round = 0; round < 5; round++)
      expect(withMark(lines, `round${round}`)).toMatchObject([{ exitCode: 0 }]);
    // This process ran all the time: it is one.
    const own = (await history(store)).filter(({ pid }) => pid === process.pid);
    expect(own.length).toBe(1);
    const { stdout } = await Waggle.run(['history', '--store', store, '--summary', '--json']);
    expect(JSON.parse(stdout).gaps.length).toBe(4);
  });

  kernelTest('answers Prometheus on loopback, and tells who is there at a moment', async () => {
    const store = join(freshFolder(), 'store');
    await using waggle = await agent(store, '--metrics', '127.0.0.1:0');
    const url = /http:\S+\/metrics/.exec(waggle.stderr)?.[0] ?? '';
    await exitCodeOf(workload('exit_with'), '--id=9');
    await eventually('the exit to be counted', async () => {
      const text = await (await fetch(url)).text();
      return Number(/waggle_exits_total\{outcome="failure"\} (\d+)/.exec(text)?.[1]) > 0;
    });
    const rebound = await fetch(url, { headers: { host: 'evil.example.org' } });
    expect(rebound.status).toBe(401);
    expect((await fetch(url.replace('metrics', 'health'))).status).toBe(200);
    const there = await history(store, '--at', 'now');
    expect(there.some(({ pid }) => pid === process.pid)).toBe(true);
    await waggle.stop('SIGTERM');
  });

  kernelTest('reads its file again on SIGHUP, and refuses what it does not know', async () => {
    const folder = freshFolder();
    const config = join(folder, 'agent.json');
    const store = join(folder, 'store');
    writeFileSync(config, JSON.stringify({ store, keep: '2d' }));
    await using waggle = new Waggle(['agent', '--config', config]);
    await waggle.says(/^waggle: ready.* for 48 h/m);
    writeFileSync(config, JSON.stringify({ store, kep: '3d' }));
    waggle.kill('SIGHUP');
    await waggle.says(/nothing is changed: .*there is no setting "kep"; did you mean "keep"\?/);
    writeFileSync(config, JSON.stringify({ store, keep: '3d' }));
    waggle.kill('SIGHUP');
    await waggle.says(/was read again/);
    await waggle.stop('SIGTERM');
  });

  kernelTest('waits for room on a full disk, says so, and loses nothing that fits', async () => {
    const disk = freshFolder();
    Bun.spawnSync(['mount', '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk]);
    try {
      await using waggle = await agent(join(disk, 'store'));
      writeFileSync(join(disk, 'filler'), Buffer.alloc(1_400_000));
      Bun.spawnSync(['sh', '-c', `cat /dev/zero > ${join(disk, 'more')}`]);
      for (let index = 0; index < 100; index++)
        await exitCodeOf(workload('exit_with'), '--id=0', `full${index}${'x'.repeat(6000)}`);
      await waggle.says(/the disk is full/);
      for (const name of ['filler', 'more']) rmSync(join(disk, name));
      await waggle.says(/written to again after .*; 0 rows are missing/);
      const { code } = await waggle.stop('SIGTERM');
      expect(code).toBe(0);
      const lines = await history(join(disk, 'store'), '--comm', '^exit_with$');
      expect(lines.filter(({ argv }) => argv?.[2]?.startsWith('full')).length).toBe(100);
    } finally {
      Bun.spawnSync(['umount', disk]);
    }
  });
});

describe('mistakes', () => {
  kernelTest('keeps what each cgroup takes', async () => {
    const hierarchy = firstCgroupMount('cpuacct') ?? cgroupMount('v2') ?? '/sys/fs/cgroup';
    const store = join(freshFolder(), 'store');
    await using cgroup = newCgroup(hierarchy, `waggle-agent-${process.pid}`);
    const path = cgroup.path.slice(hierarchy.length);
    await using waggle = await agent(store);
    await cgroup.run(workload('call_tree'), '300');
    const taken = async (): Promise<number> => {
      await Bun.sleep(2000);
      const { stdout } = await Waggle.run(['history', '--store', store, '--summary', '--json']);
      const { cgroups } = JSON.parse(stdout) as {
        readonly cgroups: readonly { readonly cgroup: string; readonly cpuNs: string }[];
      };
      return Number(cgroups.find((each) => each.cgroup === path)?.cpuNs ?? 0);
    };
    // Its time is looked at every ten seconds.
    await eventually('the cgroup in the summary', async () => (await taken()) > 250e6);
    expect(await taken()).toBeLessThan(600e6);
    const { stdout } = await Waggle.run(['history', '--store', store, '--summary']);
    await waggle.stop('SIGTERM');
    expect(stdout).toMatch(new RegExp(`^CGROUP +CPU +MEMORY[^]*^${path} `, 'm'));
  });

  kernelTest('a store that another agent holds is refused', async () => {
    const store = join(freshFolder(), 'store');
    await using waggle = await agent(store);
    const { code, stderr } = await Waggle.run(['agent', '--store', store]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/another waggle agent writes to the store/),
    });
    await waggle.stop('SIGTERM');
  });

  kernelTest('each says what is wrong, and ends as it should', async () => {
    const folder = freshFolder();
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const config = (text: string) => {
      const path = join(folder, `${Bun.hash(text)}.json`);
      writeFileSync(path, text);
      return path;
    };
    mkdirSync(join(folder, 'empty'));
    chmodSync(join(folder, 'empty'), 0o700);
    const cases: readonly (readonly [code: number, says: RegExp, ...args: string[]])[] = [
      [1, /no store can be kept in/, 'agent', '--store', file],
      [2, /Give an age from 1m on/, 'agent', '--keep', 'soon'],
      [2, /Give a size from 16M on/, 'agent', '--max-size', '1K'],
      [2, /Give per cent of one CPU/, 'agent', '--max-cpu', '0'],
      [2, /Give a size from 128M on/, 'agent', '--max-memory', '1M'],
      [2, /maxCpu has to be per cent of one CPU/, 'agent', '--config', config('{"maxCpu": "x"}')],
      [2, /did you mean "maxMemory"/, 'agent', '--config', config('{"maxmemory": "1G"}')],
      [2, /can be reached from other machines/, 'agent', '--metrics', '0.0.0.0:0'],
      [2, /cannot be read/, 'agent', '--config', join(folder, 'none.json')],
      [2, /it is no JSON/, 'agent', '--config', config('{')],
      [2, /keep has to be an age/, 'agent', '--config', config('{"keep": 7}')],
      [2, /expected an object/, 'agent', '--config', config('[]')],
      [1, /there is no store in/, 'history', '--store', join(folder, 'empty')],
      [2, /Give a time such as/, 'history', '--since', 'soon'],
      [1, /is later than --until/, 'history', '--since', '1m', '--until', '2m'],
      [2, /cannot be used with/, 'history', '--at', '1m', '--failed'],
      [2, /history is written as .parquet, .jsonl, .csv/, 'history', '-o', 'x.nothing'],
      [2, /cannot be used with/, 'history', '-o', 'x.parquet', '--at', '1m'],
      [2, /no format has this extension/, 'history', 'profile', '-o', 'x.nothing'],
    ];
    for (const [expected, says, ...args] of cases) {
      const { code, stderr } = await Waggle.run(args);
      expect({ args, code, stderr }).toEqual({
        args,
        code: expected,
        stderr: expect.stringMatching(says),
      });
    }
  });

  kernelTest(
    'history goes to files, and the newest of it to a terminal without reading the rest',
    async () => {
      const folder = freshFolder();
      const store = join(folder, 'store');
      await using waggle = await agent(store);
      const mark = `export${process.pid}`;
      for (const id of [3, 4, 5]) await exitCodeOf(workload('exit_with'), `--id=${id}`, mark);
      await waggle.stop('SIGTERM');
      const [parquet, lines] = ['parquet', 'jsonl'].map((ending) => join(folder, `out.${ending}`));
      const { code, stderr } = await Waggle.run([
        ...['history', '--store', store, '-o', parquet ?? '', '-o', lines ?? ''],
      ]);
      expect(code).toBe(0);
      expect(stderr).toMatch(/\d+ processes and failed execs in .*out\.parquet/);
      const all = await history(store);
      const written = (await Bun.file(lines ?? '').text())
        .split('\n')
        .filter((line) => line !== '');
      expect(written.map((line) => JSON.parse(line))).toEqual(all);
      const magic = (await Bun.file(parquet ?? '').bytes()).subarray(-4);
      expect(new TextDecoder().decode(magic)).toBe('PAR1');
      expect(statSync(parquet ?? '').mode & 0o077).toBe(0);
      const ofThese = ['history', '--store', store, '--comm', '^exit_with$'];
      const few = await Waggle.run([...ofThese, '--limit', '2']);
      expect(few.stdout.match(new RegExp(mark, 'g'))?.length).toBe(2);
      expect(few.stderr).toMatch(/older ones than these 2 are left out, and were not read/);
      const newest = await Waggle.run([...ofThese, '--limit', '2', '--json']);
      expect(
        newest.stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line).exitCode),
      ).toEqual([4, 5]);
    },
  );

  kernelTest('SQL that writes is refused; what is asked in SQL is answered', async () => {
    const store = join(freshFolder(), 'store');
    await using waggle = await agent(store);
    await waggle.stop('SIGTERM');
    const sql = (...args: string[]) => Waggle.run(['history', 'sql', '--store', store, ...args]);
    const written = await sql('DELETE FROM process');
    expect({ code: written.code, stderr: written.stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(/a store is only read/),
    });
    const count = await sql('--json', 'SELECT count(*) AS n FROM processes');
    expect(JSON.parse(count.stdout).n).toBeGreaterThan(1);
    const few = await sql('--limit', '2', 'SELECT pid FROM processes');
    expect(few.stdout.split('\n').length).toBe(4);
    expect(few.stderr).toMatch(/more than 2 rows/);
  });
});
