// Compiles what tests and benchmarks need from C: BPF objects of bpf-tests/ with clang, and
// programs with cc. Output goes to a folder of this run, removed when the process ends.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const packageRoot = fileURLToPath(new URL('../..', import.meta.url));
const built = new Map<string, string>();
let folder: string | undefined;

/** A folder for the files of this run. */
export function outputFolder(): string {
  if (folder === undefined) {
    const created = mkdtempSync(join(tmpdir(), 'waggle-ffi-'));
    process.on('exit', () => rmSync(created, { recursive: true, force: true }));
    folder = created;
  }
  return folder;
}

/** Path of the object made of bpf-tests/<name>.bpf.c. */
export function bpfObject(name: string): string {
  return bpfObjectOf(name, join(packageRoot, 'bpf-tests', `${name}.bpf.c`));
}

/** Path of the object made of C source text, or of the file with that name. */
export function bpfObjectOf(name: string, source: string): string {
  return build(`${name}.bpf.o`, (output) => {
    // asm/types.h lies in the multiarch folder, which clang for BPF does not search.
    const multiarch = ['x86_64', 'aarch64']
      .map((machine) => `/usr/include/${machine}-linux-gnu`)
      .filter((path) => existsSync(`${path}/asm/types.h`))
      .slice(0, 1)
      .map((path) => `-I${path}`);
    const isText = source.includes('\n');
    const path = isText ? output.replace(/\.o$/, '.c') : source;
    if (isText) writeFileSync(path, source);
    const headers = `-I${join(packageRoot, '../bpf/include')}`;
    const target = ['-target', 'bpfel', '-mcpu=v3', headers, ...multiarch];
    const clang = process.env.CLANG ?? 'clang';
    run([clang, '-g', '-O2', '-Wall', '-Werror', ...target, '-c', path, '-o', output]);
  });
}

/** Path of the program made of a C file of this package. */
export function cProgram(source: string, flags: readonly string[] = []): string {
  const name = source.replaceAll('/', '-').replace(/\.c$/, '');
  return build(name, (output) => {
    run(['cc', '-O2', '-Wall', '-Werror', join(packageRoot, source), ...flags, '-o', output]);
  });
}

/** Path of the program made of C source text. */
export function cProgramOf(name: string, text: string): string {
  return build(name, (output) => {
    writeFileSync(`${output}.c`, text);
    run(['cc', '-O1', '-Wall', `${output}.c`, '-o', output]);
  });
}

function build(name: string, make: (output: string) => void): string {
  const known = built.get(name);
  if (known !== undefined) return known;
  const output = join(outputFolder(), name);
  make(output);
  built.set(name, output);
  return output;
}

function run([command = '', ...args]: readonly string[]): void {
  const result = spawnSync(command, args, { encoding: 'utf8' });
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')}\n${result.stderr}`);
}
