// @waggle/bpf: the BPF object, and how to read what its programs write. See README.md.

export * from './generated/layouts.ts';
export {
  type AttachMethod,
  builtObject,
  KERNEL_PROGRAMS,
  type KernelHook,
  LIFECYCLE_PROGRAMS,
  type LifecycleHook,
  MAPS,
  objectPath,
  type ProgramHook,
  type ProgramVariant,
  SAMPLE_PROGRAMS,
} from './object.ts';
export { decodeCgroup, decodeFollowed } from './records/cgroup.ts';
export { decodeComm, decodeRecord, type RecordMemory } from './records/decode.ts';
export type {
  CgroupPath,
  CgroupRecord,
  ExecDetail,
  ExecMark,
  ExecRecord,
  ExitRecord,
  FailedExecRecord,
  FollowedRecord,
  ForkRecord,
  KernelRecord,
  LifecycleRecord,
  RecordHeader,
} from './records/record.ts';
export { decodeBytes } from './records/text.ts';
