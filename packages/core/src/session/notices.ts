// What a session says by itself, and to whom: programs that could not be attached, cgroups that come and go.

import { writeSync } from 'node:fs';
import type { ReportProblem } from '../dispatch/running-plugin.ts';
import type { FollowedChange } from '../kernel/followed-cgroups.ts';
import type { AttachReport } from '../kernel/kernel-programs.ts';
import type { SessionConfig } from './session-config.ts';

/** Without the first, process groups tell who got a signal; without the other one, no line tells of it. */
const WITHOUT_EVENTS: ReadonlySet<string> = new Set(['signal', 'cgroup-rmdir']);

/** Once: the session works on with what there is, and /proc says the rest. */
export function warnAboutAbsent(
  programs: AttachReport,
  { cgroups = [] }: SessionConfig,
  report: ReportProblem,
): void {
  for (const [hook, outcome] of Object.entries(programs)) {
    if (outcome.state === 'attached' || WITHOUT_EVENTS.has(hook)) continue;
    if (hook === 'cgroup-mkdir' && cgroups.length === 0) continue;
    const missing =
      hook === 'cgroup-mkdir'
        ? 'a cgroup that is made again is not followed'
        : `there are no ${hook} events`;
    const reasons = outcome.reasons.map((reason) => reason.split('\n', 1)[0]).join('; ');
    report({
      plugin: 'session',
      kind: 'warning',
      message: `${missing}: ${reasons}. The session goes on without them; \`waggle doctor\` shows more.`,
    });
  }
}

export function reportCgroup({ path, exists }: FollowedChange, report: ReportProblem): void {
  const what = exists
    ? 'was made again, and its processes are followed'
    : 'was removed; should it be made again, it is followed';
  report({ plugin: 'session', kind: 'warning', message: `the cgroup ${path} ${what}` });
}

export const reportOnStderr: ReportProblem = ({ message }) => {
  try {
    // Not process.stderr: on Bun that makes a pipe non-blocking, for a command that shares it as well.
    writeSync(2, `waggle: ${message}\n`);
  } catch {
    // Nobody is there to be told.
  }
};
