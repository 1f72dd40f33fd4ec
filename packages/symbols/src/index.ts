/** @waggle/symbols: from an address, in an object or in the kernel, to a name. */
export { ByteCursor } from './bytes/byte-cursor.ts';
export { type DiskCacheOptions, DiskSymbolCache, defaultCacheDirectory } from './cache/disk.ts';
export { type KernelSources, readKernelSymbols } from './cache/kernel-cache.ts';
export { type CachedSymbols, SymbolCache, type SymbolCacheOptions } from './cache/symbol-cache.ts';
export type { TableDescription } from './cache/table-file.ts';
export { cryptography } from './crypto.ts';
export { openDirectoryUnderRoot, openUnderRoot } from './debug-files/chroot-path.ts';
export { readDebugdata } from './debug-files/debugdata.ts';
export { isOwnRoot } from './debug-files/local-mounts.ts';
export { overlayMayNotAnswer } from './debug-files/overlays.ts';
export { isRemoteFileSystem } from './debug-files/remote-types.ts';
export {
  type DebugFile,
  type DebugFileSearch,
  findDebugFile,
} from './debug-files/separate.ts';
export { demangle } from './demangle/demangle.ts';
export { DescriptorLedger, keepDescriptorLedger, O_PATH } from './descriptors.ts';
export { DiskStore, type DiskStoreOptions } from './disk-store/disk-store.ts';
export { SourceLines, type SourceLocation, type SourcePlace } from './dwarf/source-lines.ts';
export * from './elf/index.ts';
export { ReadBudget, type ReadLimits } from './elf/read-budget.ts';
export { type NamedFunction, visitFunctions } from './functions-by-name.ts';
export { kernelShowsAddresses, readKallsyms } from './kallsyms.ts';
export { type KernelNames, type KernelSymbolHit, KernelSymbols } from './kernel-symbols.ts';
export { ObjectSymbols, type ObjectSymbolsOptions, type SymbolSource } from './object-symbols.ts';
export type { PerfMapLimits } from './perf-map/entries.ts';
export {
  isJitDump,
  JitDump,
  type JitDumpOptions,
} from './perf-map/jit-dump.ts';
export type { AddressRange, UnwoundCode } from './perf-map/jit-unwinding.ts';
export { MapMemory, type MapMemoryLimits } from './perf-map/map-memory.ts';
export { describeProcess, type MapOwner } from './perf-map/map-owner.ts';
export { PerfMap, type PerfMapOptions } from './perf-map/perf-map.ts';
export { type FollowedMap, type MapSearch, PerfMapFolder } from './perf-map/perf-map-folder.ts';
export { SampledPerfMap } from './perf-map/sampled-perf-map.ts';
export { type PerfMapScan, type ScannedPerfMap, scanPerfMap } from './perf-map/scan-perf-map.ts';
export { type PltStub, readPltStubs } from './plt.ts';
export type { SymbolRanges } from './symbol-ranges.ts';
export { type NameTable, type SymbolHit, SymbolTable } from './symbol-table.ts';
export { isSystemError } from './system-error.ts';
export { readVdso } from './vdso.ts';
export { crc32 } from './xz/checksum.ts';
export { zlib } from './zlib.ts';
