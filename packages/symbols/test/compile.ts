/**
 * Real binaries for the tests, made with the machine's C compiler: one program with every kind of
 * code symbol, linked in the ways that programs are. What nm says about them is the expectation.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROGRAM = `
#include <stdio.h>
#include <string.h>

static __attribute__((noinline)) int local_work(int n) { return n * n + 1; }
__attribute__((weak, noinline)) int weak_work(int n) { return local_work(n) + 2; }
__attribute__((noinline)) int global_work(int n) { return weak_work(n) + 3; }
extern int alias_of_global(int n) __attribute__((alias("global_work")));
extern int __alias_of_global(int n) __attribute__((alias("global_work")));

static int chosen(int n) { return n + 1; }
static void *resolve(void) { return (void *)chosen; }
int indirect_work(int n) __attribute__((ifunc("resolve")));

/* Assembly as people write it: a label without type and size. */
__asm__(".text\\n.globl bare_label\\nbare_label:\\n.skip 32, 0x90\\nret\\n"
        ".globl typed_only\\n.type typed_only, @function\\ntyped_only:\\n.skip 16, 0x90\\nret\\n"
        ".globl sized\\n.type sized, @function\\nsized:\\n.skip 24, 0x90\\nret\\n"
        ".size sized, . - sized\\n");

int main(int argc, char **argv) {
  printf("%d %zu\\n", global_work(argc) + indirect_work(argc), strlen(argv[0]));
  return 0;
}
`;

export const VARIANTS: Readonly<Record<string, readonly string[]>> = {
  pie: ['-O1', '-fPIE', '-pie', '-Wl,--build-id=sha1'],
  'non-pie': ['-O1', '-fno-PIE', '-no-pie', '-Wl,--build-id=md5'],
  debug: ['-O0', '-g', '-Wl,--build-id=0xfeedface01234567'],
  static: ['-O1', '-static', '-Wl,--build-id=sha1'],
  'stripped-dynamic': ['-O1', '-rdynamic', '-s', '-Wl,--build-id=sha1'],
  shared: ['-O1', '-fPIC', '-shared', '-Wl,--build-id=none'],
  'one-segment': ['-O1', '-Wl,-z,noseparate-code', '-Wl,--build-id=sha1'],
};

export interface NmSymbol {
  readonly address: number;
  /** 0 when nm gives none. */
  readonly size: number;
  readonly type: string;
  readonly name: string;
}

export class Workshop implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'waggle-symbols-cc-'));
  readonly #made = new Set<string>();

  constructor() {
    writeFileSync(join(this.directory, 'program.c'), PROGRAM);
  }

  path(variant: string): string {
    const output = join(this.directory, variant);
    if (!this.#made.has(variant)) {
      const flags = VARIANTS[variant];
      if (flags === undefined) throw new Error(`no variant ${variant}`);
      this.run('cc', ...flags, '-o', output, join(this.directory, 'program.c'));
      this.#made.add(variant);
    }
    return output;
  }

  /** The defined symbols of a file, with `-D` those of .dynsym. */
  nm(path: string, ...flags: string[]): NmSymbol[] {
    const symbols: NmSymbol[] = [];
    for (const line of this.run('nm', '-S', '--defined-only', ...flags, path).split('\n')) {
      const match = /^([0-9a-f]{16}) (?:([0-9a-f]{16}) )?(\S) ([^@]+)/.exec(line);
      if (match === null) continue;
      const [, address = '', size = '0', type = '', name = ''] = match;
      const numbers = { address: Number.parseInt(address, 16), size: Number.parseInt(size, 16) };
      symbols.push({ ...numbers, type, name });
    }
    return symbols;
  }

  run(...command: string[]): string {
    const result = Bun.spawnSync(command);
    if (result.exitCode !== 0) {
      throw new Error(`${command.join(' ')} failed: ${result.stderr.toString()}`);
    }
    return result.stdout.toString();
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true });
  }
}
