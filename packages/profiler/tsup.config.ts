import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    'symbolization-worker': 'src/symbolization/symbolization-worker.ts',
  },
  format: ['esm'],
  dts: true,
  target: 'node20',
  clean: true,
});
