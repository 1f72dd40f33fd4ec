// Outputs of `waggle record`, its exit code, and that every way of ending it still writes them.

import { describe, expect } from 'bun:test';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ProcessMetadataCache } from '@waggle/cache';
import { eventually } from './support/deadline.ts';
import { parseFolded, samplesWith } from './support/folded.ts';
import { kernelTest, optionalKernelTest } from './support/kernel-test.ts';
import {
  cpuMilliseconds,
  descendantsOf,
  isAlive,
  statFields,
  TestProcess,
  untilBurned,
} from './support/processes.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

const burner = (milliseconds: number, ...more: string[]) => [
  workload('call_tree'),
  String(milliseconds),
  ...more,
];

/** Reads it as a browser would: with a parser that refuses what is not well-formed. */
function xmlProblem(path: string): string | undefined {
  const result = Bun.spawnSync(['xmllint', '--noout', '--nonet', path], { stderr: 'pipe' });
  return result.success ? undefined : result.stderr.toString();
}

describe('the outputs of record', () => {
  kernelTest('are all written when several are asked for', async () => {
    const folder = freshFolder();
    const paths = ['a.folded', 'b.svg', 'c.html'].map((name) => join(folder, name));
    const [folded = '', svg = '', html = ''] = paths;
    const outputs = paths.flatMap((path) => ['-o', path]);
    const args = ['record', '-F', '999', ...outputs, '--', ...burner(300)];
    const { code, stderr } = await Waggle.run(args);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^waggle: \d+ samples, 0 lost; written to .*a\.folded, .*b\.svg, .*c\.html$/m,
    );
    const stacks = parseFolded(await Bun.file(folded).text());
    expect(samplesWith(stacks, 'sixty')).toBeGreaterThan(100);
    const picture = await Bun.file(svg).text();
    expect(picture).toContain('sixty');
    expect(picture).toMatch(/<\/svg>\s*$/);
    const page = await Bun.file(html).text();
    expect(page).toContain('"sixty"');
    expect(page).toMatch(/<\/html>\s*$/);
  });

  kernelTest('say the same in every format, read back by convert', async () => {
    const folder = freshFolder();
    const path = (name: string) => join(folder, name);
    const outputs = ['a.folded', 'b.pb.gz', 'c.speedscope.json'].map(path);
    const { code } = await Waggle.run([
      ...['record', '-F', '999', ...outputs.flatMap((file) => ['-o', file])],
      ...['--', ...burner(300)],
    ]);
    expect(code).toBe(0);
    const folded = await Bun.file(path('a.folded')).text();
    expect(samplesWith(parseFolded(folded), 'sixty')).toBeGreaterThan(100);
    for (const file of outputs) {
      const converted = await Waggle.run([
        'convert',
        file,
        '-',
        path('again.svg'),
        path('again.html'),
      ]);
      expect(converted.code).toBe(0);
      expect(converted.stdout).toBe(folded);
      expect(existsSync(path('again.svg')) && existsSync(path('again.html'))).toBe(true);
    }
  });

  kernelTest('stand on what --group-by asks for', async () => {
    const program = workload('call_tree');
    const self = new ProcessMetadataCache({ capacity: 10 }).getOrLoad(process.pid);
    const roots = async (groupBy: string) => {
      const file = join(freshFolder(), 'grouped.folded');
      const twice = `${program} 150 & ${program} 150 & wait`;
      const { code, stderr } = await Waggle.run([
        ...['record', '-F', '999', '--group-by', groupBy, '-o', file, '--', 'sh', '-c', twice],
      ]);
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
      return parseFolded(readFileSync(file, 'utf8')).filter(({ frames }) =>
        frames.includes('work'),
      );
    };
    const byProcess = new Set((await roots('process')).map(({ frames }) => frames[0]));
    expect([...byProcess]).toEqual([
      expect.stringMatching(/^call_tree \(\d+\)$/),
      expect.stringMatching(/^call_tree \(\d+\)$/),
    ]);
    const byContainer = new Set(
      (await roots('container')).map(({ frames }) => frames.slice(0, 2).join()),
    );
    expect([...byContainer]).toEqual([`${self?.containerId?.slice(0, 12) ?? 'host'},call_tree`]);
    const byCgroup = new Set(
      (await roots('cgroup')).map(({ frames }) => frames.slice(0, 2).join()),
    );
    expect([...byCgroup]).toEqual([`${self?.cgroup},call_tree`]);
    const refused = await Waggle.run(['record', '--group-by', 'colour', '--', 'true']);
    expect({ code: refused.code, says: refused.stderr.includes('comm, process') }).toEqual({
      code: 2,
      says: true,
    });
  });

  kernelTest('cannot be converted from what is no profile, and it says why', async () => {
    const folder = freshFolder();
    const broken = join(folder, 'x.pb.gz');
    await Bun.write(broken, 'no profile');
    const failed = await Waggle.run(['convert', broken, '-']);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('not a pprof profile');
    const unknown = await Waggle.run(['convert', join(folder, 'x.svg'), '-']);
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain('.speedscope.json');
  });

  optionalKernelTest(
    '.svg are well-formed, with hostile names too',
    Bun.which('xmllint') === null ? 'xmllint is not installed' : undefined,
    async () => {
      const folder = freshFolder();
      const program = join(folder, '<&">\u0001]]>');
      await Bun.write(program, Bun.file(workload('call_tree')));
      Bun.spawnSync(['chmod', '755', program]);
      const svg = join(folder, 'flame.svg');
      const { code } = await Waggle.run(['record', '-F', '999', '-o', svg, '--', program, '200']);
      expect(code).toBe(0);
      expect(xmlProblem(svg)).toBeUndefined();
    },
  );

  kernelTest('go to flame.svg when none is asked for', async () => {
    const cwd = freshFolder();
    const { code, stderr } = await Waggle.run(['record', '--', ...burner(100)], { cwd });
    expect(code).toBe(0);
    expect(stderr).toContain('flame.svg');
    expect(await Bun.file(join(cwd, 'flame.svg')).text()).toContain('<svg');
  });

  kernelTest('are folded stacks on standard output with -o -, and nothing else', async () => {
    const args = ['record', '-F', '999', '-o', '-', '--', ...burner(300)];
    const { code, stdout } = await Waggle.run(args);
    expect(code).toBe(0);
    // The command prints a number of its own, which must not get between the stacks.
    expect(samplesWith(parseFolded(stdout), 'sixty')).toBeGreaterThan(100);
  });

  kernelTest('leave the standard output of the command alone otherwise', async () => {
    const file = join(freshFolder(), 'profile.folded');
    const { stdout } = await Waggle.run(['record', '-o', file, '--', 'echo', 'said']);
    expect(stdout).toBe('said\n');
  });

  kernelTest('that cannot be written end it with 1 before anything runs', async () => {
    const folder = freshFolder();
    const directory = join(folder, 'directory.svg');
    mkdirSync(directory);
    const witness = join(folder, 'ran');
    for (const path of [join(folder, 'missing/x.svg'), directory]) {
      const { code, stderr } = await Waggle.run(['record', '-o', path, '--', 'touch', witness]);
      expect(code).toBe(1);
      expect(stderr).toContain(path);
      expect(stderr).not.toMatch(/^\s+at /m);
      expect(existsSync(witness)).toBe(false);
    }
  });

  kernelTest('that fail at the end leave the others written, and end it with 1', async () => {
    const folder = freshFolder();
    const good = join(folder, 'good.folded');
    const bad = join(folder, 'bad.folded');
    symlinkSync('/dev/full', bad);
    const args = ['record', '-F', '999', '-o', bad, '-o', good, '--', ...burner(100)];
    const { code, stderr } = await Waggle.run(args);
    expect(code).toBe(1);
    expect(stderr).toContain(bad);
    expect(samplesWith(parseFolded(await Bun.file(good).text()), 'main')).toBeGreaterThan(50);
  });
});

describe('the exit code of record -- COMMAND', () => {
  const record = (...command: string[]) =>
    Waggle.run(['record', '-o', join(freshFolder(), 'profile.folded'), '--', ...command]);

  for (const expected of [0, 3, 255])
    kernelTest(`is the command's own: ${expected}`, async () => {
      const { code, stderr } = await record('sh', '-c', `exit ${expected}`);
      expect(code).toBe(expected);
      expect(stderr).toContain('written to');
    });

  for (const [signal, number] of [
    ['SIGTERM', 15],
    ['SIGKILL', 9],
    ['SIGSEGV', 11],
  ] as const)
    kernelTest(`is 128 + ${number} when ${signal} ends it`, async () => {
      const { code } = await record(workload('die_by'), String(number));
      expect(code).toBe(128 + number);
    });
});

describe('Ctrl-C during record', () => {
  const BURNED_MS = 300;
  /** Samples in a millisecond: 60 % of call_tree's time, of which chance may take a fifth. */
  const SHARE_OF_SIXTY = 0.6 * 0.8;
  const ENOUGH = SHARE_OF_SIXTY * BURNED_MS;

  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    kernelTest(`-a (${signal}) still writes the file, and ends with 0`, async () => {
      const file = join(freshFolder(), 'profile.folded');
      await using busy = new TestProcess(burner(600_000));
      await using waggle = await Waggle.record(['-F', '999', '-a', '-o', file]);
      await untilBurned(busy.pid, BURNED_MS);
      const { code, stderr } = await waggle.stop(signal);
      expect(code).toBe(0);
      expect(stderr).toMatch(/\d+ samples, \d+ lost; written to/);
      expect(samplesWith(parseFolded(await Bun.file(file).text()), 'sixty')).toBeGreaterThan(
        ENOUGH,
      );
    });

  kernelTest(
    '-- COMMAND still writes the file, and does not leave the command running',
    async () => {
      const file = join(freshFolder(), 'profile.folded');
      const args = ['-F', '999', '-o', file, '--', ...burner(600_000)];
      await using waggle = await Waggle.record(args);
      const pid = await eventually('the command', () =>
        descendantsOf(waggle.pid).find((child) => statFields(child)?.[2] === 'call_tree'),
      );
      await untilBurned(pid, BURNED_MS);
      const { code } = await waggle.stop();
      // What a shell gives for a program that Ctrl-C ended.
      expect(code).toBe(130);
      expect(samplesWith(parseFolded(await Bun.file(file).text()), 'sixty')).toBeGreaterThan(
        ENOUGH,
      );
      await eventually('the command to end', () => !isAlive(pid));
    },
  );

  kernelTest('after -d: the time ends it and the command', async () => {
    const file = join(freshFolder(), 'profile.folded');
    const args = ['-F', '999', '-d', '0.5', '-o', file, '--', ...burner(600_000)];
    await using waggle = await Waggle.record(args);
    const pid = await eventually('the command', () =>
      descendantsOf(waggle.pid).find((child) => statFields(child)?.[2] === 'call_tree'),
    );
    // What it had of the CPU when it was last seen: it is sampled until it is told to end.
    let used = 0;
    const watch = setInterval(() => {
      used = Math.max(used, cpuMilliseconds(pid));
    }, 5);
    await waggle.result();
    clearInterval(watch);
    expect(used).toBeGreaterThan(0);
    const found = samplesWith(parseFolded(await Bun.file(file).text()), 'sixty');
    expect(found).toBeGreaterThan(SHARE_OF_SIXTY * (used - 20));
    await eventually('the command to end', () => !isAlive(pid));
  });
});
