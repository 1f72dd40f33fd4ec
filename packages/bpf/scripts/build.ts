// Compiles the BPF object for each architecture, checks that their BTF agrees, and generates
// the TypeScript layouts. Run by set-up and by `turbo run build`: bun scripts/build.ts

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ARCHITECTURES, compileObject } from './compile.ts';
import { generateLayouts } from './generate-layouts.ts';

const root = join(import.meta.dir, '..');

const layouts = ARCHITECTURES.map((architecture) => {
  const output = join(root, 'dist', architecture.name, 'waggle.bpf.o');
  compileObject(output, architecture);
  return generateLayouts(readFileSync(output));
});
if (layouts.some((text) => text !== layouts[0])) {
  console.error('the record layouts differ between architectures; pad the structs explicitly');
  process.exit(1);
}
const generated = join(root, 'src/generated/layouts.ts');
mkdirSync(join(generated, '..'), { recursive: true });
if (!existsSync(generated) || readFileSync(generated, 'utf8') !== layouts[0])
  writeFileSync(generated, layouts[0] ?? '');
