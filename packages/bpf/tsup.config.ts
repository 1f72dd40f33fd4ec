import { defineConfig } from 'tsup';

export default defineConfig({
  entry: { index: 'src/index.ts', 'build/index': 'src/build/index.ts' },
  format: ['esm'],
  dts: true,
  target: 'node20',
  // Any form of clean empties all of dist/, and with it the BPF objects of scripts/build.ts.
  clean: false,
});
