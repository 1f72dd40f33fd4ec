import { expect, test } from 'bun:test';
import { embeddedIsCurrent } from '../../../text/scripts/page-script.ts';
import { VIEWER } from '../../scripts/embed-viewer.ts';

test('the script of the page is that of its modules as they are now', async () => {
  expect(await embeddedIsCurrent(VIEWER)).toBe(true);
});
