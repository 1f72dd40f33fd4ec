import { defineConfig } from 'tsup';

// clean would delete the BPF objects that scripts/build.ts puts below dist/.
export default defineConfig({
  entry: ['src/index.ts'],
  format: ['esm'],
  dts: true,
  target: 'node20',
  clean: ['dist/*.js', 'dist/*.d.ts'],
});
