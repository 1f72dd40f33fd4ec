/** Pictures of a difference as files, and in a real browser. */

import { describe, expect, test } from 'bun:test';
import { browserPath } from '../../test/browser.ts';
import { clickAt, colourAt, tableRows, tooltipAt } from '../../test/flame-page.ts';
import { browserPages } from '../../test/open-page.ts';
import { pictureOf } from '../../test/picture.ts';
import { HOSTILE_NAMES, profileOf, randomOf, randomProfile } from '../../test/random-profile.ts';
import { byClass, parseXml } from '../../test/strict-xml.ts';
import {
  diffFormatForPath,
  diffFormats,
  diffProfiles,
  encodeHtmlDiff,
  encodeSvgDiff,
  type Profile,
  type ProfileDiff,
  parseFolded,
} from '../index.ts';
import { covers } from '../svg/viewer/geometry.ts';

const of = (text: string): Profile => ({ ...profileOf([]), stacks: parseFolded(text).stacks });

// parse 55 % → 44.5 % though grow in it is 25 % now, read 39 % → 55 %, old 5 % → 0.
const DIFF = diffProfiles(
  of('app;main;parse 550\napp;main;read_[k] 390\napp;main;rare 10\napp;main;old;older 50\n'),
  of('app;main;parse 390\napp;main;parse;grow 500\napp;main;read_[k] 1100\napp;main;rare 10\n'),
);

interface Box {
  readonly name: string;
  readonly className: string;
  readonly count: number;
  readonly other: number;
}

function boxesOf(text: string): Box[] {
  const { data, rows, rects, names } = pictureOf(text);
  return rows.flatMap((row, depth) =>
    row.map((frame, at) => ({
      name: names[depth]?.[at] ?? '',
      className: rects[depth]?.[at]?.attributes.get('class') ?? '',
      count: frame.count,
      other: data.compared?.others[frame.index] ?? Number.NaN,
    })),
  );
}

describe('the SVG', () => {
  test('is sized by the profile after, coloured by the change of share', () => {
    expect(boxesOf(encodeSvgDiff(DIFF))).toEqual([
      { name: 'all', className: 'r', count: 2000, other: 1000 },
      { name: 'app', className: 'same', count: 2000, other: 1000 },
      { name: 'main', className: 'same', count: 2000, other: 1000 },
      { name: 'parse', className: 's4', count: 890, other: 550 },
      { name: 'rare', className: 'same', count: 10, other: 10 },
      { name: 'read', className: 'g5', count: 1100, other: 390 },
      { name: 'grow', className: 'g6', count: 500, other: 0 },
    ]);
  });

  test('or by the one before, with the colours of the same changes', () => {
    expect(boxesOf(encodeSvgDiff(DIFF, { sizeBy: 'before' })).slice(3)).toEqual([
      { name: 'old', className: 's3', count: 50, other: 0 },
      { name: 'parse', className: 's4', count: 550, other: 890 },
      { name: 'rare', className: 'same', count: 10, other: 10 },
      { name: 'read', className: 'g5', count: 390, other: 1100 },
      { name: 'older', className: 's3', count: 50, other: 0 },
    ]);
  });

  test('names what has no box', () => {
    const linesOf = (text: string): string[] =>
      (byClass(parseXml(text), 'footer')[0]?.children ?? []).map((line) => line.text.trim());
    expect(linesOf(encodeSvgDiff(DIFF))).toEqual([
      'Gone: 2 functions (2 beyond chance), in which 5.00 % of the samples before ended',
      '5.00 % total      0 % self  old',
      '5.00 % total   5.00 % self  older',
    ]);
    expect(linesOf(encodeSvgDiff(DIFF, { sizeBy: 'before' }))[0]).toBe(
      'New: 1 function (1 beyond chance), in which 25.0 % of the samples after ended',
    );
    const many = Array.from({ length: 40 }, (_, index) => `f${index} 1\n`).join('');
    const list = linesOf(
      encodeSvgDiff(
        diffProfiles(of(`a;b 1\n${many.replace(/^/gm, 'a;')}`.replace(/a;$/, '')), of('a;b 1\n')),
      ),
    );
    expect(list).toHaveLength(17);
    expect(list.at(-1)).toBe('and 25 more');
  });

  test('a program that moved has one box a function', () => {
    const at = (object: string, ...names: string[]): Profile =>
      profileOf([
        { count: 5, frames: names.map((name) => ({ name, kind: 'user' as const, object })) },
      ]);
    const moved = diffProfiles(at('/v1/app', 'main', 'a'), at('/v2/app', 'main', 'b'));
    const { data, names } = pictureOf(encodeSvgDiff(moved));
    expect(names).toEqual([['all'], ['main'], ['b']]);
    expect(data.objects).toEqual(['/v2/app']);
  });
});

describe('any two profiles', () => {
  const pairs = Array.from({ length: 40 }, (_, index): [Profile, Profile] => [
    randomProfile(randomOf(index + 1)),
    randomProfile(randomOf(index + 501)),
  ]);

  test('one difference gives one file, in each format', () => {
    for (const [before, after] of pairs) {
      for (const format of diffFormats) {
        const file = format.encode(diffProfiles(before, after));
        const turned = (profile: Profile): Profile => ({
          ...profile,
          stacks: profile.stacks.toReversed(),
        });
        expect(format.encode(diffProfiles(turned(before), turned(after)))).toBe(file);
      }
    }
  });

  test('boxes hold the samples of both', () => {
    for (const [before, after] of pairs) {
      const diff = diffProfiles(before, after);
      if (diff.totals.after === 0) continue;
      const { rows, data } = pictureOf(encodeSvgDiff(diff, { minWidth: 0 }));
      const others = data.compared?.others ?? [];
      expect([others[0], rows[0]?.[0]?.count]).toEqual([diff.totals.before, diff.totals.after]);
      for (const frame of rows.flat()) {
        const callees = (rows[frame.row + 1] ?? []).filter((callee) => covers(frame, callee));
        const below = callees.reduce((sum, { index }) => sum + (others[index] ?? 0), 0);
        expect(below).toBeLessThanOrEqual(others[frame.index] ?? 0);
      }
    }
  });

  test('formats are known by extension', () => {
    expect(diffFormatForPath('a.SVG')?.name).toBe('svg');
    expect(diffFormatForPath('a.html')?.name).toBe('html');
    expect(diffFormatForPath('a.pb.gz')).toBeUndefined();
  });
});

const executable = browserPath;
if (executable !== undefined) {
  const { open, browserTest } = browserPages(executable);
  const hue = ([red = 0, , blue = 0]: number[]): string =>
    red > blue + 60 ? 'red' : blue > red + 60 ? 'blue' : 'grey';

  describe('in a browser', () => {
    browserTest('the page shows both shares, what is new and what is gone', async () => {
      const html = encodeHtmlDiff(DIFF, { title: 'monday \u2192 tuesday' });
      const page = await open('changed.html', html);
      expect(await page.locator('h1').textContent()).toBe('monday → tuesday');
      expect(await page.locator('.facts').textContent()).toBe(
        'Before1,000 samplesAfter2,000 samples',
      );
      expect(await tooltipAt(page, 3, 0.4)).toEqual([
        'parse',
        'before 55.0 % (550 samples)',
        'after 44.5 % (890 samples)',
        '−10.5 points, 0.81 times',
        'user',
      ]);
      expect((await tooltipAt(page, 3, 0.447))[3]).toBe('−0.50 points, 0.50 times, may be chance');
      expect((await tooltipAt(page, 4, 0.2)).slice(0, 4)).toEqual([
        'grow',
        'before 0 % (0 samples)',
        'after 25.0 % (500 samples)',
        '+25.0 points, new',
      ]);
      expect(hue(await colourAt(page, 4, 0.2))).toBe('red');
      expect(hue(await colourAt(page, 3, 0.43))).toBe('blue');
      expect(hue(await colourAt(page, 2, 0.9))).toBe('grey');
      expect(await tableRows(page)).toEqual([
        '19.5 % −35.5 44.5 % −10.5 parse',
        '25.0 % +25.0 25.0 % +25.0 newgrow',
        '55.0 % +16.0 55.0 % +16.0 read',
        '0 % −5.00 0 % −5.00 goneolder',
        '0.50 % −0.50 0.50 % −0.50 rare',
        '0 % ±0 100.0 % ±0 app',
        '0 % ±0 100.0 % ±0 main',
        '0 % ±0 0 % −5.00 goneold',
      ]);
      await page.click('#size-by-before');
      expect((await tooltipAt(page, 3, 0.03)).slice(0, 4)).toEqual([
        'old',
        'before 5.00 % (50 samples)',
        'after 0 % (0 samples)',
        '−5.00 points, gone',
      ]);
      expect(hue(await colourAt(page, 3, 0.04))).toBe('blue');
      await page.dblclick('tr:has-text("grow")');
      // New: there is nothing of it before, so what came after is shown.
      const share = page.locator('#sandwich-share');
      expect(await share.textContent()).toStartWith('500 samples, 25.0 % after');
      expect(await page.locator('#result').textContent()).toBe('only after');
      await page.click('#size-by-after');
      expect((await tooltipAt(page, 0, 0.5, 'callees')).slice(0, 2)).toEqual([
        'grow',
        'before 0 % (0 samples)',
      ]);
      await page.click('tr:has-text("older")');
      expect(await share.textContent()).toStartWith('50 samples, 5.00 % before');
      expect((await tooltipAt(page, 0, 0.5, 'callees'))[3]).toBe('−5.00 points, gone');
    });

    browserTest('the picture answers, above its list of what is gone', async () => {
      const page = await open('changed.svg', encodeSvgDiff(DIFF));
      const box = page.locator('.boxes rect.g6');
      await box.hover();
      expect(await page.locator('.status').textContent()).toContain(
        'growbefore 0 % (0 samples) · after 25.0 % (500 samples) · +25.0 points, new',
      );
      expect(await box.textContent()).toContain('after 25.0 %');
      const [list, status] = [page.locator('.footer'), page.locator('.status')];
      const [above, below] = [await list.boundingBox(), await status.boundingBox()];
      expect((above?.y ?? 0) + (above?.height ?? 0)).toBeLessThanOrEqual((below?.y ?? 0) + 1);
      await box.click();
      expect((await box.boundingBox())?.width).toBeGreaterThan(1300);
    });

    browserTest('hostile names are text and nothing else', async () => {
      const side = (count: number): Profile =>
        profileOf(
          HOSTILE_NAMES.map((name, index) => ({
            frames: [
              { name: 'main', kind: 'user' as const },
              { name, kind: 'user' as const },
            ],
            count: count * (index + 1),
          })),
        );
      const gone: ProfileDiff = diffProfiles(side(1), profileOf(side(9).stacks.slice(0, 3)));
      const all = HOSTILE_NAMES.join('');
      const about = { ...side(1).metadata, host: all, command: all };
      for (const [name, text] of [
        ['changed.svg', encodeSvgDiff(gone, { title: all })],
        ['changed.html', encodeHtmlDiff(gone, { title: all, before: about, after: about })],
      ] as const) {
        const page = await open(name, text);
        if (name.endsWith('html')) await clickAt(page, 2, 0.5);
        else await page.locator('.boxes rect').last().click();
        expect(await page.evaluate('globalThis.pwned')).toBeUndefined();
      }
    });
  });
}
