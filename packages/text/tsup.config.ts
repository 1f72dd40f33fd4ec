import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    columns: 'src/columns.ts',
    'local-time': 'src/page/local-time.ts',
    page: 'src/page/index.ts',
    slices: 'src/page/slices.ts',
    wire: 'src/wire-writer.ts',
  },
  format: 'esm',
  dts: true,
  target: 'node20',
  clean: true,
});
