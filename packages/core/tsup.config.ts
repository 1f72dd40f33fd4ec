import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    printable: 'src/text/printable.ts',
    testing: 'src/testing.ts',
    'watchdog-worker': 'src/dispatch/watchdog-worker.ts',
  },
  format: ['esm'],
  dts: true,
  target: 'node20',
  clean: true,
});
