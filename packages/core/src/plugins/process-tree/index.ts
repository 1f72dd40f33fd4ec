/** The plugin that keeps the process tree: fed by every event, seeded by a walk of /proc. */

import { type Procfs, ProcfsError } from '@waggle/cache';
import type { ExecEvent, ExitEvent } from '@waggle/events';
import { definePlugin } from '../../plugin/plugin.ts';
import { defineService } from '../../plugin/service.ts';
import { Kernel } from '../../session/kernel-capture.ts';
import { ProcessMetadata } from '../process-metadata/index.ts';
import { type ProcessObservation, ProcessTree } from './process-tree.ts';

export type { ProcessTree, TreeNode } from './process-tree.ts';

/** Key of the tree, for plugins that need it. */
export const ProcessTreeService = defineService<ProcessTree>()('process-tree');

export interface ProcessTreeOptions {
  /** Most nodes, the dead included. Default 65,536. */
  readonly capacity?: number | undefined;
}

/**
 * Who started whom: a tree of the processes that run, and of those that ended while somebody they started
 * runs on.
 *
 * - Needs: `ProcessMetadata`, `Kernel` (for one walk of /proc), and fork, exec and exit events.
 * - Provides: `ProcessTreeService`, a `ProcessTree`: `ancestors(event.identity)` from the nearest on.
 * - Costs: 1 µs a process and 200 bytes a node; the dead without living descendants go with the cycle.
 *
 * ```ts
 * import { createAgent, definePlugin, ProcessTreeService, processTree } from '@waggle/core';
 *
 * const lineage = definePlugin({
 *   name: 'lineage',
 *   needs: { tree: ProcessTreeService },
 *   setup: ({ services: { tree } }) => ({
 *     observe: {
 *       exec: (event) =>
 *         console.log([event.comm, ...tree.ancestors(event.identity).map(({ comm }) => comm)].join(' < ')),
 *     },
 *   }),
 * });
 * await using agent = await createAgent({ plugins: [processTree(), lineage] });
 * await agent.finished;
 * ```
 * @throws BadOption for an option that makes no sense.
 */
export const processTree = (options: ProcessTreeOptions = {}) =>
  definePlugin({
    name: 'process-tree',
    provides: ProcessTreeService,
    // Metadata first: events have their program's name by then.
    needs: { kernel: Kernel, processes: ProcessMetadata },
    kernel: { events: ['fork', 'exec', 'exit'] },
    setup({ services: { kernel } }) {
      const tree = new ProcessTree(options.capacity, kernel.procfs);
      const walk = () => walkProcfs(tree, kernel.procfs);
      return {
        service: tree,
        start: walk,
        load: {
          fork: (event) =>
            tree.fork(event, {
              identity: { pid: event.childPid, startBoottimeNs: event.childStartTime },
              comm: event.comm,
            }),
          exec: (event) => tree.exec(event, parentOf(event)),
          exit: (event) => tree.exit(event, parentOf(event)),
          lost: walk,
        },
        cycle: () => tree.cycle(),
      };
    },
  });

function parentOf({
  ppid,
  parentStartTime,
  parentComm,
}: ExecEvent | ExitEvent): ProcessObservation | undefined {
  if (ppid === 0) return undefined;
  const identity = { pid: ppid, startBoottimeNs: parentStartTime };
  return { identity, comm: parentComm ?? '?' };
}

/** Parents have lower pids than their children but after a wrap-around: they come first anyway. */
function walkProcfs(tree: ProcessTree, procfs: Procfs): void {
  const waiting = new Map<number, { observed: ProcessObservation; ppid: number }>();
  for (const pid of procfs.pids()) {
    try {
      const { comm, ppid, startTimeTicks } = procfs.stat(pid);
      waiting.set(pid, { observed: { identity: { pid, startTime: startTimeTicks }, comm }, ppid });
    } catch (error) {
      if (!(error instanceof ProcfsError)) throw error;
    }
  }
  const pids = new Set(waiting.keys());
  const place = (pid: number): void => {
    const process = waiting.get(pid);
    if (process === undefined) return;
    waiting.delete(pid);
    place(process.ppid);
    tree.seed(process.observed, process.ppid);
  };
  for (const pid of pids) place(pid);
  tree.endAllBut(pids);
}
