// Files that are small and say that they are huge, for `convert` and `diff`: refused in words or read,
// within memory that does not depend on what they say. And receivers of OTLP whose answers do not end.

import { afterAll, describe, expect } from 'bun:test';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultRow } from '../support/fault-row.ts';
import { cases } from '../support/hostile-cases.ts';
import * as hostile from '../support/hostile-profiles.ts';
import { measured } from '../support/measured-run.ts';
import { freshFolder } from '../support/workloads.ts';

const area = 'hostile-profiles';
const root = freshFolder();
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Of the whole process; 60 MB are the runtime's own. */
const MAX_MEMORY = 500e6;
/** Of CPU time in all threads, which a busy host makes somewhat longer. */
const MAX_CPU_SECONDS = 20;
/** Of a receiver that does not end. */
const MAX_SECONDS = 20;

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
            const { code, stderr, memory, cpuSeconds } = await measured('convert', input, output);
            if (process.env.WAGGLE_DEBUG)
              console.log(
                `${(memory / 1e6).toFixed(0)} MB, ${cpuSeconds.toFixed(1)} s, ${code}: ${stderr}`,
              );
            expect(stderr).not.toContain('internal error');
            expect([code, stderr]).toEqual([
              refused === undefined ? 0 : 1,
              refused === undefined ? expect.any(String) : expect.stringMatching(refused),
            ]);
            expect(existsSync(output)).toBe(refused === undefined);
            expect(memory).toBeLessThan(mostMemory);
            expect(cpuSeconds).toBeLessThan(MAX_CPU_SECONDS);
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
  const { code, stderr, memory } = await measured('convert', input, output);
  if (process.env.WAGGLE_DEBUG) console.log(`${(memory / 1e6).toFixed(0)} MB: ${stderr}`);
  expect([code, stderr]).toEqual([0, '']);
  expect(existsSync(output)).toBe(true);
}

faultRow(
  { area, what: 'a device that does not end', holds: 'refused in words', times: [1, 1] },
  async () => {
    const { code, stderr } = await measured('convert', '/dev/zero', join(root, 'zero.html'));
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
        const { code, stderr, memory } = await measured('convert', input, server.url.href);
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
