// Writes the page's script as a text into src/generated/, bundled from the modules under src/page/viewer. Run
// by set-up and by the build: bun scripts/embed-page.ts

import { join } from 'node:path';
import { embedPageScript, type PageScript } from '../../text/scripts/page-script.ts';

export const PAGE: PageScript = {
  folder: join(import.meta.dir, '..'),
  entry: 'src/page/viewer/main.ts',
  generated: 'serve-page.ts',
  writer: 'scripts/embed-page.ts',
};

if (import.meta.main) await embedPageScript(PAGE);
