// Arguments of a recorded command, which may be secrets: files that hold them are their owner's alone, what
// is on stderr has none, and --redact takes them out everywhere.
// Runs beside others.

import { describe, expect } from 'bun:test';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { faultRow } from '../support/fault-row.ts';
import { Waggle } from '../support/waggle.ts';
import { freshFolder } from '../support/workloads.ts';

const area = 'secrets';
const FORMATS = ['svg', 'html', 'pb.gz', 'speedscope.json', 'json', 'otlp', 'folded'];
/** Words of a secret, in ways in which programs take them. */
const SECRETS = ['hunter-one', 'hunter-two', 'hunter-three', 'hunter-four'];
const command = [
  ...['sh', '-c', 'sleep 0.2', 'sh', '--password', 'hunter-one', '--password=hunter-two'],
  ...['--password\thunter-three', `--password=hunter-four${'x'.repeat(300)}`],
];

function textOf(path: string): string {
  const bytes = readFileSync(path);
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1');
}

describe('a command with a secret among its arguments', () => {
  faultRow(
    {
      area,
      what: 'it is recorded to every format, with --redact and without',
      holds:
        'with it the secret is in no file; without it only its owner can read them; never is it on stderr',
      times: [1, 5],
    },
    async () => {
      for (const redact of [[], ['--redact', '--password[= ](\\S+)']]) {
        const folder = freshFolder();
        const paths = FORMATS.map((extension) => join(folder, `out.${extension}`));
        const outputs = paths.flatMap((path) => ['-o', path]);
        const args = ['record', ...redact, ...outputs, '--', ...command];
        const { code, stderr } = await Waggle.run(args);
        expect({ code, stderr }).toEqual({
          code: 0,
          stderr: expect.not.stringMatching(SECRETS.join('|')),
        });
        for (const path of paths) {
          expect(statSync(path).mode & 0o077).toBe(0);
          if (redact.length > 0) expect(textOf(path)).not.toMatch(new RegExp(SECRETS.join('|')));
        }
      }
    },
  );

  faultRow(
    {
      area,
      what: 'it is recorded in a way that fails: not found, no room for the output',
      holds: 'the arguments are not in what is said',
      times: [1, 5],
    },
    async () => {
      const absent = await Waggle.run(['record', '-o', '/tmp/x.svg', '--', '/no/such', ...SECRETS]);
      expect(absent.code).toBe(127);
      const full = await Waggle.run(['record', '-o', '/no/such/x.svg', '--', ...command]);
      expect(full.code).toBe(1);
      const missing = await Waggle.run(['trace', '--', '/no/such', ...SECRETS]);
      expect(missing.code).toBe(127);
      for (const { stderr } of [absent, full, missing])
        expect(stderr).not.toMatch(new RegExp(SECRETS.join('|')));
    },
  );
});
