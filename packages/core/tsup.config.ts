import { readdirSync } from 'node:fs';
import { defineConfig } from 'tsup';

// What somebody's agent does not import it does not load: the profiler above all.
const plugins = readdirSync('src/plugins', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => [`plugins/${name}`, `src/plugins/${name}/index.ts`] as const);

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    bpf: 'src/bpf.ts',
    errors: 'src/errors/errors.ts',
    session: 'src/session.ts',
    testing: 'src/testing.ts',
    ...Object.fromEntries(plugins),
    'watchdog-worker': 'src/dispatch/watchdog-worker.ts',
  },
  format: ['esm'],
  dts: true,
  target: 'node20',
  clean: true,
});
