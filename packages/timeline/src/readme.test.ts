import { Database } from 'bun:sqlite';
import { expect, test } from 'bun:test';
import * as timeline from './index.ts';

const readme = await Bun.file(new URL('../README.md', import.meta.url)).text();

/** Runs the example with that number; the names in `shown` afterwards. */
async function run(number: number, shown: string, ...more: readonly string[]): Promise<unknown> {
  const example = [...readme.matchAll(/```ts\n(.*?)```/gs)][number]?.[1] ?? '';
  const body = example.replaceAll(/^import .*\n/gm, '');
  const names = Object.keys(timeline).join(', ');
  const code = new Bun.Transpiler({ loader: 'ts' }).transformSync(
    `async function example() { ${body}; return ${shown}; }`,
  );
  return new Function(
    ...['timeline', 'Database', ...more],
    `const { ${names} } = timeline; ${code}; return example();`,
  )(timeline, Database);
}

test('the examples of the README do what they say', async () => {
  expect(await run(0, '{ counts, table }')).toEqual({
    counts: { events: 1, foreign: 0, isCut: false },
    table: expect.stringContaining('"[""ls"",""-l""]"'),
  });
  expect(await run(1, "database.query('SELECT comm, lifetimeNs FROM exit').all()")).toEqual([
    { comm: 'ls', lifetimeNs: 900 },
  ]);
});

test('the README names every export', () => {
  for (const name of Object.keys(timeline)) expect(readme).toContain(`\`${name}`);
});
