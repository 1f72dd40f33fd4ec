import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { REDACTED, redactArguments } from './redact-arguments.ts';

const PEM = '-----BEGIN KEY-----\nMIIB\n+/=\n-----END KEY-----\n';
const PASSWORD = /--password[= ](\S+)/;

describe('arguments that match', () => {
  for (const [argv, patterns, expected] of [
    [['mysql', '--password=hunter2', 'db'], [PASSWORD], ['mysql', `--password=${REDACTED}`, 'db']],
    [['mysql', '--password', 'hunter2'], [PASSWORD], ['mysql', '--password', REDACTED]],
    [['x', '--password', 'two words'], [PASSWORD], ['x', '--password', REDACTED]],
    [['curl', 'http://u:p@host/'], [/:\/\/[^@]*@/], ['curl', `http${REDACTED}host/`]],
    [['a', 'secret', 'b'], [/secret/i], ['a', REDACTED, 'b']],
    [['secretsecret'], [/secret/], [REDACTED]],
    [
      ['a=1', 'b=2'],
      [/(?<=a=)\d/, /(?<=b=)\d/],
      [`a=${REDACTED}`, `b=${REDACTED}`],
    ],
    [['plain'], [PASSWORD], ['plain']],
    [['x', ''], [/^$/], ['x', '']],
    // Every white space in a value, wherever it stands.
    ...['\n', '\t', '\r', '\v', '\f', '\u00a0', '\u2028', '\ufeff', ' \n '].flatMap((space) =>
      [`two${space}lines`, `${space}lines`, `lines${space}`].flatMap((secret) => [
        [['x', '--password', secret, 'end'], [PASSWORD], ['x', '--password', REDACTED, 'end']],
        [
          ['x', `--password=${secret}`, 'end'],
          [/--password[= ](.+?)(?= end)/],
          ['x', `--password=${REDACTED}`, 'end'],
        ],
      ]),
    ),
    [
      ['sh', '-c', 'x --password\thunter2; y'],
      [PASSWORD],
      ['sh', '-c', `x --password\t${REDACTED}`],
    ],
    [['sh', '-c', 'x --password  hunter2'], [PASSWORD], ['sh', '-c', `x --password  ${REDACTED}`]],
    [['x', '-p', '-p', 'hunter2'], [/-p (\S+)/], ['x', '-p', REDACTED, REDACTED]],
    [['x', '--key', PEM], [/--key (.*)/], ['x', '--key', REDACTED]],
    [['x', '--key', PEM], [/BEGIN.*KEY/], ['x', '--key', `-----${REDACTED}-----\n`]],
    [['x', 'a\nb'], [/^(a)$/m], ['x', 'a\nb']],
    [['x', 'SECRET\nSecret'], [/secret\s\w+/iu], ['x', REDACTED]],
    [['x', '🐝', '--password', 'é\nö'], [/--password (\S+)/u], ['x', '🐝', '--password', REDACTED]],
    [
      ['x', '--user', 'a', '--password', 'b'],
      [/--(?:user|password) (?<secret>\S+)/],
      ['x', '--user', REDACTED, '--password', REDACTED],
    ],
  ] as [string[], RegExp[], string[]][])
    test(`${JSON.stringify(argv)} by ${patterns.join(' ')}`, () => {
      expect(redactArguments(argv, patterns)).toEqual(expected);
    });
});

test('a secret without spaces never shows, wherever it stands, and the rest stays', () => {
  const word = fc.stringMatching(/^[a-z-]{0,8}$/);
  fc.assert(
    fc.property(
      fc.array(word),
      fc.array(word),
      fc.stringMatching(/^[A-Z]{4,12}$/),
      (before, after, secret) => {
        for (const argv of [
          [...before, '--password', secret, ...after],
          [...before, `--password=${secret}`, ...after],
        ]) {
          const redacted = redactArguments(argv, [PASSWORD]);
          expect(redacted.join(' ')).not.toContain(secret);
          expect(redacted.length).toBe(argv.length);
          expect(redacted.slice(0, before.length)).toEqual(before);
          expect(after.length === 0 ? [] : redacted.slice(-after.length)).toEqual(after);
        }
      },
    ),
  );
});

test('a value with any white space in it never shows', () => {
  const part = fc.stringMatching(/^[A-Z]{1,6}$/);
  const space = fc.stringMatching(/^\s{1,3}$/);
  fc.assert(
    fc.property(fc.array(fc.tuple(space, part), { minLength: 1, maxLength: 5 }), (parts) => {
      const secret = parts.flat().join('');
      const redacted = redactArguments(['x', '--password', secret, 'after'], [PASSWORD]);
      expect(redacted[2]).toBe(REDACTED);
      expect(redacted[3]).toBe('after');
    }),
  );
});

test('an argument without its end goes as a whole: the pattern may need what was cut', () => {
  const argv = ['x', 'http://user:hunter2', 'y'];
  const redacted = redactArguments(argv, [/:\/\/(.*)@/], { isCut: (index) => index === 1 });
  expect(redacted).toEqual(['x', REDACTED, 'y']);
  expect(redactArguments(argv, [], { isCut: () => true })).toEqual(argv);
});

test('what is anchored holds for the line and for each argument', () => {
  const argv = ['x', '-psecret', 'y', 'token=secret'];
  expect(redactArguments(argv, [/^-p(.+)$/])).toEqual(['x', `-p${REDACTED}`, 'y', 'token=secret']);
  expect(redactArguments(argv, [/^x -p(\S+)/])).toEqual([
    'x',
    `-p${REDACTED}`,
    'y',
    'token=secret',
  ]);
  expect(redactArguments(argv, [/token=(.*)$/])[3]).toBe(`token=${REDACTED}`);
  expect(redactArguments(['x', '-pa\r\nb', 'y'], [/^-p(.+)$/])[1]).toBe(`-p${REDACTED}`);
  // Surrogates and all.
  expect(redactArguments(['\u{1f600}', '-p\u{1f600}s', 'y'], [/^-p(.+)$/])[1]).toBe(
    `-p${REDACTED}`,
  );
  expect(redactArguments(['\u{1f600}', '-p\u{1f600}s', 'y'], [/^-p(.+)$/])[2]).toBe('y');
});
