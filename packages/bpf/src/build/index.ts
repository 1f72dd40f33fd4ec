// @waggle/bpf/build: BPF programs from C to TypeScript. Needs clang and the headers of libbpf.

export { type BuildOptions, buildSource } from './build-source.ts';
export { CompileError } from './compile.ts';
