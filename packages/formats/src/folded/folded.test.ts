import { describe, expect, test } from 'bun:test';
import { pick, profileOf, randomOf, randomProfile } from '../../test/random-profile.ts';
import type { ProfileFrame, ProfileStack } from '../profile.ts';
import { encodeFolded, FoldedSyntaxError, parseFolded } from './index.ts';

const user = (name: string): ProfileFrame => ({ name, kind: 'user' });
const kernel = (name: string): ProfileFrame => ({ name, kind: 'kernel' });
const stack = (count: number, ...frames: ProfileFrame[]): ProfileStack => ({ frames, count });

describe('encodeFolded', () => {
  test('root first, merged, sorted, kernel frames marked', () => {
    const text = encodeFolded({
      stacks: [
        stack(2, user('main'), user('work')),
        stack(1, user('main'), kernel('vfs_read')),
        stack(3, user('main'), user('work')),
        stack(0, user('main'), user('never')),
      ],
    });
    expect(text).toBe('main;vfs_read_[k] 1\nmain;work 5\n');
  });

  test('stacks that differ only by object read the same and are merged', () => {
    const at = (object: string): ProfileFrame => ({ name: 'f', kind: 'user', object });
    expect(encodeFolded({ stacks: [stack(1, at('/a')), stack(2, at('/b'))] })).toBe('f 3\n');
  });

  test('what would break a line is replaced', () => {
    expect(encodeFolded({ stacks: [stack(1, user('a;b'), user('c\r\nd\te\u2028f\x85g'))] })).toBe(
      'a:b;c  d e f g 1\n',
    );
    expect(encodeFolded({ stacks: [stack(1, user('\ud800x'))] })).toBe('\uFFFDx 1\n');
  });

  test('a frame without a name and a sample without a frame stay counted', () => {
    expect(encodeFolded({ stacks: [stack(1, user('')), stack(4)] })).toBe('[unknown] 5\n');
  });

  test('no samples give the empty text', () => {
    expect(encodeFolded({ stacks: [] })).toBe('');
  });

  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses a count of %p', (count) => {
    expect(() => encodeFolded({ stacks: [stack(count, user('a'))] })).toThrow(RangeError);
  });
});

describe('parseFolded', () => {
  test('gives kinds by the conventions of the FlameGraph tools', () => {
    const text = 'node;main;[libc.so.6+0x1F];[unknown];[not it];do_syscall_64_[k] 12\r\n\n';
    expect(parseFolded(text)).toEqual({
      samples: 12,
      stacks: [
        {
          count: 12,
          frames: [
            { name: 'node', kind: 'process' },
            { name: 'main', kind: 'user' },
            { name: '[libc.so.6+0x1F]', kind: 'unresolved' },
            { name: '[unknown]', kind: 'unresolved' },
            { name: '[not it]', kind: 'user' },
            { name: 'do_syscall_64', kind: 'kernel' },
          ],
        },
      ],
    });
  });

  test('spaces belong to the names, up to the last one', () => {
    expect(namesIn('a b;c d  7\nx 1')).toEqual([['a b', 'c d '], ['x']]);
  });

  const namesIn = (text: string) =>
    parseFolded(text).stacks.map(({ frames }) => frames.map(({ name }) => name));
  const countsIn = (text: string) => parseFolded(text).stacks.map(({ count }) => count);

  test('comments are no stacks, whatever is in them', () => {
    const text = '# a;b 5\n  # mode: wall 3\n#\nmain;work 2\n# end 9\n';
    expect(parseFolded(text)).toEqual({ samples: 2, stacks: parseFolded('main;work 2').stacks });
  });

  test("py-spy's empty stack is a stack of no frames", () => {
    expect(parseFolded(' 4\nmain 1\n')).toMatchObject({
      samples: 5,
      stacks: [{ frames: [], count: 4 }, { count: 1 }],
    });
  });

  test('what is no stack is left out, counted and named, and the rest is read', () => {
    const text = 'main;a 1\nBAD LINE\nmain;b 2\nmain;c -3\nmain\nmain;d 12V.43\n';
    const { samples, warnings } = parseFolded(text);
    expect(samples).toBe(3);
    expect(warnings).toEqual([
      '4 of 6 lines are no folded stacks and were left out; ' +
        'the first is line 2: a count is expected after the last space',
    ]);
    expect(parseFolded('main 1\nmain -3\n').warnings?.[0]).toContain('the count is -3');
  });

  test('fractions are added up for each stack, then rounded, and that is said', () => {
    const { stacks, samples, warnings } = parseFolded(
      'a;b 1.5\na;b 1.5\na;c 2.25\na;d .25\na;e 6.\n',
    );
    expect(stacks.map(({ count }) => count)).toEqual([3, 2, 6]);
    expect(samples).toBe(11);
    expect(warnings).toEqual([
      'counts are whole samples: the fractions of 2 stacks were rounded, and 1 of them came to nothing',
    ]);
    expect(parseFolded('a 1.0\nb 2.\nc 1e3\nd 1.5E+1\n').warnings).toBeUndefined();
    expect(countsIn('c 1e3\nd 1.5E+1\n')).toEqual([1000, 15]);
  });

  test('a byte order mark, CRLF, tabs, spaces and semicolons at the end', () => {
    expect(namesIn('\uFEFFmain;a 1\r\nmain;b;;\t2\r\nmain;c 3  \r\n')).toEqual([
      ['main', 'a'],
      ['main', 'b'],
      ['main', 'c'],
    ]);
    expect(namesIn(';a;;b 1')).toEqual([['[unknown]', 'a', '[unknown]', 'b']]);
  });

  test('two counts on every line are two profiles: the second is taken', () => {
    const { stacks, warnings } = parseFolded('a;b c 31 56\na 6 0\n');
    expect(stacks.map(({ frames, count }) => [frames.at(-1)?.name, count])).toEqual([
      ['b c', 56],
      ['a', 0],
    ]);
    expect(warnings).toEqual(['lines have two counts: the second is taken']);
    expect(namesIn('main;worker 3 56\nmain;idle 6\n')[0]).toEqual(['main', 'worker 3']);
  });

  test.each([
    ['\n# 1\nmain', 3],
    ['main one', 1],
    ['main -1', 1],
    ['main 99999999999999999999', 1],
    ['12', 1],
  ])('refuses %p and names the line', (text, line) => {
    try {
      parseFolded(text);
    } catch (error) {
      expect(error).toBeInstanceOf(FoldedSyntaxError);
      expect((error as FoldedSyntaxError).line).toBe(line);
      return;
    }
    throw new Error('parsed');
  });
});

test('no line of ours is a comment, or has two counts', () => {
  for (const name of ['#main', ' # main', 'worker 7', 'x 1e3', '5']) {
    const stacks = [stack(2, { name, kind: 'process' }, user(name)), stack(3, user(name))];
    const { stacks: back, warnings } = parseFolded(encodeFolded({ stacks }));
    expect(warnings).toBeUndefined();
    expect(back.map(({ frames, count }) => [frames.length, count]).sort()).toEqual([
      [1, 3],
      [2, 2],
    ]);
    expect(back.every(({ frames }) => frames.at(-1)?.name.replace('\uFF03', '#') === name)).toBe(
      true,
    );
  }
});

describe('round trip', () => {
  // Plain data: a process frame at the root and only there, no name that looks like another kind.
  test('profiles that the format can hold come back whole', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = randomOf(seed);
      const names = ['main', 'read', 'a b', 'std::map<K, V>', 'λ', '日本', 'x_[k', '(anon) 7'];
      const wanted = new Map<string, ProfileStack>();
      const stacks = Array.from({ length: Math.floor(random() * 20) }, () => {
        const rest = Array.from({ length: Math.floor(random() * 9) }, (): ProfileFrame => {
          const kind = pick(random, ['user', 'kernel', 'unresolved'] as const);
          return { name: kind === 'unresolved' ? '[lib.so+0xbeef]' : pick(random, names), kind };
        });
        const frames: ProfileFrame[] = [{ name: pick(random, names), kind: 'process' }, ...rest];
        return { frames, count: 1 + Math.floor(random() * 1000) };
      });
      for (const { frames, count } of stacks) {
        const key = JSON.stringify(frames);
        wanted.set(key, { frames, count: count + (wanted.get(key)?.count ?? 0) });
      }
      const parsed = parseFolded(encodeFolded({ stacks }));
      const found = new Map(parsed.stacks.map((entry) => [JSON.stringify(entry.frames), entry]));
      expect(found, `seed ${seed}`).toEqual(wanted);
      expect(parsed.stacks.length).toBe(wanted.size);
    }
  });

  test('any profile: each line parses, samples and depths are kept, a second trip changes nothing', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const profile = randomProfile(randomOf(seed));
      const text = encodeFolded(profile);
      const parsed = parseFolded(text);
      expect(encodeFolded(parsed), `seed ${seed}`).toBe(text);
      expect(parsed.samples).toBe(profile.metadata.samples);
      const depths = (stacks: readonly ProfileStack[]): number =>
        stacks.reduce((sum, { frames, count }) => sum + Math.max(1, frames.length) * count, 0);
      expect(depths(parsed.stacks)).toBe(depths(profile.stacks));
      const lines = text.split('\n').slice(0, -1);
      expect(lines).toEqual([...new Set(lines)].sort());
    }
  });

  test('survives UTF-8', () => {
    const text = encodeFolded(profileOf([stack(3, user('日本\ud800🎉'))]));
    expect(new TextDecoder('utf-8', { fatal: true }).decode(new TextEncoder().encode(text))).toBe(
      text,
    );
  });
});
