/**
 * Compiles a BPF program for one architecture, by clang and the headers that this package brings. Tests
 * and benchmarks compile variants by it (-DWITHOUT_EXEC, -DWITHOUT_USAGE) into folders of their own.
 */

import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, relative, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { withoutDebugging } from './without-debugging.ts';

/** The headers that a program includes: `#include "waggle.h"`. */
export const INCLUDE_FOLDER = fileURLToPath(new URL('../../bpf/', import.meta.url));
/** libbpf's for programs, and the kernel's types that they are written with. */
const SYSTEM_FOLDER = fileURLToPath(new URL('../../include/', import.meta.url));

/** clang's name for the register layout, as bpf_tracing.h wants it. */
export const ARCHITECTURES = [
  { name: 'x86_64', target: 'x86' },
  { name: 'aarch64', target: 'arm64' },
] as const;

export type Architecture = (typeof ARCHITECTURES)[number];

/**
 * `code` is `no-compiler` where clang is missing or cannot make BPF, `too-much` where it was ended because the
 * source asked for too much, else `not-compiled`.
 */
export class CompileError extends Error {
  override readonly name = 'CompileError';

  constructor(
    readonly code: 'no-compiler' | 'too-much' | 'not-compiled',
    message: string,
  ) {
    super(message);
  }
}

const INSTALL = 'clang 14 or newer is needed, with BPF: apt-get install clang';

/** The program that compiles: `CLANG` of the environment, or `clang`. */
export function compiler(): string {
  return process.env.CLANG ?? 'clang';
}

/** What clang may take for one object. A program with all of vmlinux.h takes a second and 150 MB. */
const MAX_CPU_SECONDS = 60;
/** On a busy machine, or where it waits: a FIFO can be included. */
const MAX_MS = 300_000;
const MAX_MEMORY_KB = 2 * 1024 * 1024;
/** In blocks of 512 bytes, or of 1,024 where the shell counts so. */
const MAX_OBJECT_BLOCKS = 128 * 1024;
/** Limits that the host has already may be tighter, and then stay. */
const LIMITED = [
  // Soft: at the hard one it is killed, and nobody knows by whom.
  `ulimit -S -t ${MAX_CPU_SECONDS}`,
  `ulimit -v ${MAX_MEMORY_KB}`,
  `ulimit -f ${MAX_OBJECT_BLOCKS}`,
  'ulimit -c 0',
].map((limit) => `${limit} 2>/dev/null; `);
/** What a shell ends with that finds no program, or none that it may execute. */
const NOT_RUN = [126, 127];

/**
 * Compiles within limits of time and memory: a few lines of macros, or an included device, ask for more than
 * there is.
 *
 * @param source the C file, @param output the object's file.
 * @throws CompileError with what clang said, by file and line.
 */
export function compileObject(
  source: string,
  output: string,
  architecture: Architecture,
  flags: readonly string[] = [],
): void {
  mkdirSync(dirname(output), { recursive: true });
  const result = spawnSync(
    '/bin/sh',
    [
      '-c',
      `${LIMITED.join('')}exec "$0" "$@"`,
      compiler(),
      '-fno-crash-diagnostics',
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
      `-fdebug-prefix-map=${dirname(resolve(source))}=.`,
      `-fdebug-prefix-map=${INCLUDE_FOLDER}=./`,
      `-fdebug-prefix-map=${SYSTEM_FOLDER}=./`,
      '-fdebug-compilation-dir=.',
      `-I${INCLUDE_FOLDER}`,
      '-isystem',
      SYSTEM_FOLDER,
      ...flags,
      '-c',
      resolve(source),
      '-o',
      resolve(output),
    ],
    {
      // clang puts the lines of C into the object for the verifier, and finds them from there.
      cwd: dirname(resolve(source)),
      encoding: 'utf8',
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: MAX_MS,
      killSignal: 'SIGKILL',
    },
  );
  if (result.status === 0) {
    writeFileSync(output, withoutDebugging(readFileSync(output)));
    return;
  }
  throw tooMuch(source, result) ?? notRun(result) ?? explained(source, result.stderr);
}

/** Which limit it was. */
function tooMuch(
  source: string,
  { signal, status, stderr }: SpawnSyncReturns<string>,
): CompileError | undefined {
  const signalled = (name: 'SIGXCPU' | 'SIGXFSZ' | 'SIGKILL') =>
    signal === name || status === 128 + constants.signals[name];
  const limit = signalled('SIGXCPU')
    ? `${MAX_CPU_SECONDS} seconds of CPU time`
    : signalled('SIGKILL')
      ? `${MAX_MS / 1000} seconds, or what memory there is`
      : signalled('SIGXFSZ') || /: File too large/.test(stderr)
        ? `an object of ${MAX_OBJECT_BLOCKS / 2048} MB`
        : /out of memory|bad_alloc|Cannot allocate memory/i.test(stderr)
          ? `${MAX_MEMORY_KB / 1024 / 1024} GB of memory`
          : undefined;
  if (limit === undefined) return undefined;
  return new CompileError(
    'too-much',
    `${seenFrom(source)} was not compiled: clang would have taken more than ${limit}, the limit for one file`,
  );
}

function notRun({ error, status, stderr }: SpawnSyncReturns<string>): CompileError | undefined {
  if (error === undefined && !NOT_RUN.includes(status ?? 0)) return undefined;
  return new CompileError(
    'no-compiler',
    `${compiler()} cannot be run: ${error?.message ?? stderr.trim()}. ${INSTALL}`,
  );
}

function seenFrom(source: string): string {
  const seen = relative(process.cwd(), source);
  return seen.startsWith('..') ? source : seen;
}

/** What clang said, with the path as seen from here. */
function explained(source: string, stderr: string): CompileError {
  if (/unable to create target|btf_decl_tag/.test(stderr))
    return new CompileError(
      'no-compiler',
      `${compiler()} is too old, or was built without BPF. ${INSTALL}\n${stderr.trimEnd()}`,
    );
  const seen = seenFrom(source);
  const said = stderr.trimEnd().replaceAll(source, seen);
  return new CompileError('not-compiled', `${seen} does not compile:\n${said}`);
}
