/** What `waggle bpf build` is asked for, as command.ts reads it. */

export interface BpfBuildOptions {
  readonly output?: string | undefined;
  readonly check?: boolean | undefined;
  readonly importFrom?: string | undefined;
}
