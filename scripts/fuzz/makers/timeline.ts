// A recording of a small build.

import { madeBuild } from '../../../packages/timeline/test/made-build.ts';
import { put } from './corpus.ts';

export function recordings(): void {
  put('events', 'build', `${madeBuild(4).lines.join('\n')}\n`);
}
