import { describe, expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Profile as PprofProfile } from 'pprof-format';
import { profileOf, randomOf, randomProfile } from '../../test/random-profile.ts';
import {
  encodePprof,
  foldedFormat,
  PprofSyntaxError,
  type Profile,
  type ProfileFrame,
  parsePprof,
} from '../index.ts';
import { mergedStacks, writableName } from '../merged-stacks.ts';
import { totalSamples } from '../profile.ts';

const profile: Profile = {
  stacks: [
    {
      count: 70,
      frames: [
        { name: 'app', kind: 'process' },
        { name: 'main', kind: 'user', object: '/srv/app' },
        { name: 'parse', kind: 'user', object: '/srv/app' },
      ],
    },
    {
      count: 30,
      frames: [
        { name: 'app', kind: 'process' },
        { name: 'main', kind: 'user', object: '/srv/app' },
        { name: 'vfs_read', kind: 'kernel' },
      ],
    },
  ],
  metadata: {
    host: 'web-3',
    command: './app --all',
    frequencyHz: 99,
    startTime: new Date('2025-03-04T05:06:07Z'),
    durationSeconds: 1.5,
    samples: 100,
    lostSamples: 2,
  },
};

describe('pprof', () => {
  test('has the fields that readers look at', () => {
    const decoded = PprofProfile.decode(gunzipSync(encodePprof(profile)));
    const text = (index: number | bigint) => decoded.stringTable.strings[Number(index)] ?? '';
    expect(decoded.sampleType.map(({ type, unit }) => [text(type), text(unit)])).toEqual([
      ['samples', 'count'],
      ['cpu', 'nanoseconds'],
    ]);
    expect(decoded.mapping.map(({ filename }) => text(filename))).toEqual([
      '/srv/app',
      '[kernel.kallsyms]',
    ]);
    expect(Number(decoded.period)).toBe(10_101_010);
    expect(BigInt(decoded.timeNanos)).toBe(1_741_064_767_000_000_000n);
    expect(decoded.sample.map(({ value }) => value.map(Number))).toEqual([
      [70, 707_070_700],
      [30, 303_030_300],
    ]);
  });

  test('without a frequency there is no CPU time', () => {
    const metadata = { ...profile.metadata, frequencyHz: 0 };
    const decoded = PprofProfile.decode(gunzipSync(encodePprof({ ...profile, metadata })));
    expect(decoded.sampleType.length).toBe(1);
    expect(decoded.sample.map(({ value }) => value.map(Number))).toEqual([[70], [30]]);
  });

  test('read back it is the same profile', () => {
    expect(parsePprof(encodePprof(profile))).toEqual({
      metadata: { ...profile.metadata, mainObject: '/srv/app' },
      stacks: profile.stacks.map(({ count, frames }) => ({
        count,
        frames: frames.map((frame) =>
          frame.kind === 'kernel' ? { name: frame.name, kind: 'kernel' } : frame,
        ),
      })),
    });
  });

  test('counts and names survive, hostile ones too', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = randomProfile(randomOf(seed));
      const back = parsePprof(encodePprof(random));
      expect(totalSamples(back.stacks)).toBe(totalSamples(random.stacks));
      expect(back.stacks.map(({ frames }) => frames.map(({ name }) => name))).toEqual(
        mergedStacks(random).map(({ frames }) => frames.map(({ name }) => writableName(name))),
      );
    }
  });

  test('what is no pprof is refused with a reason', () => {
    for (const bytes of [
      new TextEncoder().encode('not a profile'),
      encodePprof(profile).slice(0, 40),
      Uint8Array.of(0x1f, 0x8b, 8, 0),
    ])
      expect(() => parsePprof(bytes)).toThrow(PprofSyntaxError);
  });

  test('functions at one address are lines of one location, innermost first', () => {
    const inMain = { name: 'main', kind: 'user', object: '/srv/app', file: '/src/main.c' } as const;
    const inlined = { ...inMain, name: 'hash', file: '/src/hash.h', inlined: true } as const;
    const stacks = [12, 13].map((line) => ({
      count: line,
      frames: [
        { name: 'app', kind: 'process' } as const,
        { ...inMain, line },
        { ...inlined, line: 5 },
      ],
    }));
    const decoded = PprofProfile.decode(gunzipSync(encodePprof({ ...profile, stacks })));
    const text = (index: number | bigint) => decoded.stringTable.strings[Number(index)] ?? '';
    expect(decoded.function.map(({ name, filename }) => [text(name), text(filename)])).toEqual([
      ['app', ''],
      ['main', '/src/main.c'],
      ['hash', '/src/hash.h'],
    ]);
    expect(
      decoded.location.map(({ line }) =>
        line.map((each) => [Number(each.functionId), Number(each.line)]),
      ),
    ).toEqual([
      [[1, 0]],
      [
        [3, 5],
        [2, 12],
      ],
      [
        [3, 5],
        [2, 13],
      ],
    ]);
    expect(decoded.sample.map(({ locationId }) => locationId.map(Number))).toEqual([
      [2, 1],
      [3, 1],
    ]);
    const [{ hasFunctions, hasFilenames, hasLineNumbers, hasInlineFrames } = {}] = decoded.mapping;
    expect([hasFunctions, hasFilenames, hasLineNumbers, hasInlineFrames]).toEqual(
      Array(4).fill(true),
    );
  });

  const placed = (address: bigint, more: Partial<ProfileFrame> = {}): ProfileFrame => ({
    name: 'main',
    kind: 'user',
    object: '/srv/app',
    address,
    mapping: { start: 0x1000n, limit: 0x3000n, fileOffset: 0x1000n, buildId: 'beef' },
    ...more,
  });

  test('addresses, mappings and build-ids, and the main object first', () => {
    const kernel = { name: 'vfs_read', kind: 'kernel', address: 0xffff_ffff_8123_4567n } as const;
    const library = { object: '/lib/a.so', name: 'read' } as const;
    const frames = [{ name: 'app', kind: 'process' }, placed(0x1200n)] as const;
    const written = profileOf(
      [
        { count: 1, frames: [...frames, placed(0x1300n, library), kernel] },
        { count: 2, frames: [...frames, placed(0x1301n, library)] },
        { count: 4, frames: [...frames, { name: 'read', kind: 'user', object: '/srv/app' }] },
      ],
      './app',
    );
    const bytes = encodePprof(written);
    const decoded = PprofProfile.decode(gunzipSync(bytes));
    const text = (index: number | bigint) => decoded.stringTable.strings[Number(index)] ?? '';
    expect(
      decoded.mapping.map((each) => [
        text(each.filename),
        ...[each.memoryStart, each.memoryLimit, each.fileOffset].map(BigInt),
        text(each.buildId),
      ]),
    ).toEqual([
      ['/srv/app', 0x1000n, 0x3000n, 0x1000n, 'beef'],
      ['/lib/a.so', 0x20_1000n, 0x20_3000n, 0x1000n, 'beef'],
      ['[kernel.kallsyms]', kernel.address, kernel.address + 1n, 0n, ''],
    ]);
    expect(new Set(decoded.location.map(({ address }) => BigInt(address)))).toEqual(
      new Set([0n, 0x1200n, 0x20_1300n, 0x20_1301n, kernel.address]),
    );
    // Read and written again nothing changes; names are one function at every address.
    const back = parsePprof(bytes);
    expect(encodePprof(back)).toEqual(bytes);
    expect(mergedStacks(back).map(({ count }) => count)).toEqual([2, 1, 4]);
    expect(foldedFormat.encode(back)).toBe(foldedFormat.encode(written));
  });

  const go = ['/usr/local/go/bin/go', '/usr/bin/go', '/usr/lib/go/bin/go'].find(existsSync);
  if (go !== undefined)
    test('`go tool pprof` shows shares, mappings, comments, lines and inlined functions', () => {
      const folder = mkdtempSync(join(tmpdir(), 'waggle-pprof-'));
      try {
        const file = join(folder, 'app.pb.gz');
        writeFileSync(file, encodePprof(profile));
        const shown = (...options: string[]) => {
          // Its settings are not the user's; its cache is: Go builds the tool at the first call.
          const GOCACHE = process.env.GOCACHE ?? join(homedir(), '.cache/go-build');
          const env = { ...process.env, HOME: folder, GOCACHE };
          const run = spawnSync(go, ['tool', 'pprof', ...options, file], { env });
          return `${run.stdout}${run.stderr}`;
        };
        const top = shown('-sample_index=samples', '-top');
        expect(top).toMatch(/70\s+70\.00%\s+70\.00%\s+70\s+70\.00%\s+parse/);
        expect(top).toMatch(/30\s+30\.00%\s+100%\s+30\s+30\.00%\s+vfs_read/);
        expect(top).toMatch(/0\s+0%\s+100%\s+100\s+100%\s+main/);
        expect(shown('-comments')).toContain('command: ./app --all');
        expect(shown('-tags')).toMatch(/process:.*\n.*app/);

        const source = join(folder, 'sum.c');
        writeFileSync(
          source,
          'int add(int a)\n{\n\treturn a + 1;\n}\nint sum(void)\n{\n\treturn add(2);\n}\n',
        );
        const sum = {
          name: 'sum',
          kind: 'user',
          object: '/srv/app',
          file: source,
          line: 7,
        } as const;
        const add = { ...sum, name: 'add', line: 3, inlined: true } as const;
        const stacks = [
          { count: 60, frames: [sum, add] },
          { count: 40, frames: [sum] },
        ];
        writeFileSync(file, encodePprof({ ...profile, stacks }));
        const byLine = shown('-sample_index=samples', '-lines', '-top');
        expect(byLine).toMatch(/60\s+60\.00%\s+60\.00%\s+60\s+60\.00%\s+add .*sum\.c:3 \(inline\)/);
        expect(byLine).toMatch(/40\s+40\.00%\s+100%\s+100\s+100%\s+sum .*sum\.c:7/);
        const listed = shown('-sample_index=samples', '-list=sum|add');
        expect(listed).toMatch(/60\s+60 .*3:\s+return a \+ 1;/);
        expect(listed).toMatch(/40\s+100 .*7:\s+return add\(2\);/);
      } finally {
        rmSync(folder, { recursive: true });
      }
    }, 300_000);

  test('functions of kernel modules stay in the kernel', () => {
    const frames = [
      { name: 'app', kind: 'process' },
      { name: 'bpf_prog_1b69_handle_exec', kind: 'kernel', object: 'bpf' },
      { name: 'ext4_read', kind: 'kernel', object: '[ext4]' },
    ] as const;
    const [stack] = parsePprof(encodePprof(profileOf([{ count: 1, frames }]))).stacks;
    expect(stack?.frames).toEqual([frames[0], frames[1], { ...frames[2], object: 'ext4' }]);
  });
});
