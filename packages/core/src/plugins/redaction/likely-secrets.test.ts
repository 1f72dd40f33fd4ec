import { expect, test } from 'bun:test';
import { LIKELY_SECRETS } from './likely-secrets.ts';
import { REDACTED, redactArguments, redactText } from './redact-arguments.ts';

const shown = (line: string) => redactArguments(line.split(' '), LIKELY_SECRETS).join(' ');

test.each([
  'app --password hunter2',
  'app --password=hunter2',
  'app -password hunter2',
  'app --db-password=hunter2 --verbose',
  'app --db.password hunter2',
  'app --api-key hunter2',
  'app --token=hunter2',
  'app --auth-token hunter2',
  'env API_KEY=hunter2 app',
  'env MYSQL_PWD=hunter2 app',
  'env DATABASE_PASSWORD=hunter2 app',
  'env AWS_SECRET_ACCESS_KEY=hunter2 app',
  'psql postgres://me:hunter2@db.example.org/x',
  'curl -H Authorization: Bearer hunter2',
  'curl -H X-Api-Key: hunter2',
  'curl -H Cookie: id=hunter2',
  'curl -s -u me:hunter2 https://example.org',
  'mysql -u root -phunter2 shop',
  '/usr/bin/mysqldump --single-transaction -phunter2',
  'sshpass -p hunter2 ssh host',
])('%s hides what must not be told', (line) => {
  expect(shown(line)).not.toContain('hunter2');
  expect(shown(line)).toContain(REDACTED);
});

test.each([
  'ghp_abcdefghijklmnopqrstuvwxyz0123',
  'glpat-abcdefghij0123456789',
  'xoxb-1234567890-abcdefghij',
  'AKIAABCDEFGHIJKLMNOP',
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefghijk',
  '-----BEGIN RSA PRIVATE KEY-----MIIE',
])('%s is known by its form', (secret) => {
  expect(shown(`app ${secret} rest`)).not.toContain(secret);
  expect(redactText(`X=${secret}`, LIKELY_SECRETS)).not.toContain(secret);
});

test.each([
  'cc -c -O2 author.c -o author.o',
  'ls --author -l /etc/passwd',
  'grep -p pattern file',
  'make PWDIR=/tmp',
  'git commit -m tokens are counted',
  'ssh -p 22 host',
  'curl https://example.org:8080/path',
  'mkdir -p a/b',
  'node server.js --port 80',
])('%s is left as it is', (line) => {
  expect(shown(line)).toBe(line);
});

/** Pieces of what the patterns look for, again and again: whoever runs a program chooses its arguments. */
const PIECES = [
  ...[
    'a_',
    'a-',
    'a.',
    '--a_',
    'password_',
    'token_',
    ';token_',
    'token_a',
    'x_pwd',
    'a://a:',
    '://',
    '+.-',
  ],
  ...[
    'authorization: ',
    'cookie:',
    'bearer ',
    'x-a-key:',
    'x-a-',
    'mysql ',
    'curl ',
    'curl -u ',
    '/',
    'a/',
  ],
  ...['sk-a-', 'xoxb-', 'eyJaaaaaaaa.', 'eyJ', '-----BEGIN ', ' ', '-', '=', '"', "'"],
];
const BEGINNINGS = ['', '--', 'curl ', 'x-', 'http://'];

test.each(LIKELY_SECRETS.map((pattern, index) => [index, pattern] as const))(
  'no argument of 16 KiB holds up pattern %p',
  (_, pattern) => {
    const all = new RegExp(pattern.source, `${pattern.flags}g`);
    for (const piece of PIECES)
      for (const beginning of BEGINNINGS) {
        const text = beginning + piece.repeat(16_384 / piece.length);
        const before = process.cpuUsage();
        text.replace(all, '');
        const { user } = process.cpuUsage(before);
        // Some milliseconds; where it is more than linear, seconds, or for ever.
        expect({ text: text.slice(0, 20), isSlow: user > 250_000 }).toMatchObject({
          isSlow: false,
        });
      }
  },
  60_000,
);
