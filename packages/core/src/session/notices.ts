/**
 * What a session says by itself, and to whom: programs that could not be attached, cgroups that come and go.
 */

import { writeToStderr } from '@waggle/ffi';
import type { AttachReport, FollowedChange } from '@waggle/kernel';
import { printable } from '@waggle/text';
import type { ReportProblem } from '../dispatch/running-plugin.ts';

/** What is missing where a hook of ours is. Nothing is said of the first: process groups tell who got a signal. */
const MISSING: Readonly<Record<string, string | undefined>> = {
  signal: undefined,
  'cgroup-rmdir': undefined,
  'cgroup-mkdir': 'a cgroup that is made again is not followed',
};

/** Once: the session works on with what there is, and /proc says the rest. */
export function warnAboutAbsent(programs: AttachReport, report: ReportProblem): void {
  for (const [hook, outcome] of Object.entries(programs)) {
    if (outcome === undefined || outcome.state === 'attached') continue;
    const missing = hook in MISSING ? MISSING[hook] : `there are no ${hook} events`;
    if (missing === undefined) continue;
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
  // Paths of cgroups and words of errors are others' to choose.
  writeToStderr(`waggle: ${message.split('\n').map(printable).join('\n    ')}\n`);
};
