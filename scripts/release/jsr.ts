// The packages that need neither our library nor BPF, as JSR takes them: sources, with their imports named.
//
//   bun scripts/release/jsr.ts             checks them: deno publish --dry-run
//   bun scripts/release/jsr.ts --publish   publishes them, in a workflow that JSR knows
//
// They are laid out in a folder of their own, since Deno would take package.json for the truth where it stands.

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dir, '../..');
const PACKAGES = ['text', 'cache', 'unwind', 'symbols', 'formats'] as const;
/** Columns of a terminal ask Bun how wide a character is. */
const ON_BUN_ALONE: readonly string[] = ['@waggle/text/columns'];

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly exports: Readonly<Record<string, { readonly bun: string }>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

function configurationOf({ name, version, license, exports, dependencies = {} }: Manifest): object {
  const entries = Object.entries(exports).filter(
    ([path]) => !ON_BUN_ALONE.includes(join(name, path)),
  );
  const imports = Object.entries(dependencies).map(([of, wanted]) => [
    of,
    `${of.startsWith('@waggle/') ? 'jsr' : 'npm'}:${of}@${wanted}`,
  ]);
  return {
    ...{ name, version, license },
    exports: Object.fromEntries(entries.map(([path, { bun }]) => [path, bun])),
    imports: Object.fromEntries(imports),
    publish: {
      include: ['src', 'README.md', 'LICENSE', 'deno.json'],
      // Generated files are none of git's, and are needed.
      exclude: ['!src/generated', '**/*.test.ts', '**/*.deno.ts', '**/*.node.ts', '**/fixtures'],
    },
  };
}

function layOut(folder: string): void {
  for (const name of PACKAGES) {
    const from = join(root, 'packages', name);
    const to = join(folder, name);
    mkdirSync(to);
    for (const part of ['src', 'README.md', 'LICENSE'])
      cpSync(join(from, part), join(to, part), { recursive: true });
    const manifest = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')) as Manifest;
    writeFileSync(join(to, 'deno.json'), JSON.stringify(configurationOf(manifest), null, 2));
  }
  const workspace = { workspace: PACKAGES.map((name) => `./${name}`), nodeModulesDir: 'none' };
  writeFileSync(join(folder, 'deno.json'), JSON.stringify(workspace, null, 2));
}

const folder = mkdtempSync(join(tmpdir(), 'waggle-jsr-'));
try {
  layOut(folder);
  const dry = process.argv.includes('--publish') ? [] : ['--dry-run'];
  const deno = join(root, 'node_modules/.bin/deno');
  const child = Bun.spawnSync([deno, 'publish', '--allow-dirty', ...dry], {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  process.exitCode = child.exitCode;
} finally {
  rmSync(folder, { recursive: true });
}
