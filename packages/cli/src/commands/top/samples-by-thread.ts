/** How the view's samples are told apart. */

import type { SampledProcess } from '@waggle/profiler';

/** The view counts by process, two of one name being two, and by thread where it is asked to. */
export function samplesByThread(lines: boolean) {
  return {
    lines,
    threads: true,
    holdsLittle: true,
    rootFrames: ({ pid, comm, threadComm, tid }: SampledProcess) => [
      String(pid),
      comm,
      `${threadComm} (${tid})`,
    ],
  };
}
