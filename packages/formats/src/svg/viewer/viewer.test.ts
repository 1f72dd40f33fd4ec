/**
 * Runs the script that stands in the SVG, taken out of the file as a browser would, over a small
 * document made of the same file.
 */
import { describe, expect, test } from 'bun:test';
import { HOSTILE_NAMES, profileOf } from '../../../test/random-profile.ts';
import { type SmallElement, SmallWindow } from '../../../test/small-document.ts';
import { parseXml } from '../../../test/strict-xml.ts';
import { diffProfiles } from '../../diff/index.ts';
import type { Profile, ProfileStack } from '../../profile.ts';
import { encodeSvg, encodeSvgDiff, type SvgOptions } from '../index.ts';

const stack = (count: number, ...names: string[]): ProfileStack => ({
  frames: names.map((name) => ({ name, kind: 'user', object: '/usr/bin/app' })),
  count,
});

//  parse 4 | read 2
//  work 6  | gc 3
//  main 9          | idle 1
const PROFILE = profileOf([
  stack(4, 'main', 'work', 'parse'),
  stack(2, 'main', 'work', 'read'),
  stack(3, 'main', 'gc'),
  stack(1, 'idle'),
]);

interface Viewer {
  readonly window: SmallWindow;
  readonly svg: SmallElement;
  one(className: string): SmallElement;
  box(name: string): SmallElement;
  /** [x, width before the gap between boxes] of every box shown, by name. */
  shown(): Record<string, [number, number]>;
  key(key: string, details?: { ctrlKey?: boolean }): { prevented: boolean };
  search(text: string): void;
  status(): string;
}

/** Opened in a window in which the boxes have 1000 px. */
function open(profile: Profile = PROFILE, hash = '', options: SvgOptions = {}): Viewer {
  return openSvg(encodeSvg(profile, options), hash);
}

function openSvg(text: string, hash = ''): Viewer {
  const window = new SmallWindow(parseXml(text), 1020, hash);
  window.runScript();
  const svg = window.document.documentElement;
  const one = (className: string): SmallElement => {
    const element = svg.getElementsByClassName(className)[0];
    if (element === undefined) throw new Error(`no .${className}`);
    return element;
  };
  const data = JSON.parse(one('data').textContent) as {
    symbols: [string][];
    rows: number[][];
  };
  const names = data.rows.flatMap((row) =>
    row.filter((_, at) => at % 4 === 3).map((symbol) => data.symbols[symbol]?.[0] ?? ''),
  );
  const rects = (): SmallElement[] =>
    one('boxes').children.flatMap((row) => row.children.filter(({ name }) => name === 'rect'));
  return {
    window,
    svg,
    one,
    box: (name) => rects()[names.indexOf(name)] as SmallElement,
    shown: () =>
      Object.fromEntries(
        rects().flatMap((rect, index) =>
          rect.getAttribute('display') === 'none'
            ? []
            : [
                [
                  names[index] ?? '',
                  [
                    Math.round(Number(rect.getAttribute('x')) - 10),
                    Math.round(Number(rect.getAttribute('width')) + 0.7),
                  ],
                ],
              ],
        ),
      ),
    key: (key, details = {}) => one('boxes').dispatch('keydown', { key, ...details }),
    search: (text) => {
      const input = one('controls').children.find(({ name }) => name === 'input') as SmallElement;
      input.value = text;
      input.dispatch('input');
    },
    status: () => one('status').textContent,
  };
}

describe('opening', () => {
  test('fills the window, keeps proportions and labels every box that has room', () => {
    const viewer = open();
    expect(viewer.shown()).toEqual({
      all: [0, 1000],
      idle: [0, 100],
      main: [100, 900],
      gc: [100, 300],
      work: [400, 600],
      parse: [400, 400],
      read: [800, 200],
    });
    const labels = viewer
      .one('boxes')
      .children.flatMap((row) =>
        row.children.filter(({ name }) => name === 'text').map(({ textContent }) => textContent),
      );
    expect(labels.sort()).toEqual(['all', 'gc', 'idle', 'main', 'parse', 'read', 'work']);
    expect(viewer.status()).toContain('10 samples, 100.0 %');
  });

  test('restores zoom and search from the address', () => {
    const viewer = open(PROFILE, '#zoom=2&search=parse');
    expect(viewer.shown().main).toEqual([0, 1000]);
    expect(viewer.one('result').textContent).toBe('44.4 % matched');
    expect(open(PROFILE, '#zoom=999').shown().all).toEqual([0, 1000]);
    expect(open(PROFILE, '#zoom=constructor').shown().all).toEqual([0, 1000]);
  });

  test('an inverted picture stays inverted', () => {
    const top = (viewer: Viewer): string | null =>
      viewer.one('boxes').children[0]?.getAttribute('transform') ?? null;
    expect(top(open(PROFILE, '', { inverted: true }))).toBe('translate(0 92)');
    expect(top(open())).toBe('translate(0 146)');
  });
});

describe('zoom', () => {
  test('a click zooms, callers stay, others go; the button shows all again', () => {
    const viewer = open();
    viewer.box('work').dispatch('click');
    expect(viewer.shown()).toEqual({
      all: [0, 1000],
      main: [0, 1000],
      work: [0, 1000],
      parse: [0, 667],
      read: [667, 333],
    });
    expect(viewer.box('main').getAttribute('class')).toContain('caller');
    expect(viewer.status()).toContain('6 samples, 60.0 % · 100.0 % of view · self 0 %');
    const reset = viewer
      .one('controls')
      .children.find(({ textContent }) => textContent === 'Reset zoom') as SmallElement;
    expect(reset.getAttribute('disabled')).toBeNull();
    reset.dispatch('click');
    expect(viewer.shown().idle).toEqual([0, 100]);
    expect(reset.getAttribute('disabled')).toBe('');
    expect(viewer.box('main').getAttribute('class')).not.toContain('caller');
  });

  test('Back zooms out', () => {
    const viewer = open();
    viewer.box('main').dispatch('click');
    viewer.box('work').dispatch('click');
    expect(viewer.window.visited.length).toBe(2);
    viewer.window.location.hash = viewer.window.visited[0] ?? '';
    viewer.svg.dispatch('popstate');
    expect(viewer.shown().gc).toEqual([0, 333]);
  });

  test('labels follow the room', () => {
    const viewer = open(profileOf([stack(199, 'main', 'big'), stack(1, 'main', 'small_function')]));
    const labels = (): string[] =>
      viewer
        .one('boxes')
        .children.flatMap((row) =>
          row.children.filter(({ name }) => name === 'text').map(({ textContent }) => textContent),
        );
    expect(labels()).not.toContain('small_function');
    viewer.box('small_function').dispatch('click');
    expect(labels()).toContain('small_function');
    expect(labels()).not.toContain('big');
  });
});

describe('search', () => {
  test('marks matches, shows their share of the view and clears', () => {
    const viewer = open();
    viewer.search('R');
    const marked = (): string[] =>
      Object.keys(viewer.shown()).filter((name) =>
        viewer.box(name).getAttribute('class')?.includes('match'),
      );
    expect(marked().sort()).toEqual(['parse', 'read', 'work']);
    expect(viewer.one('result').textContent).toBe('60.0 % matched');
    viewer.search('/^(gc|idle)$/');
    expect(marked().sort()).toEqual(['gc', 'idle']);
    expect(viewer.one('result').textContent).toBe('40.0 % matched');
    expect(viewer.window.location.hash).toBe('#search=%2F%5E%28gc%7Cidle%29%24%2F');
    viewer.box('main').dispatch('click');
    expect(viewer.one('result').textContent).toBe('33.3 % matched');
    viewer.search('nothing');
    expect(viewer.one('result').textContent).toBe('no match');
    viewer.search('');
    expect(marked()).toEqual([]);
    expect(viewer.one('result').textContent).toBe('');
    expect(viewer.one('boxes').getAttribute('class')).toBe('boxes');
  });

  test('Ctrl-F goes to the field, a second one to the browser; Escape clears, then zooms out', () => {
    const viewer = open();
    viewer.box('main').dispatch('click');
    expect(viewer.key('f', { ctrlKey: true }).prevented).toBe(true);
    const field = viewer.window.document.activeElement as SmallElement;
    expect(field.name).toBe('input');
    expect(viewer.key('f', { ctrlKey: true }).prevented).toBe(false);
    viewer.search('gc');
    field.dispatch('keydown', { key: 'Escape' });
    expect(field.value).toBe('');
    expect(viewer.shown().main).toEqual([0, 1000]);
    viewer.key('Escape');
    expect(viewer.shown().idle).toEqual([0, 100]);
  });
});

describe('keyboard', () => {
  test('arrows walk the boxes, Enter zooms, Backspace goes one caller out', () => {
    const viewer = open();
    viewer.key('ArrowUp');
    viewer.key('ArrowUp');
    expect(viewer.status()).toStartWith('main');
    viewer.key('ArrowLeft');
    expect(viewer.status()).toStartWith('idle');
    expect(viewer.box('idle').getAttribute('class')).toContain('cursor');
    viewer.key('ArrowRight');
    viewer.key('ArrowUp');
    expect(viewer.status()).toStartWith('work');
    expect(viewer.box('idle').getAttribute('class')).not.toContain('cursor');
    viewer.key('Enter');
    expect(viewer.shown().work).toEqual([0, 1000]);
    viewer.key('Backspace');
    expect(viewer.shown().main).toEqual([0, 1000]);
    expect(viewer.shown().gc).toEqual([0, 333]);
    expect(viewer.key('q').prevented).toBe(false);
  });

  test('i flips the picture, and the arrows with it', () => {
    const viewer = open();
    viewer.key('i');
    expect(viewer.one('boxes').children[0]?.getAttribute('transform')).toBe('translate(0 92)');
    viewer.key('ArrowDown');
    viewer.key('ArrowDown');
    expect(viewer.status()).toStartWith('main');
  });
});

test('pointing at a box describes it', () => {
  const viewer = open();
  viewer.box('gc').dispatch('mouseover');
  expect(viewer.status()).toContain('3 samples, 30.0 % · self 30.0 % · user · /usr/bin/app');
  expect(viewer.box('gc').textContent).toBe('gc (30.0 %)');
  viewer.box('idle').dispatch('mouseover');
  expect(viewer.box('gc').textContent).toBe('');
  expect(viewer.status()).toContain('1 sample, 10.0 %');
});

test('a difference is described by both shares', () => {
  const before = profileOf([stack(60, 'main', 'parse'), stack(40, 'main', 'old')]);
  const after = profileOf([stack(40, 'main', 'parse'), stack(160, 'main', 'grow')]);
  const viewer = openSvg(encodeSvgDiff(diffProfiles(before, after)));
  viewer.box('grow').dispatch('mouseover');
  expect(viewer.status()).toContain(
    'before 0 % (0 samples) · after 80.0 % (160 samples) · +80.0 points, new · user',
  );
  expect(viewer.box('grow').textContent).toContain('+80.0 points, new');
  viewer.box('main').dispatch('mouseover');
  expect(viewer.status()).toContain('after 100.0 % (200 samples) · no change');
  const colourOf = (name: string) => viewer.box(name).getAttribute('class');
  expect([colourOf('grow'), colourOf('parse'), colourOf('main')]).toEqual(['g6', 's5', 'same']);
});

test('pointing at a box says where in the source its samples were', () => {
  const at = (line: number | undefined, file = '/src/main.c') => ({
    count: 1,
    frames: [
      { name: 'main', kind: 'user', object: '/srv/app', file, ...(line ? { line } : {}) } as const,
      { name: 'leaf', kind: 'user', object: '/srv/app', file: '/src/leaf.c', line: 7 } as const,
    ],
  });
  const place = (...stacks: ProfileStack[]) => {
    const viewer = open(profileOf([...stacks, stack(1, 'idle')]));
    viewer.box('main').dispatch('mouseover');
    const main = viewer.status();
    viewer.box('leaf').dispatch('mouseover');
    expect(viewer.status()).toContain('· /src/leaf.c:7 · /srv/app');
    viewer.box('idle').dispatch('mouseover');
    expect(viewer.status()).toContain('user · /usr/bin/app');
    return main;
  };
  expect(place(at(12))).toContain('user · /src/main.c:12 · /srv/app');
  // One box for all lines of a function, whatever their order.
  for (const stacks of [
    [at(18), at(12), at(undefined)],
    [at(undefined), at(15), at(18), at(12)],
  ])
    expect(place(...stacks)).toContain('user · /src/main.c:12-18 · /srv/app');
  expect(place(at(undefined))).toContain('user · /src/main.c · /srv/app');
  expect(place(at(12), at(12, '/src/other.c'))).toContain('user · /srv/app');
});

test('resizing redraws', () => {
  const viewer = open();
  viewer.svg.clientWidth = 2020;
  viewer.svg.dispatch('resize');
  expect(viewer.shown().main).toEqual([200, 1800]);
});

test('hostile names are text and nothing else', () => {
  const viewer = open(profileOf(HOSTILE_NAMES.map((name) => stack(5, name, 'leaf'))));
  for (const name of [
    '</script><script>globalThis.pwned=1</script>',
    '"\'`\u0024{globalThis.pwned=1}',
  ]) {
    viewer.box(name).dispatch('mouseover');
    viewer.box(name).dispatch('click');
    expect(viewer.status()).toContain(name);
    expect(viewer.shown().leaf).toEqual([0, 1000]);
    viewer.search(name);
    expect(viewer.one('result').textContent).toBe('100.0 % matched');
    viewer.search('');
  }
  expect(Reflect.get(globalThis, 'pwned')).toBeUndefined();
});
