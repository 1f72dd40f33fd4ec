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
    expect(parseFolded('a b;c 5  7').stacks[0]?.frames.map(({ name }) => name)).toEqual([
      'a b',
      'c 5 ',
    ]);
  });

  test.each([
    ['main 1\nmain', 2],
    ['main one', 1],
    ['main 1.5', 1],
    ['main -1', 1],
    ['main 99999999999999999999', 1],
    ['\n\n 4', 3],
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
