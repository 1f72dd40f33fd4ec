// Compiles the BPF object for one architecture. Apart from build.ts so that tests can compile
// variants (-DWITHOUT_EXEC, -DREFUSED_EXEC) into folders of their own.

import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = join(import.meta.dir, '..');

/** clang's name for the register layout, as bpf_tracing.h wants it, and the compiler triplet. */
export const ARCHITECTURES = [
  { name: 'x86_64', target: 'x86', triplet: 'x86_64-linux-gnu' },
  { name: 'aarch64', target: 'arm64', triplet: 'aarch64-linux-gnu' },
] as const;

/** asm/types.h lives in the multiarch folder; any architecture's copy has the same types. */
function asmIncludeFlags(preferred: string): string[] {
  const folders = [preferred, 'x86_64-linux-gnu', 'aarch64-linux-gnu']
    .map((triplet) => `/usr/include/${triplet}`)
    .filter((folder) => existsSync(join(folder, 'asm/types.h')));
  return folders.length > 0 ? [`-I${folders[0]}`] : [];
}

function run(command: readonly string[]): void {
  const result = Bun.spawnSync([...command], { cwd: root, stdout: 'inherit', stderr: 'inherit' });
  if (!result.success) {
    console.error(`failed: ${command.join(' ')}`);
    process.exit(1);
  }
}

/** The variants by which objects of older versions and kernels that refuse are imitated. */
export type Variant = '-DWITHOUT_EXEC' | '-DREFUSED_EXEC';

export function compileObject(
  output: string,
  architecture: (typeof ARCHITECTURES)[number],
  flags: readonly Variant[] = [],
): void {
  mkdirSync(dirname(output), { recursive: true });
  run([
    process.env.CLANG ?? 'clang',
    '-g',
    '-O2',
    '-Wall',
    '-Werror',
    '-target',
    'bpfel',
    // ALU32 and 32-bit jumps: kernel 5.1, older than the ring buffer that we need anyway.
    '-mcpu=v3',
    `-D__TARGET_ARCH_${architecture.target}`,
    // Debug paths must not depend on where the checkout lies, or builds would differ.
    `-fdebug-prefix-map=${root}=.`,
    ...asmIncludeFlags(architecture.triplet),
    ...flags,
    '-c',
    'bpf/waggle.bpf.c',
    '-o',
    output,
  ]);
}
