/** The README's examples run, and each `// → value` is what the expression before it gives. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import * as cache from '../src/index.ts';
import * as testing from '../src/testing.ts';

/** Tests run with the package as working directory, or, for the whole repository, above it. */
const readme = ['README.md', 'packages/cache/README.md']
  .map((path) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return '';
    }
  })
  .find((text) => text.startsWith('# @waggle/cache'));

type Run = (
  modules: Record<string, unknown>,
  process: unknown,
  check: (actual: unknown, expected: unknown) => void,
) => Promise<void>;

/** Imports become lookups, and expectations become checks. */
function compile(example: string): Run {
  const code = example
    .replace(/^import (\{.*\}) from '(.*)';$/gm, "const $1 = modules['$2'];")
    .replace(/^( *)(.*); \/\/ → (.*)$/gm, '$1check($2, $3);');
  const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;
  return new AsyncFunction('modules', 'process', 'check', code) as Run;
}

const examples = [...(readme ?? '').matchAll(/```js\n(.*?)```/gs)].map((match) => match[1] ?? '');

test('the README has examples', () => {
  assert.equal(examples.length, 4);
});

for (const [index, example] of examples.entries()) {
  test(`README example ${index + 1}`, async () => {
    let checks = 0;
    const modules = { '@waggle/cache': cache, '@waggle/cache/testing': testing };
    await compile(example)(modules, process, (actual, expected) => {
      assert.deepEqual(actual, expected);
      checks++;
    });
    assert.equal(checks, example.split('// →').length - 1);
  });
}

test('the README names every method and option', () => {
  const instance = new cache.ProcessMetadataCache({ capacity: 1, logger: null });
  const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(instance));
  for (const name of methods) {
    if (name === 'constructor' || name === 'toString') continue;
    assert.ok(readme?.includes(`\`${name}`), `${name} is missing`);
  }
});
