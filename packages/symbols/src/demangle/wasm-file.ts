/**
 * The bytes of the demangler's wasm file, from the installed package. A file of its own, because
 * scripts/embed-workers.ts puts the bytes themselves in its place.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** @throws NodeJS.ErrnoException when it cannot be read. */
export function wasmFile(): Uint8Array {
  return readFileSync(
    createRequire(import.meta.url).resolve('gecko-profiler-demangle/index_bg.wasm'),
  );
}
