/** ESM and d.ts for Deno; Bun reads the sources. */
import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    stderr: 'src/process/stderr.ts',
    'bun-poll-worker': 'src/native/bun-poll-worker.ts',
  },
  format: ['esm'],
  target: 'es2022',
  platform: 'node',
  external: ['bun:ffi'],
  dts: true,
  clean: true,
  sourcemap: true,
  splitting: true,
});
