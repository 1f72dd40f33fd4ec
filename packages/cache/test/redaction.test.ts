/** No way of printing shows a value of the environment, or of the command line a second word. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as util from 'node:util';
import fc from 'fast-check';
import { ProcessMetadataCache, ProcfsError } from '../src/index.ts';
import { MemoryProcfs } from '../src/testing.ts';

interface Runtime {
  Bun?: { inspect(value: unknown, options?: object): string };
  Deno?: { inspect(value: unknown, options?: object): string };
}

const deep = { depth: 20, showHidden: true, compact: false };

/** Every way in which a value becomes text. */
function printed(value: object): string[] {
  const { Bun, Deno } = globalThis as Runtime;
  const error = new Error(`about ${value}`, { cause: value });
  const texts = [
    `${value}`,
    JSON.stringify(value),
    JSON.stringify({ nested: [value] }),
    util.inspect(value),
    util.inspect({ a: [value] }, deep),
    util.inspect(error, deep),
    util.format('%s %o %O %j', value, value, value, value),
    JSON.stringify({ ...value }),
    JSON.stringify(Object.getOwnPropertyNames(value).map((name) => Reflect.get(value, name))),
  ];
  if (Bun !== undefined) texts.push(Bun.inspect(value), Bun.inspect({ a: [value] }, { depth: 20 }));
  if (Deno !== undefined) {
    texts.push(Deno.inspect(value), Deno.inspect({ a: [value] }, { depth: 20 }));
  }
  return texts;
}

function planted(secret: string) {
  const procfs = new MemoryProcfs();
  const identity = procfs.spawn(7, {
    comm: 'mysql',
    cmdline: ['mysql', `-p${secret}`, secret],
    environ: { TOKEN: secret, OTHER: `a ${secret} b` },
  });
  procfs.spawn(8, { comm: 'postgres', cmdline: [`postgres: writer ${secret}`], environ: {} });
  const cache = new ProcessMetadataCache({ capacity: 5, procfs, logger: null });
  const entries = [7, 8].map((pid) => cache.getOrLoad(pid)?.load());
  cache.seed({ pid: 9, startTime: 5, comm: 'x', argv: ['x', secret], argvTruncated: true });
  return { procfs, cache, entries, identity };
}

/** Quotes and escapes have no say in whether a secret is found. */
const secret = fc
  .string({ unit: fc.constantFrom(...'abcdefghijkXYZ0123456789+/='), minLength: 8, maxLength: 40 })
  .map((text) => `s3cr3t-${text}`);

test('a planted secret never shows', () => {
  fc.assert(
    fc.property(secret, (text) => {
      const { cache, entries } = planted(text);
      const things = [cache, ...entries, ...cache, entries[0]?.environ, [...entries]];
      for (const thing of things) {
        assert.ok(thing !== undefined);
        for (const shown of printed(thing)) assert.ok(!shown.includes(text), shown);
      }
    }),
    { numRuns: 100 },
  );
});

test('reveal shows it, on request only', () => {
  const { cache, entries } = planted('s3cr3t');
  const shown = entries[0]?.inspect({ reveal: true });
  assert.deepEqual(shown?.cmdline, ['mysql', '-ps3cr3t', 's3cr3t']);
  assert.deepEqual(shown?.environ, { TOKEN: 's3cr3t', OTHER: 'a s3cr3t b' });
  assert.ok(JSON.stringify(cache.inspect({ reveal: true })).includes('s3cr3t'));
  assert.equal(cache.environVar(7, 'TOKEN'), 's3cr3t');
  assert.equal(entries[0]?.environ?.reveal().get('TOKEN'), 's3cr3t');
});

test('what is shown instead is of use', () => {
  const { entries, cache } = planted('s3cr3t');
  const shown = entries[0]?.inspect();
  assert.deepEqual(shown?.cmdline, ['mysql']);
  assert.equal(shown?.argc, 3);
  assert.deepEqual(shown?.environ, ['TOKEN', 'OTHER']);
  assert.deepEqual(entries[1]?.inspect().cmdline, ['postgres:']);
  assert.match(util.inspect(entries[0]), /ProcessEntry.*mysql/s);
  assert.equal(`${entries[0]}`, '[ProcessEntry 7:1000 "mysql"]');
  assert.equal(`${cache}`, '[ProcessMetadataCache 3/5]');
});

test('printing reads nothing', () => {
  const { procfs, cache } = planted('s3cr3t');
  const before = procfs.reads.length;
  printed(cache);
  assert.equal(procfs.reads.length, before);
});

test('control characters in a name do not reach the terminal raw', () => {
  const procfs = new MemoryProcfs();
  procfs.spawn(7, { comm: 'a\u001b[31m\nb' });
  const entry = new ProcessMetadataCache({ capacity: 1, procfs }).getOrLoad(7);
  assert.ok(entry !== undefined);
  for (const text of [`${entry}`, util.inspect(entry), JSON.stringify(entry)]) {
    assert.ok(!text.includes('\u001b'), JSON.stringify(text));
  }
});

test('errors name pid and file only', () => {
  assert.match(
    String(new ProcfsError('denied', 7, 'environ', 'EACCES')),
    /^ProcfsError: \/proc\/7\/environ: permission denied.*\(EACCES\)$/,
  );
});
