import { defineConfig } from 'tsup';

export default defineConfig({
  entry: ['src/main.ts'],
  format: ['esm'],
  dts: true,
  target: 'node20',
  clean: true,
  // Bun's own.
  external: ['bun:sqlite', 'bun:jsc'],
});
