/**
 * Which runtime a program is, told by the files that it has mapped: it decides what a person can do for
 * the names of generated code.
 */

export type RuntimeName =
  | 'bun'
  | 'deno'
  | 'dotnet'
  | 'erlang'
  | 'java'
  | 'julia'
  | 'node'
  | 'php'
  | 'python'
  | 'ruby'
  | 'wasmtime';

/** By the last component of a path; a library says more than the program that embeds it. */
const BY_FILE: readonly (readonly [RuntimeName, RegExp])[] = [
  ['java', /^libjvm\.so$/],
  ['dotnet', /^libcoreclr\.so$/],
  ['julia', /^libjulia(?:-internal)?\.so/],
  ['php', /^opcache\.so$/],
  ['node', /^(?:node|nodejs|node-?\d[\d.]*|libnode\.so.*)$/],
  ['deno', /^deno$/],
  ['bun', /^bun(?:x|-profile|\.exe)?$/],
  ['erlang', /^beam(?:\.smp)?$/],
  ['wasmtime', /^wasmtime$/],
  ['ruby', /^(?:ruby[\d.]*|libruby[-\w.]*\.so.*)$/],
  ['python', /^(?:python\d?(?:\.\d+)?t?|libpython\d[\d.]*t?\.so.*)$/],
];

export function runtimeOf(paths: Iterable<string>): RuntimeName | undefined {
  const names = [...paths].map((path) => path.slice(path.lastIndexOf('/') + 1));
  return BY_FILE.find(([, file]) => names.some((name) => file.test(name)))?.[0];
}
