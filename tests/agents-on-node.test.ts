// Node.js has no FFI that we know. An agent that is started there is told so by a typed error.

import { expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { freshFolder } from './support/workloads.ts';

const root = resolve(import.meta.dir, '..');

const agent = `
import { createAgent } from ${JSON.stringify(join(root, 'packages/core/src/index.ts'))};
import { NativeUnavailable } from ${JSON.stringify(join(root, 'packages/core/src/errors/errors.ts'))};
try {
  await createAgent();
} catch (error) {
  console.log(error instanceof NativeUnavailable, error.message);
}
`;

test('an agent on Node.js fails with NativeUnavailable, which names the runtimes', () => {
  const folder = freshFolder();
  writeFileSync(join(folder, 'agent.ts'), agent);
  // As packages are built: modules of one runtime are loaded by that runtime only.
  const options = [
    '--bundle',
    '--splitting',
    '--format=esm',
    '--platform=node',
    '--conditions=bun',
    '--target=node20',
  ];
  const esbuild = join(root, 'node_modules/.bin/esbuild');
  const built = Bun.spawnSync(
    [
      esbuild,
      join(folder, 'agent.ts'),
      ...options,
      '--external:bun:ffi',
      '--outdir=out',
      '--out-extension:.js=.mjs',
    ],
    { cwd: folder, env: { ...process.env, NODE_PATH: join(root, 'node_modules') } },
  );
  expect(built.success, built.stderr.toString()).toBe(true);
  const { stdout, stderr } = Bun.spawnSync(['node', join(folder, 'out/agent.mjs')]);
  expect(stderr.toString()).toBe('');
  expect(stdout.toString()).toMatch(/^true .*run it with Bun .* or Deno/);
});
