import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { definePlugin, type Plugin } from './plugin.ts';
import { planPlugins } from './plugin-graph.ts';

function plugin(name: string, needs: readonly string[] = [], provides?: string): Plugin {
  return definePlugin({
    name,
    needs: Object.fromEntries(needs.map((service) => [service, { service }])),
    provides: provides === undefined ? undefined : { service: provides },
    setup: () => ({ service: {} }),
  });
}

const names = (plugins: readonly Plugin[]) => planPlugins(plugins).map(({ name }) => name);

describe('the order of plugins', () => {
  test('is that of registration, but for what others need', () => {
    expect(names([plugin('a'), plugin('b', ['x']), plugin('c'), plugin('d', [], 'x')])).toEqual([
      'a',
      'd',
      'b',
      'c',
    ]);
  });

  test('of any composition: needs come first, equals stay as registered', () => {
    // Each plugin may need services of those before it in a hidden order, so there is no circle.
    const graph = fc.integer({ min: 1, max: 12 }).chain((size) =>
      fc.tuple(
        fc.array(fc.array(fc.nat(size)), { minLength: size, maxLength: size }),
        fc.shuffledSubarray(
          Array.from({ length: size }, (_, index) => index),
          { minLength: size },
        ),
      ),
    );
    fc.assert(
      fc.property(graph, ([edges, order]) => {
        const plugins = edges.map((to, index) =>
          plugin(
            `p${index}`,
            [...new Set(to.filter((other) => other < index))].map((n) => `s${n}`),
            `s${index}`,
          ),
        );
        const registered = order.map((index) => plugins[index]!);
        const planned = planPlugins(registered);
        expect(new Set(planned)).toEqual(new Set(registered));
        for (const one of planned)
          for (const need of one.needs)
            expect(planned.findIndex(({ provides }) => provides === need)).toBeLessThan(
              planned.indexOf(one),
            );
        const free = (list: readonly Plugin[]) => {
          const needed = new Set(plugins.flatMap(({ needs }) => needs));
          return list.filter(({ needs, provides }) => needs.length === 0 && !needed.has(provides!));
        };
        expect(free(planned)).toEqual(free(registered));
      }),
    );
  });
});

describe('what does not fit together is refused by name', () => {
  for (const [what, plugins, says] of [
    ['two of one name', [plugin('a'), plugin('a')], /two plugins have the name "a"/],
    [
      'two of one service',
      [plugin('a', [], 'x'), plugin('b', [], 'x')],
      /"b" provides.*"a" provides too/,
    ],
    ['a service that sessions have', [plugin('a', [], 'kernel')], /every session has/],
    ['a need that nobody meets', [plugin('a', ['x'])], /"a" needs the service "x"/],
    [
      'a circle',
      [plugin('a', ['y'], 'x'), plugin('b', ['z'], 'y'), plugin('c', ['x'], 'z')],
      /a needs b needs c needs a/,
    ],
    ['itself', [plugin('a', ['x'], 'x')], /a needs a/],
  ] as const)
    test(what, () => {
      expect(() => planPlugins(plugins)).toThrow(says);
    });

  test('built-in services need no plugin', () => {
    expect(names([plugin('a', ['kernel', 'session'])])).toEqual(['a']);
  });
});
