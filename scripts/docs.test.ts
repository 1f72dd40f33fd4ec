// What the documents link to is there: files, and headings of them. Sources move; a document that names
// them should be told.

import { expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const root = resolve(import.meta.dir, '..');
const pages = Bun.spawnSync(['git', 'ls-files', '-co', '--exclude-standard', '*.md'], { cwd: root })
  .stdout.toString()
  .split('\n')
  .filter((page) => page !== '' && existsSync(join(root, page)));

const read = (page: string) => readFileSync(join(root, page), 'utf8');

/** Code holds no links. */
const prose = (page: string) => read(page).replace(/^( *)(```+)[^\n]*\n[\s\S]*?^\1\2/gm, '');

/** The id that GitHub gives a heading. */
function idOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
}

function hasHeading(page: string, id: string): boolean {
  return [...prose(page).matchAll(/^#+ (.+)$/gm)].some(([, heading = '']) => idOf(heading) === id);
}

test.each(pages)('%s links to what there is', (page) => {
  const links = [...prose(page).matchAll(/\]\(<?([^)\s>]+)>?\)/g)].map(([, link = '']) => link);
  const broken = links
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => {
      const [path = '', id] = link.split('#');
      const target = path === '' ? page : join(dirname(page), path);
      if (!existsSync(join(root, target))) return true;
      return id !== undefined && target.endsWith('.md') && !hasHeading(target, id);
    });
  expect(broken).toEqual([]);
});
