// Every case of the contract suite. What holds here holds on Bun and on Deno.

import type { Case } from '../support/case.ts';
import { attachmentCases } from './attachments.ts';
import { closingCases } from './closing.ts';
import { drainLoopCases } from './drain-loop.ts';
import { errorCases } from './errors.ts';
import { mapCases } from './maps.ts';
import { objectCases } from './objects.ts';
import { perfAttributeCases } from './perf-attributes.ts';
import { perfRingCases } from './perf-ring.ts';
import { probeCases } from './probes.ts';
import { processCases } from './processes.ts';
import { programTextCases } from './program-text.ts';
import { readmeCases } from './readme.ts';
import { recordLineCases } from './record-line.ts';
import { ringBufferCases } from './ring-buffer.ts';
import { ringVisitorCases } from './ring-visitors.ts';

export const CASES: readonly Case[] = [
  ...errorCases,
  ...objectCases,
  ...mapCases,
  ...recordLineCases,
  ...ringBufferCases,
  ...programTextCases,
  ...ringVisitorCases,
  ...attachmentCases,
  ...perfAttributeCases,
  ...perfRingCases,
  ...drainLoopCases,
  ...closingCases,
  ...probeCases,
  ...processCases,
  ...readmeCases,
];
