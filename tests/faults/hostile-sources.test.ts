// C of others that `waggle bpf build` is to compile: a few lines that ask the compiler for hours, or for more
// memory and disk than there is. It ends within its limits and says which one it was.
// Runs beside others.

import { afterAll, expect } from 'bun:test';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultRow } from '../support/fault-row.ts';
import { Waggle } from '../support/waggle.ts';
import { freshFolder } from '../support/workloads.ts';

const area = 'hostile-sources';
const folder = freshFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const temporary = join(folder, 'tmp');
mkdirSync(temporary);

/** Each macro is ten of the one before: 10 to the power of `levels`. */
function macroBomb(levels: number): string {
  const ten = (text: string) => Array(10).fill(text).join(' ');
  const macros = Array.from({ length: levels }, (_, level) => {
    return `#define A${level + 1} ${ten(`A${level}`)}`;
  });
  return ['#define A0 x', ...macros, `int f(void) { return 0 A${levels}; }`, ''].join('\n');
}

/** Each name is twice the one before, of bytes of a constant. */
const largeText = `#define B0 "0123456789abcdef"\n${Array.from(
  { length: 30 },
  (_, level) => `#define B${level + 1} B${level} B${level}\n`,
).join('')}const char text[] = B30;\n`;

const TOO_MUCH = /^waggle: .*source\.bpf\.c was not compiled: clang would have taken more than /m;

for (const [what, source, says] of [
  ['macros that make a hundred billion words', macroBomb(11), TOO_MUCH],
  ['macros that make a text of sixteen gigabytes', largeText, TOO_MUCH],
  ['a variable of a gigabyte', 'char big[1 << 30] = { 1 };\n', TOO_MUCH],
  ['a section of sixteen gigabytes', '__asm__(".space 1 << 34");\n', TOO_MUCH],
  ['the bytes of a device without an end', '__asm__(".incbin \\"/dev/zero\\"");\n', TOO_MUCH],
  ['itself', '#include "source.bpf.c"\n', /#include nested too deeply/],
  ['nothing', '', /the object has no \.BTF section/],
] as const)
  faultRow(
    {
      area,
      what: `building C with ${what}`,
      // Where it is time that runs out, that is a minute of it.
      holds: 'it ends with one reason, in bounded time and memory, and leaves no file',
      times: [what.includes('words') ? 0 : 1, 3],
    },
    async () => {
      const file = join(folder, 'source.bpf.c');
      writeFileSync(file, source);
      const { code, stderr } = await Waggle.run(['bpf', 'build', file], {
        env: { TMPDIR: temporary },
      });
      expect(code).toBeGreaterThan(0);
      expect(stderr).toMatch(says);
      expect(stderr).not.toContain('internal error');
      expect(readdirSync(folder).sort()).toEqual(['source.bpf.c', 'tmp']);
      expect(readdirSync(temporary).filter((name) => name.startsWith('waggle-'))).toEqual([]);
    },
  );
