// `waggle diff`: what its table, its JSON and its file say of two profiles with known answers. It
// needs no rights.
// Runs beside others.

import { describe, expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Waggle } from './support/waggle.ts';
import { freshFolder } from './support/workloads.ts';

const folder = freshFolder();
const before = join(folder, 'before.folded');
const after = join(folder, 'after.folded');
writeFileSync(before, 'app;main;parse 600\napp;main;read_[k] 390\napp;main;rare 10\n');
writeFileSync(
  after,
  'app;main;parse 500\napp;main;parse;grow\u001b[2J 500\napp;main;read_[k] 990\napp;main;rare 10\n',
);

describe('waggle diff', () => {
  test('lists the functions whose own share changed, largest first', async () => {
    const { code, stdout } = await Waggle.run(['diff', before, after]);
    expect(code).toBe(0);
    const rows = stdout.split('\n').map((line) => line.trim());
    expect(rows[0]).toBe('1,000 samples before, 2,000 after');
    expect(rows.slice(2, 5)).toEqual([
      expect.stringMatching(/^60\.0 % +25\.0 % +-35\.0 parse$/),
      expect.stringMatching(/^0\.0 % +25\.0 % +\+25\.0 grow\\u001b\[2J$/),
      expect.stringMatching(/^39\.0 % +49\.5 % +\+10\.5 read \(kernel\)$/),
    ]);
    expect(rows[5]).toContain('1 smaller changes may be chance');
    expect(stdout).not.toContain('\u001b');
  });

  test('by what functions call, all of them, and only so many', async () => {
    const total = await Waggle.run(['diff', '--total', '-n', '1', before, after]);
    expect(total.stdout).toMatch(/\+25\.0 grow/);
    expect(total.stdout).not.toContain('read');
    const all = await Waggle.run(['diff', '--all', before, after]);
    expect(all.stdout).toMatch(/1\.0 % +0\.5 % +-0\.5 rare/);
  });

  test('writes both counts of each stack, and everything as JSON', async () => {
    const file = join(folder, 'changed.folded');
    const { stdout } = await Waggle.run(['diff', '--json', before, after, '-o', file]);
    expect(readFileSync(file, 'utf8')).toContain('app;main;parse 600 500\n');
    const { samples, functions } = JSON.parse(stdout);
    expect(samples).toEqual({ before: 1000, after: 2000 });
    expect(functions).toContainEqual({
      name: 'parse',
      kind: 'user',
      self: { before: 600, after: 500 },
      total: { before: 600, after: 1000 },
    });
  });

  test('draws the change, as a picture and as a page', async () => {
    const files = ['changed.svg', 'changed.html'].map((name) => join(folder, name));
    const { code, stdout } = await Waggle.run([
      ...['diff', before, after],
      ...files.flatMap((file) => ['-o', file]),
    ]);
    expect(code).toBe(0);
    expect(stdout).toContain('1,000 samples before, 2,000 after');
    const [svg = '', html = ''] = files.map((file) => readFileSync(file, 'utf8'));
    for (const text of [svg, html]) {
      expect(text).toContain('<title>before.folded \u2192 after.folded</title>');
      expect(text).toContain('grow\uFFFD[2J');
      expect(text).not.toContain('\u001b');
    }
    // The largest change is the deepest red: `grow`, and `parse` with it above.
    expect(svg).toMatch(/<rect class="g6"/);
    expect(svg).toMatch(/<\/svg>\s*$/);
    expect(html).toContain('"compared":{"before":1000,"after":2000,"sizeBy":"after"}');
    expect(html).toMatch(/<\/html>\s*$/);
  });

  test('what is gone is in the picture too, and can be what is drawn', async () => {
    const file = join(folder, 'turned.svg');
    await Waggle.run(['diff', after, before, '-o', file]);
    expect(readFileSync(file, 'utf8')).toContain(
      'Gone: 1 function (1 beyond chance), in which 25.0 % of the samples before ended',
    );
    await Waggle.run(['diff', after, before, '--size-by', 'before', '-o', file]);
    const sized = readFileSync(file, 'utf8');
    expect(sized).not.toContain('Gone');
    expect(sized).toMatch(/<rect class="s6"/);
  });

  test('says what is wrong with its input', async () => {
    const empty = join(folder, 'empty.folded');
    writeFileSync(empty, '');
    for (const [args, code, words] of [
      [[before, join(folder, 'none.folded')], 1, 'there is no such file'],
      [[before, folder], 1, 'it is a directory'],
      [[before, empty], 1, 'has no samples to compare'],
      [[before, join(folder, 'x.svg')], 2, 'profiles can be read from'],
      [
        [before, after, '-o', join(folder, 'x.png')],
        2,
        'written as .folded, .collapsed, .svg, .html',
      ],
      [[before, after, '-o', join(folder, 'none/x.svg')], 1, 'there is no directory'],
      [[before, after, '--size-by', 'both'], 2, 'Allowed choices are after, before'],
      [[before, after, '-n', '0'], 2, 'whole number'],
      [[before], 2, 'missing required argument'],
    ] as const) {
      const result = await Waggle.run(['diff', ...args]);
      expect({ args, code: result.code }).toEqual({ args, code });
      expect(result.stderr).toContain(words);
    }
  });
});
