// Files that are small and say that they are huge, for `convert` and `diff`: refused in words or read,
// within memory that does not depend on what they say. And receivers of OTLP whose answers do not end.

import { afterAll, describe, expect } from 'bun:test';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultRow } from '../support/fault-row.ts';
import * as hostile from '../support/hostile-profiles.ts';
import { WAGGLE } from '../support/waggle.ts';
import { freshFolder } from '../support/workloads.ts';

const area = 'hostile-profiles';
const root = freshFolder();
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Of the whole process; 60 MB are the runtime's own. */
const MAX_MEMORY = 500e6;
const MAX_SECONDS = 20;

async function waggle(...args: string[]) {
  const child = Bun.spawn([...WAGGLE, ...args], {
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'pipe',
  });
  const stderr = new Response(child.stderr).text();
  // getrusage(2) would tell of this process too, as large as it was when it forked.
  let memory = 0;
  const watching = setInterval(() => {
    memory = peakOf(child.pid) ?? memory;
  }, 5);
  const code = await child.exited;
  clearInterval(watching);
  return { code, stderr: await stderr, memory };
}

/** The most that it had in memory so far; `undefined` where it has ended. */
function peakOf(pid: number): number | undefined {
  try {
    const found = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return found === null ? undefined : Number(found[1]) * 1024;
  } catch {
    return undefined;
  }
}

const TOO_LARGE = /would take too much memory: .+ the limit for a file of /;

interface Hostile {
  readonly what: string;
  readonly file: () => Uint8Array | string;
  /** It is read where there is none. */
  readonly refused?: RegExp;
  /** Extensions, one convert each. */
  readonly outputs?: readonly string[];
  readonly mostMemory?: number;
}

const ALL = ['folded', 'svg', 'html', 'pb.gz', 'speedscope.json', 'firefox.json', 'otlp'];

const cases: readonly Hostile[] = [
  {
    what: 'a pprof of 20,000 inlined functions at 20,000 places of a stack',
    file: () => hostile.pprofOfInlined(20_000, 20_000),
    refused: TOO_LARGE,
  },
  {
    what: 'a pprof of 10,000 stacks of 3,000 frames that share nothing',
    file: () => hostile.pprofOfPaths(10_000, 3000),
    refused: TOO_LARGE,
  },
  {
    what: 'a pprof of 300 such stacks, in every format',
    file: () => hostile.pprofOfPaths(300, 2000),
    outputs: ALL,
  },
  {
    what: 'a pprof with a name of a megabyte in a stack of 300,000 frames',
    file: () => hostile.pprofOfALongName(1 << 20, 300_000),
    outputs: ['folded'],
    refused: /its folded stacks would be \d+ MB of text/,
  },
  {
    what: 'the same as pictures',
    file: () => hostile.pprofOfALongName(1 << 20, 300_000),
    outputs: ['svg', 'html'],
  },
  ...[2, 3, 4, 5, 6].map((id) => ({
    what: `a pprof of ten million empty fields ${id}`,
    file: () => hostile.pprofOfNothing(id, 10_000_000),
    refused: TOO_LARGE,
  })),
  {
    what: 'a pprof of 10,000 types of values for 10,000 samples',
    file: () => hostile.pprofOfTypes(10_000, 10_000),
    refused: TOO_LARGE,
  },
  ...[[1], [1, 2], [1, 2, 2], [1, 2, 2, 2], [2, 2], [2, 5], [2, 7], [2, 2, 3]].map((path) => ({
    what: `an OTLP request of ten million empty messages ${path.join('.')}`,
    file: () => hostile.otlpOfNothing(path, 10_000_000),
    refused: TOO_LARGE,
  })),
  {
    what: 'a chain of 30,000 stacks in a Firefox profile',
    file: () => hostile.firefoxChain(30_000),
    refused: TOO_LARGE,
  },
  {
    what: 'a chain of 20,000 calls in a .cpuprofile',
    file: () => hostile.cpuProfileChain(20_000),
    refused: TOO_LARGE,
  },
  {
    what: 'a chain of 20,000 calls in a .heapprofile',
    file: () => hostile.heapProfileChain(20_000),
    refused: TOO_LARGE,
  },
  {
    what: '100,000 nested frames in an evented speedscope file',
    file: () => hostile.speedscopeNesting(100_000),
    refused: TOO_LARGE,
  },
  {
    what: '100,000 frames that are closed and were not open',
    file: () => hostile.speedscopeClosing(100_000),
  },
  {
    what: 'a folded stack of a million frames, in every format',
    file: () => hostile.foldedDeep(1_000_000),
    outputs: ALL,
  },
  {
    what: 'folded stacks of up to 6,000 frames',
    file: () => hostile.foldedChain(6000),
    refused: TOO_LARGE,
  },
  {
    what: 'a sample of 200,000 frames in perf script',
    file: () => hostile.perfScriptDeep(200_000),
    outputs: ['html'],
  },
  {
    what: 'a line of two million letters in perf script',
    file: () => hostile.perfScriptLongLine(2_000_000),
    outputs: ['html'],
  },
  {
    what: 'JSON of two million brackets',
    file: () => hostile.deepJson(1_000_000),
    refused: /JSON/,
  },
  {
    what: 'JSON of ten million objects',
    file: () => hostile.wideJson(10_000_000),
    refused: TOO_LARGE,
  },
  ...(['gzip', 'zstd'] as const).flatMap((pack) =>
    [1, 2, 3].map((layers) => ({
      what: `a gigabyte packed ${layers} times with ${pack}`,
      file: () => hostile.bomb(1e9, layers, pack),
      refused: TOO_LARGE,
    })),
  ),
];

describe('a small file', () => {
  cases.forEach(({ what, file, refused, outputs = ['html'], mostMemory = MAX_MEMORY }, index) => {
    faultRow(
      {
        area,
        what,
        holds: refused === undefined ? 'read within bounds' : 'refused in words, within bounds',
        times: [1, 1],
      },
      async () => {
        const input = join(root, `in${index}`);
        writeFileSync(input, file());
        try {
          for (const extension of outputs) {
            const output = join(root, `out${index}.${extension}`);
            const startedAt = performance.now();
            const { code, stderr, memory } = await waggle('convert', input, output);
            const seconds = (performance.now() - startedAt) / 1000;
            if (process.env.WAGGLE_DEBUG)
              console.log(
                `${(memory / 1e6).toFixed(0)} MB, ${seconds.toFixed(1)} s, ${code}: ${stderr}`,
              );
            expect(stderr).not.toContain('internal error');
            expect([code, stderr]).toEqual([
              refused === undefined ? 0 : 1,
              refused === undefined ? expect.any(String) : expect.stringMatching(refused),
            ]);
            expect(existsSync(output)).toBe(refused === undefined);
            expect(memory).toBeLessThan(mostMemory);
            expect(seconds).toBeLessThan(MAX_SECONDS);
            rmSync(output, { force: true });
          }
        } finally {
          rmSync(input);
        }
      },
    );
  });
});

describe('what is large and nothing else', () => {
  faultRow(
    { area, what: '200 MB of perf script', holds: 'read and written', times: [0, 1] },
    async () => {
      const input = join(root, 'large.txt');
      const writer = Bun.file(input).writer();
      for (const text of hostile.largePerfScript(200e6)) {
        writer.write(text);
        await writer.flush();
      }
      await writer.end();
      await expectRead(input);
    },
  );

  faultRow({ area, what: '50 MB of pprof', holds: 'read and written', times: [0, 1] }, async () => {
    for (const [name, bytes] of [
      ['plain.pb', hostile.largePprof(50e6)],
      ['packed.pb.gz', Bun.gzipSync(hostile.largePprof(20e6) as Uint8Array<ArrayBuffer>)],
    ] as const) {
      writeFileSync(join(root, name), bytes);
      await expectRead(join(root, name));
    }
  });
});

async function expectRead(input: string): Promise<void> {
  const output = `${input}.html`;
  const { code, stderr, memory } = await waggle('convert', input, output);
  if (process.env.WAGGLE_DEBUG) console.log(`${(memory / 1e6).toFixed(0)} MB: ${stderr}`);
  expect([code, stderr]).toEqual([0, '']);
  expect(existsSync(output)).toBe(true);
}

faultRow(
  {
    area,
    what: 'a hostile profile compared with a good one, on either side',
    holds: 'refused in words, within bounds',
    times: [1, 3],
  },
  async () => {
    const [good, bad] = [join(root, 'good.folded'), join(root, 'bad.pb.gz')];
    writeFileSync(good, 'main;work 3\n');
    writeFileSync(bad, hostile.pprofOfInlined(20_000, 20_000));
    for (const args of [
      [good, bad],
      [bad, good],
      [good, bad, '-o', join(root, 'diff.html')],
    ]) {
      const { code, stderr, memory } = await waggle('diff', ...args);
      expect([code, stderr]).toEqual([1, expect.stringMatching(TOO_LARGE)]);
      expect(memory).toBeLessThan(MAX_MEMORY);
    }
  },
);

faultRow(
  { area, what: 'a device that does not end', holds: 'refused in words', times: [1, 1] },
  async () => {
    const { code, stderr } = await waggle('convert', '/dev/zero', join(root, 'zero.html'));
    expect([code, stderr]).toEqual([1, expect.stringMatching(/more than 256 MB came/)]);
  },
);

describe('a receiver whose answer does not end', () => {
  for (const [what, status, type, isPacked] of [
    ['that took the profile', 200, 'application/x-protobuf', false],
    ['that refused it', 400, 'text/plain', false],
    ['that packed it', 400, 'text/plain', true],
  ] as const)
    faultRow(
      {
        area,
        what: `an endless body ${what}`,
        holds: 'its beginning is read, within bounds',
        times: [1, 3],
      },
      async () => {
        const input = join(root, 'sent.folded');
        writeFileSync(input, 'main;work 3\n');
        const chunk = Buffer.alloc(1 << 20, isPacked ? 0 : 'a');
        const content = isPacked ? Bun.gzipSync(Buffer.alloc(1 << 28)) : chunk;
        using server = Bun.serve({
          port: 0,
          fetch: () =>
            new Response(
              new ReadableStream({
                pull: (controller) => void controller.enqueue(content),
              }),
              {
                status,
                headers: {
                  'content-type': type,
                  ...(isPacked ? { 'content-encoding': 'gzip' } : {}),
                },
              },
            ),
        });
        const startedAt = performance.now();
        const { code, stderr, memory } = await waggle('convert', input, server.url.href);
        if (process.env.WAGGLE_DEBUG)
          console.log(`${(memory / 1e6).toFixed(0)} MB, ${code}: ${stderr}`);
        expect(code).toBe(status === 200 ? 0 : 1);
        expect(stderr.length).toBeLessThan(2000);
        expect(memory).toBeLessThan(MAX_MEMORY);
        expect((performance.now() - startedAt) / 1000).toBeLessThan(MAX_SECONDS);
        server.stop(true);
      },
    );
});
