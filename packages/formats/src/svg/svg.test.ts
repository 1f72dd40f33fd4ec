import { describe, expect, test } from 'bun:test';
import { pictureOf, stack, user } from '../../test/picture.ts';
import { profileOf, randomOf, randomProfile } from '../../test/random-profile.ts';
import { byClass, descendants, parseXml, type XmlElement } from '../../test/strict-xml.ts';
import { drawnWidth } from '../flame-graph/label.ts';
import type { Profile, ProfileFrame, ProfileStack } from '../profile.ts';
import { createSvgFormat, encodeSvg } from './index.ts';
import { covers } from './viewer/geometry.ts';

const number = (element: XmlElement | undefined, name: string): number =>
  Number(element?.attributes.get(name));

describe('structure', () => {
  test('a box for each call path, as wide as its samples', () => {
    const profile = profileOf([stack(6, 'a', 'b'), stack(3, 'a', 'c'), stack(1, 'd')]);
    const { rects, rows, names } = pictureOf(encodeSvg(profile, { width: 1020 }));
    expect(names).toEqual([['all'], ['a', 'd'], ['b', 'c']]);
    expect(rows.map((row) => row.map(({ count }) => count))).toEqual([[10], [9, 1], [6, 3]]);
    expect(rects.map((row) => row.map((rect) => number(rect, 'x')))).toEqual([
      [10],
      [10, 910],
      [10, 610],
    ]);
    const gap = 1000 - drawnWidth(1000);
    expect(rects[2]?.map((rect) => Math.round(number(rect, 'width') + gap))).toEqual([600, 300]);
  });

  test('any profile: samples of callees and of the frame itself sum to its own', () => {
    for (let seed = 1; seed <= 150; seed++) {
      const profile = randomProfile(randomOf(seed));
      const total = profile.metadata.samples;
      if (total === 0) continue;
      const { rects, rows } = pictureOf(encodeSvg(profile, { minWidth: 0 }));
      expect(rows[0]?.[0]?.count, `seed ${seed}`).toBe(total);
      for (const frame of rows.flat()) {
        const callees = (rows[frame.row + 1] ?? []).filter((f) => covers(frame, f));
        const sum = callees.reduce((samples, { count }) => samples + count, frame.self);
        expect(sum).toBe(frame.count);
      }
      rows.forEach((row, depth) => {
        expect(rects[depth]?.length).toBe(row.length);
        row.forEach((frame, at) => {
          const rect = rects[depth]?.[at];
          const width = (frame.count / total) * 1180;
          expect(number(rect, 'x')).toBeCloseTo(10 + (frame.start / total) * 1180, 1);
          expect(number(rect, 'width')).toBeCloseTo(drawnWidth(width), 1);
        });
      });
    }
  });

  test('the root is at the bottom, or at the top when inverted', () => {
    const profile = profileOf([stack(1, 'a', 'b')]);
    const yOf = (text: string): number[] =>
      (byClass(parseXml(text), 'boxes')[0]?.children ?? []).map((group) =>
        Number(/translate\(0 (\d+)\)/.exec(group.attributes.get('transform') ?? '')?.[1]),
      );
    expect(yOf(encodeSvg(profile))).toEqual([128, 110, 92]);
    expect(yOf(encodeSvg(profile, { inverted: true }))).toEqual([92, 110, 128]);
  });

  test('boxes stay inside the picture, labels inside their boxes', () => {
    const { svg, rects } = pictureOf(
      encodeSvg(
        profileOf([stack(3, 'a'.repeat(300), 'short'), stack(5, 'b', '日本語'.repeat(50))]),
      ),
    );
    const boxes = rects.flat();
    for (const rect of boxes) {
      expect(number(rect, 'x') + number(rect, 'width')).toBeLessThanOrEqual(1190);
    }
    const labels = descendants(byClass(svg, 'boxes')[0] as XmlElement).filter(
      ({ name }) => name === 'text',
    );
    expect(labels.length).toBe(5);
    for (const label of labels) {
      const x = number(label, 'x');
      const columns = [...label.text].reduce((sum, c) => sum + (c > '\u2fff' ? 2 : 1), 0);
      const room = boxes.filter((rect) => Math.abs(number(rect, 'x') + 3 - x) < 0.02);
      expect(room.some((rect) => columns * 7.2 <= number(rect, 'width'))).toBe(true);
    }
    expect(labels.filter(({ text }) => text.endsWith('…')).length).toBe(2);
  });

  test('says what was recorded', () => {
    const text = encodeSvg({
      ...profileOf([stack(1234567, 'main')], 'make -j4'),
    });
    const svg = parseXml(text);
    expect(byClass(svg, 'title')[0]?.text).toBe('make -j4 on web-3');
    expect(svg.children[0]?.text).toBe('make -j4 on web-3');
    expect(byClass(svg, 'subtitle')[0]?.text).toBe(
      '1,234,567 samples · 99 Hz · 10.5 s · 3 lost · 2025-03-04 05:06:07 UTC',
    );
    expect(byClass(svg, 'legend')[0]?.children.map(({ text }) => text)).toContain('user 100.0 %');
  });

  test('a system-wide profile, and a title of one’s own', () => {
    const { stacks, metadata } = profileOf([stack(1, 'main')]);
    const { command: _, ...rest } = metadata;
    const titleOf = (profile: Profile, title?: string): string | undefined =>
      parseXml(encodeSvg(profile, title === undefined ? {} : { title })).children[0]?.text;
    expect(titleOf({ stacks, metadata: rest })).toBe('whole system on web-3');
    expect(titleOf({ stacks, metadata }, 'A & B')).toBe('A & B');
    expect(titleOf({ stacks, metadata }, 'x'.repeat(2_000_000))?.length).toBe(400);
  });

  test('no samples: a valid picture that says so, without a script', () => {
    for (const stacks of [[], [stack(0, 'main')]]) {
      const svg = parseXml(encodeSvg(profileOf(stacks)));
      const all = descendants(svg);
      expect(all.some(({ text }) => text === 'No samples were recorded.')).toBe(true);
      expect(all.some(({ name }) => name === 'script')).toBe(false);
    }
  });

  test('needs nothing from elsewhere', () => {
    const text = encodeSvg(profileOf([stack(1, 'main')]));
    expect(
      text.match(/https?:\/\/[^\s"'`]+/g)?.every((url) => url.startsWith('http://www.w3.org/')),
    ).toBe(true);
    expect(text).not.toMatch(/@import|url\(|href/);
  });

  test.each([{ width: 0 }, { width: Number.NaN }, { minWidth: -1 }, { maxFrames: 0 }])(
    'refuses %p',
    (options) => {
      expect(() => createSvgFormat(options).encode(profileOf([]))).toThrow(RangeError);
    },
  );
});

describe('functions', () => {
  test('of one name but another object or kind have boxes of their own', () => {
    const at = (kind: ProfileFrame['kind'], object?: string): ProfileStack => ({
      frames: [{ name: 'read', kind, ...(object === undefined ? {} : { object }) }],
      count: 10,
    });
    const stacks = [at('user', '/a'), at('user', '/b'), at('kernel'), at('user'), at('user', '/a')];
    const { data, rows } = pictureOf(encodeSvg(profileOf(stacks)));
    const found = rows[1]?.map(({ symbol, count }) => {
      const [, kind, object = -1] = data.symbols[symbol] ?? [];
      return [kind, data.objects[object], count];
    });
    expect(found).toEqual([
      ['kernel', undefined, 10],
      ['user', undefined, 10],
      ['user', '/a', 20],
      ['user', '/b', 10],
    ]);
  });

  test('keep their colour between runs, and differ by kind', () => {
    const shadesOf = (text: string): Map<string, string> => {
      const { names, rects } = pictureOf(text);
      return new Map(
        names.flatMap((row, depth) =>
          row.map((name, at) => [name, rects[depth]?.[at]?.attributes.get('class') ?? ''] as const),
        ),
      );
    };
    const names = Array.from({ length: 40 }, (_, index) => `function_${index}`);
    const one = shadesOf(encodeSvg(profileOf(names.map((name) => stack(10, name)))));
    const other = shadesOf(encodeSvg(profileOf([stack(500, 'new', ...names)])));
    for (const name of names) expect(other.get(name)).toBe(one.get(name) as string);
    expect(new Set(names.map((name) => one.get(name))).size).toBeGreaterThan(8);
    const kinds = (['process', 'user', 'kernel', 'unresolved'] as const).map((kind) => {
      const shade = shadesOf(encodeSvg(profileOf([{ frames: [{ name: 'f', kind }], count: 1 }])));
      return shade.get('f')?.[0];
    });
    expect(kinds).toEqual(['p', 'u', 'k', 'x']);
  });
});

describe('limits', () => {
  const many = Array.from({ length: 200 }, (_, index) => stack(1, 'main', `leaf_${index}`));

  test('boxes below minWidth are left out, their samples stay in their callers', () => {
    const stacks = [stack(99_990, 'main', 'wide'), stack(10, 'main', 'narrow', 'deeper')];
    const { names, rows, svg } = pictureOf(encodeSvg(profileOf(stacks), { minWidth: 0.2 }));
    expect(names).toEqual([['all'], ['main'], ['wide']]);
    expect(rows[1]?.[0]?.count).toBe(100_000);
    expect(byClass(svg, 'subtitle')[0]?.text).toEndWith('2 narrow boxes not drawn');
    const all = pictureOf(encodeSvg(profileOf(stacks), { minWidth: 0.1 }));
    expect(all.names.flat()).toContain('deeper');
  });

  test('maxFrames keeps the largest boxes and those they stand on', () => {
    for (const maxFrames of [1, 2, 3, 50, 201, 202, 203]) {
      const profile = profileOf([...many, stack(5, 'main', 'leaf_7')]);
      const { names, rows } = pictureOf(encodeSvg(profile, { maxFrames }));
      expect(names.flat().length).toBe(Math.min(maxFrames, 202));
      if (maxFrames > 2) expect(names[2]).toContain('leaf_7');
      for (const frame of rows.flat().slice(1)) {
        expect(rows[frame.row - 1]?.some((caller) => covers(caller, frame))).toBe(true);
      }
    }
  });

  test('20,000 distinct stacks of 128 frames: below 3 MB', () => {
    const random = randomOf(1);
    const stacks = Array.from({ length: 20_000 }, (_, index) => ({
      frames: Array.from({ length: 128 }, (_unused, depth) =>
        user(`function_${depth}_${Math.floor(random() * 2)}${depth > 100 ? `_${index}` : ''}`),
      ),
      count: 1 + Math.floor(random() * 5),
    }));
    const profile = profileOf(stacks);
    expect(encodeSvg(profile).length).toBeLessThan(3_000_000);
  }, 30_000);

  test('a stack of 500 frames has a row each', () => {
    const names = Array.from({ length: 500 }, (_, index) => `f${index}`);
    expect(pictureOf(encodeSvg(profileOf([stack(1, ...names)]))).rects.length).toBe(501);
  });
});
