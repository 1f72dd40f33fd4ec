// Compiles a BPF program for one architecture. Tests compile variants by it (-DWITHOUT_EXEC,
// -DREFUSED_EXEC) into folders of their own.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** The headers that a program includes: `#include "waggle.h"`. */
export const INCLUDE_FOLDER = fileURLToPath(new URL('../../bpf/', import.meta.url));

/** clang's name for the register layout, as bpf_tracing.h wants it, and the compiler triplet. */
export const ARCHITECTURES = [
  { name: 'x86_64', target: 'x86', triplet: 'x86_64-linux-gnu' },
  { name: 'aarch64', target: 'arm64', triplet: 'aarch64-linux-gnu' },
] as const;

export type Architecture = (typeof ARCHITECTURES)[number];

export class CompileError extends Error {
  override readonly name = 'CompileError';
  readonly code = 'not-compiled';
}

/** asm/types.h lies in the multiarch folder; any architecture's copy has the same types. */
function asmIncludeFlags(preferred: string): string[] {
  const folders = [preferred, 'x86_64-linux-gnu', 'aarch64-linux-gnu']
    .map((triplet) => `/usr/include/${triplet}`)
    .filter((folder) => existsSync(join(folder, 'asm/types.h')));
  return folders.length > 0 ? [`-I${folders[0]}`] : [];
}

/**
 * @param source the C file, @param output the object's file.
 * @throws CompileError with what clang said.
 */
export function compileObject(
  source: string,
  output: string,
  architecture: Architecture,
  flags: readonly string[] = [],
): void {
  mkdirSync(dirname(output), { recursive: true });
  const compiler = process.env.CLANG ?? 'clang';
  const result = spawnSync(
    compiler,
    [
      '-g',
      '-O2',
      '-Wall',
      '-Werror',
      '-target',
      'bpfel',
      // ALU32 and 32-bit jumps: kernel 5.1, older than the ring buffer that we need anyway.
      '-mcpu=v3',
      `-D__TARGET_ARCH_${architecture.target}`,
      // Debug paths must not depend on where the sources lie, or builds would differ.
      `-fdebug-prefix-map=${dirname(source)}=.`,
      `-fdebug-prefix-map=${INCLUDE_FOLDER}=./`,
      `-I${INCLUDE_FOLDER}`,
      ...asmIncludeFlags(architecture.triplet),
      ...flags,
      '-c',
      source,
      '-o',
      output,
    ],
    { encoding: 'utf8' },
  );
  if (result.error !== undefined)
    throw new CompileError(
      `${compiler} cannot be run: ${result.error.message}. Install clang (apt-get install clang libbpf-dev).`,
    );
  if (result.status !== 0) throw new CompileError(`${source} does not compile:\n${result.stderr}`);
}
