/** The scripts in pictures and pages are bundled from the sources as they are now. */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VIEWERS, viewerBundle } from '../scripts/viewer-bundle.ts';

test.each(VIEWERS)(
  'the script of %s is that of its sources: else run ./scripts/setup',
  async (name) => {
    const { module, inputs } = await viewerBundle(name);
    expect(readFileSync(join(import.meta.dir, `generated/${name}-viewer.ts`), 'utf8')).toBe(module);
    // What scripts/setup-state.sh looks at.
    for (const path of inputs) expect(path).toMatch(/^src\/([^/g][^/]*\/)?(viewer\/)?[^/]+\.ts$/);
  },
);
