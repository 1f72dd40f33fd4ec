// What a command does stays out of the file that every command loads.

import { afterAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { commandsApart } from '../scripts/bundle-resolution.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

const COMMANDS = 'packages/cli/src/commands';
const MAIN = 'packages/cli/src/main.ts';
/** Two commands, each with what it does in a file of its own. */
const SOURCES: Readonly<Record<string, string>> = {
  [MAIN]: `import { a } from './commands/a/command.ts'; import { b } from './commands/b/command.ts'; await a(); await b();`,
  [`${COMMANDS}/a/command.ts`]: `export const a = async () => (await import('./run.ts')).run();`,
  [`${COMMANDS}/a/run.ts`]: `import { work } from './work.ts'; export const run = () => work('a does this');`,
  [`${COMMANDS}/a/work.ts`]: `export const work = (text: string) => console.log(text);`,
  [`${COMMANDS}/b/command.ts`]: `export const b = async () => (await import('./run-all.ts')).run();`,
  [`${COMMANDS}/b/run-all.ts`]: `export const run = () => console.log('b does this');`,
};

/** The file of the command line, made of these sources; rejects with what refused it. */
async function bundled(changed: Readonly<Record<string, string>>): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), 'waggle-apart-'));
  folders.push(root);
  for (const [path, text] of Object.entries({ ...SOURCES, ...changed })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  try {
    const { outputs } = await Bun.build({
      entrypoints: [join(root, MAIN)],
      target: 'bun',
      plugins: [commandsApart(root, true)],
    });
    return (await outputs[0]?.text()) ?? '';
  } catch (error) {
    const { errors } = error as AggregateError;
    throw new Error(errors.map(({ message }: Error) => message).join('\n'));
  }
}

test('the command line names the files of commands, and has nothing of what they do', async () => {
  const text = await bundled({});
  expect(text).toMatch(/require\("\.\/a\/run\.js"\)/);
  expect(text).toMatch(/require\("\.\/b\/run-all\.js"\)/);
  expect(text).not.toContain('does this');
});

const REFUSED: readonly [string, Readonly<Record<string, string>>, RegExp][] = [
  [
    'a command that imports what it does before it runs',
    { [`${COMMANDS}/a/command.ts`]: `import { run } from './run.ts'; export const a = run;` },
    /a\/command\.ts imports .*a\/run\.ts: use import\(\)/,
  ],
  [
    'another file of a command that imports what it does',
    {
      [`${COMMANDS}/a/command.ts`]: `export { a } from './options.ts';`,
      [`${COMMANDS}/a/options.ts`]: `export const a = async () => (await import('./run.ts')).run();`,
    },
    /a\/options\.ts imports .*a\/run\.ts: .* by its command\.ts alone/,
  ],
  [
    'another command',
    {
      [`${COMMANDS}/b/command.ts`]: `export const b = async () => (await import('../a/run.ts')).run();`,
    },
    /b\/command\.ts imports .*a\/run\.ts: .* by its command\.ts alone/,
  ],
  [
    'what is loaded late by another name',
    {
      [`${COMMANDS}/a/command.ts`]: `export const a = async () => (await import('./work.ts')).work('');`,
    },
    /a\/command\.ts imports .*a\/work\.ts: it would be a part of main\.js/,
  ],
];

test.each(REFUSED)('%s is refused', async (_what, changed, message) => {
  await expect(bundled(changed)).rejects.toThrow(message);
});
