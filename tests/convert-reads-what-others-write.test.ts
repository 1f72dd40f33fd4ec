// `waggle convert` and `waggle diff` on files of other tools: what they hold says what they are, not
// their names. It needs no rights; pprof files of Go's runtime are made where Go is.
// Runs beside others.

import { describe, expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { WAGGLE, Waggle } from './support/waggle.ts';
import { freshFolder } from './support/workloads.ts';

const folder = freshFolder();
const path = (name: string): string => join(folder, name);
const converted = async (file: string, ...options: string[]) => {
  const { code, stdout, stderr } = await Waggle.run(['convert', ...options, file, '-']);
  return { code, stdout, stderr };
};

/** Of Go's runtime: `root` calls `leaf`, 7 samples and 70 ms, with lists of two numbers unpacked. */
const UNPACKED =
  'H4sIAP/dCmsC/xXLsQ7CIBSFYaEoN3RBp6527GCT+zrGASkmTeHS9NpENx/J3ZezbF/+k2MUCCuNgsqqUw0CpNX28/ueWw' +
  'OiEW2ZxWbZyM3Siq4U3RUD7lCzS3MMjHufV3pi5ecVa3KUOfhMA+PxOoWFQrxMLkZ+J77hob+P1L9QxeAeqJact2Mahz9B' +
  '37/OjQAAAA==';

describe('waggle convert', () => {
  test('reads pprof under any name, packed or not, and from standard input', async () => {
    const packed = Buffer.from(UNPACKED, 'base64');
    for (const [name, bytes] of [
      ['up.pb.gz', packed],
      ['up.prof', packed],
      ['profile', gunzipSync(packed)],
      ['named.folded', packed],
    ] as const) {
      writeFileSync(path(name), bytes);
      expect(await converted(path(name))).toEqual({ code: 0, stdout: 'root;leaf 7\n', stderr: '' });
    }
    const shell = `"$0" "$@" convert - - < '${path('profile')}'`;
    const { stdout } = spawnSync('sh', ['-c', shell, ...WAGGLE], { encoding: 'utf8' });
    expect(stdout).toBe('root;leaf 7\n');
  });

  test('gives the value that is asked for, and says which there are', async () => {
    writeFileSync(path('up.pb.gz'), Buffer.from(UNPACKED, 'base64'));
    for (const [wanted, stdout] of [
      ['samples', 'root;leaf 7\n'],
      ['cpu', 'root;leaf 70000\n'],
      ['1', 'root;leaf 70000\n'],
    ] as const)
      expect(await converted(path('up.pb.gz'), '--sample-index', wanted)).toEqual({
        ...{ code: 0, stdout, stderr: '' },
      });
    const { code, stderr } = await converted(path('up.pb.gz'), '--sample-index', 'heap');
    expect(code).toBe(2);
    expect(stderr).toContain('has no value heap; it has samples (count), cpu (nanoseconds)');
    const svg = path('up.svg');
    await Waggle.run(['convert', path('up.pb.gz'), svg]);
    expect(readFileSync(svg, 'utf8')).toContain('70 ms of cpu');
  });

  test('goes on after what is no stack, and says so', async () => {
    const text = '# austin: 3.3.0\nmain;a 1\nno stack\n 4\nmain;b 2.5\r\n';
    writeFileSync(path('mixed.txt'), gzipSync(text));
    const { code, stdout, stderr } = await converted(path('mixed.txt'));
    expect({ code, stdout }).toEqual({ code: 0, stdout: '[unknown] 4\nmain;a 1\nmain;b 3\n' });
    expect(stderr).toContain(
      '1 of 4 lines is no folded stack and was left out; the first is line 3',
    );
    expect(stderr).toContain('the fractions of 1 stack were rounded');
  });

  test('says what it is that it cannot read', async () => {
    writeFileSync(path('perf.data'), 'PERFILE2\0\0\0');
    const { code, stdout, stderr } = await converted(path('perf.data'));
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/perf\.data file: give the output of `perf script/);
  });

  test('writes no picture of a difference, and says which number is below 0', async () => {
    const minus = path('minus.pb.gz');
    // samples/count: f -5
    const bytes = [
      ...[0x0a, 4, 8, 1, 0x10, 2, 0x12, 14, 8, 1, 0x12, 10],
      ...[0xfb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
      ...[0x22, 6, 8, 1, 0x22, 2, 8, 1, 0x2a, 4, 8, 1, 0x10, 3],
      ...['', 'samples', 'count', 'f'].flatMap((text) => [0x32, text.length, ...Buffer.from(text)]),
    ];
    writeFileSync(minus, gzipSync(Uint8Array.from(bytes)));
    const again = path('again.pb.gz');
    const { code, stderr } = await Waggle.run(['convert', minus, again, path('minus.svg')]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/minus\.svg c[a-z ]+not be written: .*"f" counts -5/);
    const { code: twice, stderr: why } = await converted(again);
    expect(twice).toBe(1);
    expect(why).toContain('counts -5');
  });
});

describe('waggle diff', () => {
  const cpu = (name: string, stacks: string[], period: number) => {
    const frames = [...new Set(stacks.map((line) => line.split(' ')[0]))];
    const profile = {
      $schema: 'https://www.speedscope.app/file-format-schema.json',
      shared: { frames: frames.map((frame) => ({ name: frame })) },
      profiles: [
        {
          ...{ type: 'sampled', name: 'cpu', unit: 'nanoseconds', startValue: 0, endValue: 0 },
          samples: stacks.map((line) => [frames.indexOf(line.split(' ')[0])]),
          weights: stacks.map((line) => Number(line.split(' ')[1]) * period),
        },
      ],
    };
    writeFileSync(path(name), JSON.stringify(profile));
    return path(name);
  };

  test('calls nothing certain where it cannot be told', async () => {
    const before = cpu('a.json', ['f 60', 'g 58'], 10_000_000);
    const after = cpu('b.json', ['f 70', 'g 59'], 10_000_000);
    const { stdout } = await Waggle.run(['diff', before, after]);
    expect(stdout).toContain('1.18 s before, 1.29 s after');
    expect(stdout).toContain('whether chance explains a change cannot be told');
    const { samples, total } = JSON.parse(
      (await Waggle.run(['diff', '--json', before, after])).stdout,
    );
    expect({ samples, total }).toEqual({
      samples: null,
      total: { before: 1_180_000_000, after: 1_290_000_000 },
    });
  });

  test('compares what both have, or nothing', async () => {
    const time = cpu('time.json', ['f 60', 'g 58'], 10_000_000);
    writeFileSync(path('count.folded'), 'f 10\n');
    const { code, stderr } = await Waggle.run(['diff', time, path('count.folded')]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/in nanoseconds and .* in count: they have no value of one unit/);
    writeFileSync(path('up.pb.gz'), Buffer.from(UNPACKED, 'base64'));
    writeFileSync(path('up.folded'), 'root;leaf 7\n');
    const both = await Waggle.run(['diff', path('up.pb.gz'), path('up.folded')]);
    expect(both.stderr).toContain('samples are compared, which both profiles have');
    expect(both.stdout).toContain('7 samples before, 7 after');
  });
});

const go = ['/usr/local/go/bin/go', '/usr/bin/go', '/usr/lib/go/bin/go'].find(existsSync);

describe.skipIf(go === undefined)("pprof of Go's runtime", () => {
  test('has the numbers that `go tool pprof` shows, of every kind of profile', async () => {
    const program = join(import.meta.dir, 'workloads', 'go-profiles.go');
    // Its settings are not the user's; its cache is, so that Go builds itself once and not at each run.
    const GOCACHE = process.env.GOCACHE ?? join(homedir(), '.cache/go-build');
    const env = { ...process.env, HOME: folder, GOCACHE, GO111MODULE: 'off' };
    const made = spawnSync(go as string, ['run', program, folder], { env, encoding: 'utf8' });
    expect(made.stderr).toBe('');
    for (const [name, value, unit] of [
      ['cpu', 'samples', 'count'],
      ['cpu', 'cpu', 'ns'],
      ['heap', 'alloc_objects', 'count'],
      ['heap', 'inuse_space', 'B'],
      ['mutex', 'contentions', 'count'],
      ['mutex', 'delay', 'ns'],
      ['block', 'contentions', 'count'],
      ['goroutine', 'goroutine', 'count'],
    ] as const) {
      const file = path(`${name}.pb.gz`);
      const raw = spawnSync(
        go as string,
        ['tool', 'pprof', `-sample_index=${value}`, '-unit', unit, '-nodecount=0', '-top', file],
        { env, encoding: 'utf8' },
      );
      const total = /of ([\d.]+)/.exec(raw.stdout)?.[1];
      const { stdout } = await converted(file, '--sample-index', value);
      const ours = stdout
        .trim()
        .split('\n')
        .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
      const theirs = Number(total) / (unit === 'ns' ? 1000 : 1);
      // Times of each stack are whole microseconds.
      const stacks = unit === 'ns' ? stdout.split('\n').length : 0;
      expect({ name, value, off: Math.abs(ours - theirs) <= stacks ? 0 : ours - theirs }).toEqual({
        ...{ name, value, off: 0 },
      });
      expect(theirs).toBeGreaterThan(0);
    }
  }, 300_000);
});
