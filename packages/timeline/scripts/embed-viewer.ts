// Writes the page's script as a text into src/generated/, bundled from the modules under src/page/viewer. Run
// by set-up and by the build: bun scripts/embed-viewer.ts

import { join } from 'node:path';
import { embedPageScript, type PageScript } from '../../text/scripts/page-script.ts';

export const VIEWER: PageScript = {
  folder: join(import.meta.dir, '..'),
  entry: 'src/page/viewer/main.ts',
  generated: 'timeline-viewer.ts',
  writer: 'scripts/embed-viewer.ts',
};

if (import.meta.main) await embedPageScript(VIEWER);
