/** @waggle/unwind: from call frame information to tables that a BPF program can search. */
export { EM_AARCH64, EM_X86_64 } from './architecture.ts';
export {
  type FrameDescriptions,
  type FrameSection,
  type FrameSectionKind,
  readFrameDescriptions,
} from './dwarf/call-frame-info.ts';
export { type EhFrameHeader, readEhFrameHeader } from './dwarf/eh-frame-hdr.ts';
export { type BuiltTable, buildUnwindTable, type TableStats } from './elf/build-table.ts';
export { FunctionBounds } from './elf/function-bounds.ts';
export { buildGeneratedCodeTable } from './elf/generated-code.ts';
export { UnwindError, type UnwindErrorCode } from './error.ts';
export { decodeTableFile, encodeTableFile } from './store/table-file.ts';
export { tableKeyOf } from './store/table-key.ts';
export { TableStore, type TableStoreOptions, type TableStoreStats } from './store/table-store.ts';
export * as layout from './table/layout.ts';
export type { CfaKind, UnwindRule, ValueKind, ValueRule } from './table/rule.ts';
export * as ruleKinds from './table/rule.ts';
export { type UnwindRow, UnwindTable } from './table/unwind-table.ts';
export {
  type FrameRegisters,
  type MappedCode,
  type StopReason,
  type UnwindInput,
  type UnwindMethod,
  type UnwoundStack,
  unwind,
} from './unwinder/unwinder.ts';
