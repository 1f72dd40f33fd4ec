/** ESM and d.ts for Deno; Bun reads the sources. */
import { defineConfig } from 'tsup';

export default defineConfig({
  entry: { index: 'src/index.ts', stderr: 'src/process/stderr.ts' },
  format: ['esm'],
  target: 'es2022',
  platform: 'node',
  external: ['bun:ffi'],
  dts: true,
  clean: true,
  sourcemap: true,
  splitting: true,
});
