/**
 * Writes the scripts of the picture (.svg) and of the page (.html) as one text each into src/generated/,
 * bundled from the modules under src/svg/viewer and src/html/viewer. Run by set-up and by the build:
 *
 *   bun scripts/embed-viewers.ts
 */

import { join } from 'node:path';
import { embedPageScript, type PageScript } from '../../text/scripts/page-script.ts';

export const VIEWERS: readonly PageScript[] = ['svg', 'html'].map((name) => ({
  folder: join(import.meta.dir, '..'),
  entry: `src/${name}/viewer/main.ts`,
  generated: `${name}-viewer.ts`,
  writer: 'scripts/embed-viewers.ts',
}));

if (import.meta.main) for (const viewer of VIEWERS) await embedPageScript(viewer);
