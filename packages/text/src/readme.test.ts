import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesOf, printable, stringifyJson } from './index.ts';

const exported: Readonly<Record<string, unknown>> = { bytesOf, printable, stringifyJson };

test('the example of the README gives what stands behind each line', () => {
  const readme = readFileSync(join(import.meta.dir, '..', 'README.md'), 'utf8');
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const lines = [...example.matchAll(/^(\w+)\((.*)\); \/\/ (?:(\w+) )?('.*?'|\[.*?\])/gm)];
  expect(lines.length).toBe(3);
  for (const [, name = '', argument = '', , expected = ''] of lines) {
    const call = new Function(name, `return ${name}(${argument})`);
    const made: unknown = call(exported[name]);
    const value = made instanceof Uint8Array ? [...made] : made;
    expect(value).toEqual(new Function(`return ${expected}`)());
  }
});
