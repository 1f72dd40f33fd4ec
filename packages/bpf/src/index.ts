/** @waggle/bpf: the BPF object, and how to read what its programs write. See README.md. */

export { decodeValue, type EnumKind, encodeValue, type ValueOf } from './codec.ts';
export * from './generated/layouts.ts';
export * from './generated/skeletons.ts';
export type { FieldKind, StructLayout } from './layout.ts';
export { builtObject, embeddedObject, objectPath } from './object.ts';
export { decodeCgroup, decodeFollowed } from './records/cgroup.ts';
export { decodeComm, type RecordMemory, RecordReader, textAt, u53 } from './records/reader.ts';
export type { CgroupPath, CgroupRecord, FollowedRecord } from './records/record.ts';
export { decodeBytes, decodePath, decodeStrings } from './records/text.ts';
export { attachMethod, namesItsHook } from './sections.ts';
export {
  defineSource,
  type FieldsOf,
  type MapOf,
  type ProgramOf,
  type RecordOf,
  type RecordReaderClass,
  type RecordReaderOf,
  type SettingOf,
  type SettingsOf,
  type SettingValue,
  type Skeleton,
  type SkeletonMap,
  type Source,
  type SourceParts,
} from './skeleton.ts';
export { FAILED_EXECS, FOLLOWED_CGROUPS, LIFECYCLE, LIFECYCLE_OF_COMMAND } from './sources.ts';
