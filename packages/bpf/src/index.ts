// @waggle/bpf: the BPF object, and how to read what its programs write. See README.md.

export { decodeValue, encodeValue, type ValueOf } from './codec.ts';
export * from './generated/layouts.ts';
export * from './generated/skeletons.ts';
export { builtObject, embeddedObject, objectPath } from './object.ts';
export { decodeCgroup, decodeFollowed } from './records/cgroup.ts';
export { decodeComm, type RecordMemory, RecordReader, textAt, u53 } from './records/reader.ts';
export type { CgroupPath, CgroupRecord, FollowedRecord } from './records/record.ts';
export { decodeBytes, decodePath, decodeStrings } from './records/text.ts';
export {
  attachMethod,
  defineSource,
  type MapOf,
  type ProgramOf,
  type RecordOf,
  type RecordReaderClass,
  type SettingOf,
  type SettingValue,
  type Skeleton,
  type SkeletonMap,
  type Source,
  type SourceParts,
  type StructLayout,
} from './skeleton.ts';
export { FAILED_EXECS, FOLLOWED_CGROUPS, LIFECYCLE, LIFECYCLE_OF_COMMAND } from './sources.ts';
