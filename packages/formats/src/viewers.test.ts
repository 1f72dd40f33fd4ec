/** The scripts in pictures and pages are bundled from the sources as they are now. */
import { expect, test } from 'bun:test';
import { bundlePageScript, embeddedIsCurrent } from '../../text/scripts/page-script.ts';
import { VIEWERS } from '../scripts/embed-viewers.ts';

test.each(VIEWERS)(
  'the script of $generated is that of its sources: else run ./scripts/setup',
  async (viewer) => {
    expect(await embeddedIsCurrent(viewer)).toBe(true);
    // What scripts/setup-state.sh looks at.
    const { inputs } = await bundlePageScript(viewer);
    const looked = /^(\.\.\/text\/src\/page\/|src\/([^/g][^/]*\/)?(viewer\/)?)[^/]+\.ts$/;
    for (const path of inputs) expect(path).toMatch(looked);
  },
);
