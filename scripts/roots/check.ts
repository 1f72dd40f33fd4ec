// What a stranger does, in a root directory with a base system only: the packages on Bun, Deno and Node, the one
// executable, the Debian package, the two commands of the README in a fresh clone. The network is there for what
// installs, and for nothing else. Not a part of `npm test`: it takes some minutes.
//
//   bun scripts/roots/check.ts [packages] [executable] [deb] [clone] [musl]     default: all
//     --base FOLDER      a base system that is there already; it is copied
//     --release NAME     of Debian, else bookworm
//
// Needs root, debootstrap, and what a release has built: the packages (npm run build), the library for musl by zig
// (`musl`), the executable (npm run build:binary) and the Debian package (npm run build:deb).

import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { tryClone } from './clone.ts';
import { tryDeb, tryExecutable } from './executable.ts';
import { tryMusl } from './musl.ts';
import { tryPackages } from './packages.ts';
import { debian, takeNames } from './root.ts';

const CASES = {
  packages: tryPackages,
  executable: tryExecutable,
  deb: tryDeb,
  clone: tryClone,
} as const;

const { values: options, positionals: asked } = parseArgs({
  allowPositionals: true,
  options: { base: { type: 'string' }, release: { type: 'string', default: 'bookworm' } },
});
const wants = (name: string) => asked.length === 0 || asked.includes(name);
// Not in /tmp, which may be memory.
const folder = mkdtempSync('/var/tmp/waggle-roots-');
let failures = 0;

async function attempt(name: string, action: () => Promise<void>): Promise<void> {
  if (!wants(name)) return;
  console.log(`── ${name}`);
  const began = performance.now();
  try {
    await action();
    console.log(`${name}: ${((performance.now() - began) / 1000).toFixed(0)} s`);
  } catch (error) {
    failures++;
    console.log(`${name} FAILED: ${error instanceof Error ? error.message : String(error)}`);
  }
}

try {
  if (Object.keys(CASES).some(wants)) {
    const began = performance.now();
    const base = options.base ?? join(folder, 'base');
    if (options.base === undefined) {
      debian(base, options.release);
      console.log(`debootstrap: ${((performance.now() - began) / 1000).toFixed(0)} s`);
    } else takeNames(base);
    for (const [name, action] of Object.entries(CASES))
      await attempt(name, async () => {
        const copy = join(folder, name);
        const copied = Bun.spawnSync(['cp', '-a', base, copy]);
        if (!copied.success) throw new Error(`cp: ${copied.stderr}`);
        await action(copy);
        rmSync(copy, { recursive: true, force: true });
      });
  }
  await attempt('musl', () => tryMusl(join(folder, 'musl')));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failures === 0 ? 0 : 1;
