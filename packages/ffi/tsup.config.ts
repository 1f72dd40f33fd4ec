/** ESM and d.ts for Deno; Bun reads the sources. */
import { join } from 'node:path';
import type { Plugin } from 'esbuild';
import { defineConfig } from 'tsup';

/** What a clone has built is in packages of its own where it is published (packages/native). */
const librariesByPackage: Plugin = {
  name: 'libraries-by-package',
  setup(build) {
    build.onResolve({ filter: /\/generated\/embedded-libraries\.ts$/ }, () => ({
      path: join(import.meta.dirname, 'src/generated/libraries-by-package.js'),
    }));
  },
};

export default defineConfig({
  entry: { index: 'src/index.ts', stderr: 'src/process/stderr.ts' },
  format: ['esm'],
  target: 'es2022',
  platform: 'node',
  external: ['bun:ffi', /^@waggle\/native-/],
  esbuildPlugins: [librariesByPackage],
  dts: true,
  clean: true,
  sourcemap: true,
  splitting: true,
});
