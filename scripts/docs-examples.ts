// Writes every block of TypeScript in READMEs and guides to a file of .docs-examples/, for the type
// checker of `npm run check`. Most are run as well, by a readme test of their package and by
// tests/custom-agent-guide.test.ts.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = '.docs-examples';

/** What a block takes from the text before it. */
const BEFORE: Readonly<Record<string, string>> = {
  'packages/formats/README.md 2':
    "import type { Profile } from '@waggle/formats';\ndeclare const profile: Profile;\n",
  // Their `// →` lines are checked where they are run: packages/cache/test/readme.test.ts.
  'packages/cache/README.md': '// @ts-nocheck\n',
  // Its module is made of the guide's C, by the test that runs it.
  'docs/custom-agent.md 6': '// @ts-nocheck\n',
};

const pages = Bun.spawnSync(['git', 'ls-files', '-co', '--exclude-standard', '*.md'])
  .stdout.toString()
  .split('\n')
  .filter((page) => page !== '' && !/\/(?:vendor|api)\//.test(page));

rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER);
let count = 0;
for (const page of pages) {
  const blocks = readFileSync(page, 'utf8').matchAll(/```(?:ts|js)\n([\s\S]*?)```/g);
  [...blocks].forEach(([, code = ''], index) => {
    const before = BEFORE[`${page} ${index + 1}`] ?? BEFORE[page] ?? '';
    const name = `${page.replace(/\.md$/, '').replaceAll('/', '-')}-${index + 1}.ts`;
    // A module, though it may import nothing.
    writeFileSync(join(FOLDER, name), `${before}${code}\nexport {};\n`);
    count += 1;
  });
}
console.log(`${count} examples of the documents in ${FOLDER}/`);
