import { expect, test } from 'bun:test';
import * as formats from './index.ts';

const readme = await Bun.file(new URL('../README.md', import.meta.url)).text();

test('the example of the README runs and prints what it says', () => {
  const example = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? '';
  const imported = /^import \{([^}]*)\} from '@waggle\/formats';\n/.exec(example);
  expect(imported).not.toBeNull();
  const body = new Bun.Transpiler({ loader: 'ts' }).transformSync(
    example.slice(imported?.[0].length),
  );
  const printed: unknown[] = [];
  const run = new Function(
    'formats',
    'console',
    `const { formatForPath, parseFolded } = formats; ${body}`,
  );
  run(formats, { log: (value: unknown) => printed.push(value) });
  expect(printed).toEqual([
    'node;handleRequest;parse 70\nnode;handleRequest;vfs_read_[k] 30\n',
    100,
    true,
  ]);
  for (const line of String(printed[0]).trim().split('\n')) expect(readme).toContain(`// ${line}`);
});

test('the README names every export', () => {
  for (const name of Object.keys(formats)) expect(readme).toContain(`\`${name}`);
});
