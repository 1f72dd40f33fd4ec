// Every parser of what others wrote.

import type { FuzzTarget } from '../target.ts';
import { commandTargets } from './command.ts';
import { formatTargets } from './formats.ts';
import { kernelTargets } from './kernel.ts';
import { probeTargets } from './probes.ts';
import { procTargets } from './proc.ts';
import { symbolTargets } from './symbols.ts';
import { timelineTargets } from './timeline.ts';
import { unwindTargets } from './unwind.ts';

export const targets: readonly FuzzTarget[] = [
  ...symbolTargets,
  ...unwindTargets,
  ...procTargets,
  ...kernelTargets,
  ...formatTargets,
  ...timelineTargets,
  ...probeTargets,
  ...commandTargets,
];
