/** @waggle/symbols: from an address, in an object or in the kernel, to a name. */
export * from './elf/index.ts';
export { type KernelSymbolHit, KernelSymbols } from './kernel-symbols.ts';
export { type SymbolHit, SymbolTable } from './symbol-table.ts';
