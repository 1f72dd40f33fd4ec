// Compiles the BPF object for each architecture, checks that their BTF agrees, and generates
// the TypeScript layouts. Run by set-up and by `turbo run build`: bun scripts/build.ts

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateLayouts } from './generate-layouts.ts';

const root = join(import.meta.dir, '..');

/** clang's name for the register layout, as bpf_tracing.h wants it, and the compiler triplet. */
const ARCHITECTURES = [
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

function compile(
  source: string,
  output: string,
  architecture: (typeof ARCHITECTURES)[number],
  flags: readonly string[] = [],
): void {
  mkdirSync(join(output, '..'), { recursive: true });
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
    source,
    '-o',
    output,
  ]);
}

const layouts = ARCHITECTURES.map((architecture) => {
  const output = join(root, 'dist', architecture.name, 'waggle.bpf.o');
  compile('bpf/waggle.bpf.c', output, architecture);
  return generateLayouts(readFileSync(output));
});
if (layouts.some((text) => text !== layouts[0])) {
  console.error('the record layouts differ between architectures; pad the structs explicitly');
  process.exit(1);
}
const generated = join(root, 'src/generated/layouts.ts');
mkdirSync(join(generated, '..'), { recursive: true });
if (!existsSync(generated) || readFileSync(generated, 'utf8') !== layouts[0])
  writeFileSync(generated, layouts[0] ?? '');
