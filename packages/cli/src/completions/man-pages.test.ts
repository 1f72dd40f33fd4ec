// The man pages as man(1) shows them.

import { expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const script = resolve(import.meta.dir, '../../scripts/man-pages.ts');
const isHere = Bun.which('groff') !== null;

function pages(check: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-man-'));
  try {
    const made = Bun.spawnSync([process.execPath, script, folder]);
    expect(made.stderr.toString()).toBe('');
    check(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('there is one for each command', () => {
  pages((folder) => {
    const names = readdirSync(folder);
    for (const name of ['waggle.1', 'waggle-trace.1', 'waggle-record.1', 'waggle-bpf-build.1'])
      expect(names).toContain(name);
  });
});

test.skipIf(!isHere)('groff has nothing to say of any, and shows options as they are typed', () => {
  pages((folder) => {
    for (const name of readdirSync(folder)) {
      // Lines that cannot be adjusted are long words in narrow columns.
      const { stdout, stderr } = Bun.spawnSync(
        [
          'groff',
          '-man',
          '-Tascii',
          '-P-c',
          '-P-b',
          '-P-u',
          '-wall',
          '-Wbreak',
          join(folder, name),
        ],
        { env: { PATH: process.env.PATH } },
      );
      expect({ name, says: stderr.toString() }).toEqual({ name, says: '' });
      if (name !== 'waggle-record.1') continue;
      const text = stdout.toString();
      expect(text).toContain('-F, --frequency hz');
      expect(text).toContain('--unwind how');
      expect(text).toMatch(/choices: fp,\s+dwarf,\s+auto;\s+default:\s+auto/);
      expect(text).toContain(String.raw`--redact "--password[= ](\S+)"`);
    }
  });
});
