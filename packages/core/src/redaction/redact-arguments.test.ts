import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { REDACTED, redactArguments } from './redact-arguments.ts';

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
