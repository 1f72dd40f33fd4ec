/** Profiles made from a seed: the same seed gives the same profile, so a failure can be repeated. */
import type { FrameKind, Profile, ProfileFrame, ProfileStack } from '../src/index.ts';

export type Random = () => number;

/** Mulberry32: small, and good enough to choose test cases. Returns numbers in [0, 1). */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function pick<T>(random: Random, values: readonly T[]): T {
  return values[Math.floor(random() * values.length)] as T;
}

/** Names that break careless writers of XML, JavaScript, JSON, CSS or folded lines. */
export const HOSTILE_NAMES: readonly string[] = [
  ']]>',
  '</script><script>globalThis.pwned=1</script>',
  '<!--',
  '--></metadata><script>globalThis.pwned=1</script>',
  '"\'`\u0024{globalThis.pwned=1}',
  '&amp;&#0;&bogus',
  '*/ } </style>',
  '\0\x01\x08\x0b\x0c\x1b[31mred\x7f\x85\x9f',
  'line\nbreak\r\nand\ttab',
  'separators \u2028 and \u2029',
  '\ud800 lone high',
  'lone low \udfff',
  '\ufffe\uffff',
  '\u202egnp.exe',
  '日本語の関数🎉',
  'a;b;c 12',
  'ends with count 7',
  ' spaces ',
  '',
  '__proto__',
  'constructor',
  'x'.repeat(5000),
];

const PLAIN_NAMES = ['main', 'read', 'std::vec<A, B>::push', 'Foo.bar (x.js:1)', 'operator<', 'λ'];
const KINDS: readonly FrameKind[] = ['process', 'user', 'kernel', 'unresolved'];

export function profileOf(stacks: readonly ProfileStack[], command = 'node app.js'): Profile {
  const samples = stacks.reduce((sum, { count }) => sum + count, 0);
  return {
    stacks,
    metadata: {
      host: 'web-3',
      command,
      frequencyHz: 99,
      startTime: new Date('2025-03-04T05:06:07Z'),
      durationSeconds: 10.5,
      samples,
      lostSamples: 3,
    },
  };
}

/** Every name in every place that has one. */
export function hostileProfile(): Profile {
  const stacks = HOSTILE_NAMES.map((name, index) => ({
    frames: [
      { name, kind: 'process', object: name },
      { name: `${name}${index}`, kind: 'kernel', object: name },
    ] as const,
    count: 100,
  }));
  const { metadata } = profileOf(stacks);
  const text = HOSTILE_NAMES.join('');
  return { stacks, metadata: { ...metadata, host: text, command: text, target: text } };
}

/** Stacks of any shape: empty ones, repeated ones, recursion, zero counts, every kind anywhere. */
export function randomProfile(random: Random, names = [...PLAIN_NAMES, ...HOSTILE_NAMES]): Profile {
  const frame = (): ProfileFrame => ({
    name: pick(random, names),
    kind: pick(random, KINDS),
    ...(random() < 0.5 ? { object: pick(random, names) } : {}),
    ...(random() < 0.3 ? { file: pick(random, names) } : {}),
    ...(random() < 0.3 ? { line: 1 + Math.floor(random() * 5000) } : {}),
    ...(random() < 0.2 ? { inlined: true } : {}),
  });
  const known = Array.from({ length: 1 + Math.floor(random() * 8) }, frame);
  const stacks = Array.from({ length: Math.floor(random() * 30) }, () => ({
    frames: Array.from({ length: Math.floor(random() * 12) }, () => pick(random, known)),
    count: Math.floor(random() * 50),
  }));
  return profileOf(stacks);
}
