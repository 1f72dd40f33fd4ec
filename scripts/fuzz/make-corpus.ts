// Makes the inputs that fuzzing starts from, by our own encoders and the C compiler:
// bun scripts/fuzz/make-corpus.ts. They are kept in the repository, so that a seed and a number are the
// same case everywhere. Files that found something are put beside them by hand, and stay.

import { rmSync } from 'node:fs';
import { command } from './makers/command.ts';
import { workshop } from './makers/corpus.ts';
import { profiles } from './makers/formats.ts';
import { kernel, perfRecords } from './makers/kernel.ts';
import { probes } from './makers/probes.ts';
import { proc } from './makers/proc.ts';
import { names, objects } from './makers/symbols.ts';
import { recordings } from './makers/timeline.ts';

try {
  objects();
  names();
  perfRecords();
  proc();
  kernel();
  profiles();
  recordings();
  probes();
  command();
} finally {
  rmSync(workshop, { recursive: true });
}
