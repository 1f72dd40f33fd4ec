import { defineConfig } from 'tsup';

export default defineConfig({
  entry: ['src/index.ts', 'src/event-kinds.ts'],
  format: 'esm',
  dts: true,
  target: 'node20',
  clean: true,
});
