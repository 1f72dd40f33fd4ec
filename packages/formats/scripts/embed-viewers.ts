/**
 * Writes the scripts of the picture (.svg) and of the page (.html) as one text each into src/generated/,
 * bundled from the modules under src/svg/viewer and src/html/viewer. Run by set-up and by the build:
 *
 *   bun scripts/embed-viewers.ts
 */

import { existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VIEWERS, viewerBundle } from './viewer-bundle.ts';

const generated = join(import.meta.dir, '../src/generated');
mkdirSync(generated, { recursive: true });
for (const name of VIEWERS) {
  const path = join(generated, `${name}-viewer.ts`);
  const { module: text } = await viewerBundle(name);
  // Set-up compares times; what reads the file need not be made anew where nothing changed.
  if (existsSync(path) && readFileSync(path, 'utf8') === text)
    utimesSync(path, new Date(), new Date());
  else writeFileSync(path, text);
}
