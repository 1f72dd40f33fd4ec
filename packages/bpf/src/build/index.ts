/** @waggle/bpf/build: BPF programs from C to TypeScript. Needs clang. */

export {
  type BuildOptions,
  buildSource,
  checkSource,
  type SourceBuild,
  SourceError,
} from './build-source.ts';
export { CompileError } from './compile.ts';
