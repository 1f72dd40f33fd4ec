// The plugin that keeps the process tree: fed by every event, seeded by a walk of /proc.

import { type Procfs, ProcfsError, ticksFromBoottime } from '@waggle/cache';
import type { ExecEvent, ExitEvent, ForkEvent } from '../../events/process-event.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import { defineService } from '../../plugin/service.ts';
import { Kernel } from '../../session/kernel-capture.ts';
import { ProcessMetadata } from '../process-metadata/index.ts';
import { ProcessTree, type Sighting } from './process-tree.ts';

export type { ProcessTree, TreeIdentity, TreeNode } from './process-tree.ts';

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
 * - Provides: `ProcessTreeService`, a `ProcessTree`: `ancestors(event)` from the nearest on.
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
 *         console.log([event.comm, ...tree.ancestors(event).map(({ comm }) => comm)].join(' < ')),
 *     },
 *   }),
 * });
 * await using agent = await createAgent({ plugins: [processTree(), lineage] });
 * await agent.finished;
 * ```
 */
export const processTree = (options: ProcessTreeOptions = {}) =>
  definePlugin({
    name: 'process-tree',
    provides: ProcessTreeService,
    // Metadata first: events have their program's name by then.
    needs: { kernel: Kernel, processes: ProcessMetadata },
    kernel: { events: ['fork', 'exec', 'exit'] },
    setup({ services: { kernel } }) {
      const tree = new ProcessTree(options.capacity);
      const walk = () => walkProcfs(tree, kernel.procfs);
      return {
        service: tree,
        start: walk,
        load: {
          fork: (event) =>
            tree.fork(
              { ...sightingOf(event), comm: event.comm },
              {
                pid: event.childPid,
                startTime: event.childStartTime,
                startTicks: ticksOf(event.childStartTime),
                comm: event.comm,
              },
            ),
          exec: (event) =>
            tree.exec({ ...sightingOf(event), filename: event.filename }, parentOf(event)),
          exit: (event) =>
            tree.exit({ ...sightingOf(event), filename: event.filename }, parentOf(event)),
          lost: walk,
        },
        cycle: () => tree.cycle(),
      };
    },
  });

type Lifecycle = ForkEvent | ExecEvent | ExitEvent;

function sightingOf({ pid, startTime, comm }: Lifecycle): Sighting {
  return { pid, startTime, startTicks: ticksOf(startTime), comm };
}

function parentOf({ ppid, parentStartTime, parentComm }: Lifecycle): Sighting | undefined {
  if (ppid === 0) return undefined;
  return {
    pid: ppid,
    startTime: parentStartTime,
    startTicks: ticksOf(parentStartTime),
    comm: parentComm ?? '?',
  };
}

function ticksOf(startTime: bigint): number {
  return ticksFromBoottime(startTime, 100);
}

/** Parents have lower pids than their children but after a wrap-around: they come first anyway. */
function walkProcfs(tree: ProcessTree, procfs: Procfs): void {
  const waiting = new Map<number, { sighting: Sighting; ppid: number }>();
  for (const pid of procfs.pids()) {
    try {
      const { comm, ppid, startTimeTicks } = procfs.stat(pid);
      waiting.set(pid, { sighting: { pid, startTicks: startTimeTicks, comm }, ppid });
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
    tree.seed(process.sighting, process.ppid);
  };
  for (const pid of pids) place(pid);
  tree.endAllBut(pids);
}
