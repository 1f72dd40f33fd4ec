/** What `waggle bpf build` is asked for, as command.ts reads it. */

export interface BpfBuildOptions {
  readonly output?: string;
  readonly check?: boolean;
  readonly importFrom?: string;
}
