/** Where the page's script begins. */

import type { PageWindow } from './dom.ts';
import { runPage } from './page.ts';

declare const window: PageWindow;

runPage(window);
