// What the documents point to is there: files that they link to, headings of them, and the paths of
// ARCHITECTURE.md. Sources move; a document that names them should be told.

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

test('ARCHITECTURE.md and CONTRIBUTING.md name files and folders that there are', () => {
  const missing = ['ARCHITECTURE.md', 'CONTRIBUTING.md'].flatMap((page) =>
    pathsIn(read(page)).filter((path) => !existsSync(join(root, path))),
  );
  expect(missing).toEqual([]);
});

test('every room of a package is in the list of rooms', () => {
  const files = Bun.spawnSync(['git', 'ls-files', 'packages/*/src/*/*'], {
    cwd: root,
  }).stdout.toString();
  const inRooms = files.split('\n').map((path) => path.split('/').slice(1, 4).join('/'));
  const rooms = [...new Set(inRooms)].filter(
    (room) => room !== '' && !/\/src\/(generated|testing)$/.test(room),
  );
  const rows = read('ARCHITECTURE.md').match(/^- `[a-z]+\/src\/.*(?:\n {2}.*)*/gm) ?? [];
  expect(rooms.filter((room) => !rows.some((row) => names(row, room)))).toEqual([]);
});

/** By its path, among others of its package, or as one of a folder of which all are alike. */
function names(row: string, room: string): boolean {
  const [ofPackage = '', name = ''] = room.split('/src/');
  if (!row.includes(`\`${ofPackage}/src/`)) return false;
  const paths = [...row.matchAll(/`([\w./{},<>-]+)`/g)].flatMap(([, path = '']) =>
    alternatives(path),
  );
  return paths.some(
    (path) => path.startsWith(room) || path === `${name}/` || path.startsWith(`${ofPackage}/src/<`),
  );
}

/** `core/src/session/` and `packages/core/src/session/`; not `formats/src/<name>/`. */
function pathsIn(text: string): string[] {
  const named =
    /(?<![\w/.-])(?:packages\/)?((?:bpf|cache|cli|core|events|ffi|formats|kernel|native|otlp|probes|profiler|serve|store|symbols|text|timeline|tui|unwind)\/(?:bpf|src|scripts)\/[\w./{},*<>-]*|(?:scripts|tests|examples|docs)\/[\w./{},*<>-]+)/g;
  return [...text.matchAll(named)].flatMap(([, path = '']) => {
    const [plain = ''] = path.split(/[<*]/);
    const place = plain.replace(/[.,]+$/, '');
    const inPackages = /^(?:scripts|tests|examples|docs)\//.test(place) ? '' : 'packages/';
    return alternatives(place).map((one) => `${inPackages}${one}`);
  });
}

/** `a/{b,c}/` is `a/b/` and `a/c/`. */
function alternatives(path: string): string[] {
  const [, before = '', list, after = ''] = /^(.*?)\{(.*?)\}(.*)$/.exec(path) ?? [];
  if (list === undefined) return [path];
  return list.split(',').map((one) => `${before}${one}${after}`);
}
