// The files of /proc and of the system that are read about other processes.

import { parseCgroup } from '../../../packages/cache/src/procfs/cgroup.ts';
import { clockTicksFromAuxv } from '../../../packages/cache/src/procfs/clock-ticks.ts';
import { firstWord, parseCmdline } from '../../../packages/cache/src/procfs/cmdline.ts';
import { parseEnviron } from '../../../packages/cache/src/procfs/environ.ts';
import { ProcfsError } from '../../../packages/cache/src/procfs/error.ts';
import { parseLimits } from '../../../packages/cache/src/procfs/limits.ts';
import { parseMaps } from '../../../packages/cache/src/procfs/maps.ts';
import { parseMountinfo } from '../../../packages/cache/src/procfs/mountinfo.ts';
import { parseProbe, parseStat } from '../../../packages/cache/src/procfs/stat.ts';
import { isOfEndedLeader, parseStatus } from '../../../packages/cache/src/procfs/status.ts';
import { executableMappings } from '../../../packages/profiler/src/mappings/proc-maps.ts';
import { errorsOf, type FuzzTarget, never } from '../target.ts';

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

export const procTargets: readonly FuzzTarget[] = [
  {
    name: 'proc-stat',
    run: (bytes) => void parseStat(bytes, bytes.length, 1234),
    refuses: errorsOf(ProcfsError),
  },
  {
    name: 'proc-stat-probe',
    run: (bytes) => void parseProbe(bytes, bytes.length, 1234),
    refuses: errorsOf(ProcfsError),
  },
  {
    name: 'proc-status',
    run: (bytes) => {
      isOfEndedLeader(textOf(bytes));
      parseStatus(textOf(bytes), 1234);
    },
    refuses: errorsOf(ProcfsError),
  },
  { name: 'proc-cgroup', run: (bytes) => void parseCgroup(textOf(bytes)), refuses: never },
  {
    name: 'proc-cmdline',
    run: (bytes, random) => void firstWord(parseCmdline(bytes, random() < 0.5)),
    refuses: never,
  },
  {
    name: 'proc-environ',
    run: (bytes, random) => void parseEnviron(bytes, random() < 0.5),
    refuses: never,
  },
  {
    name: 'proc-maps',
    run: (bytes) => void executableMappings(parseMaps(bytes)),
    refuses: never,
  },
  { name: 'proc-mountinfo', run: (bytes) => void parseMountinfo(textOf(bytes)), refuses: never },
  { name: 'proc-limits', run: (bytes) => void parseLimits(textOf(bytes)), refuses: never },
  { name: 'proc-auxv', run: (bytes) => void clockTicksFromAuxv(bytes), refuses: never },
];
