// Who descends from a process right now, by /proc. For tracking that starts late: the fork
// handler follows every child made from then on.

import { type Procfs, ProcfsError } from '@waggle/cache';
import { NoSuchProcess } from '../errors/errors.ts';

/** @throws NoSuchProcess when the pid is not a running process. */
export function expectProcess(procfs: Procfs, pid: number): void {
  let tgid: number;
  try {
    tgid = procfs.status(pid).tgid;
  } catch (error) {
    if (!(error instanceof ProcfsError)) throw error;
    throw new NoSuchProcess({
      pid,
      message: `no process has the pid ${pid}; \`ps -e\` lists those that run`,
    });
  }
  if (tgid !== pid)
    throw new NoSuchProcess({
      pid,
      message: `${pid} is a thread of process ${tgid}; use that pid`,
    });
}

/** Pids of all children, their children and so on, without `root` itself. */
export function existingDescendants(procfs: Procfs, root: number): number[] {
  const children = new Map<number, number[]>();
  for (const pid of procfs.pids()) {
    const ppid = parentOf(procfs, pid);
    if (ppid === undefined) continue;
    const siblings = children.get(ppid);
    if (siblings === undefined) children.set(ppid, [pid]);
    else siblings.push(pid);
  }
  const found: number[] = [];
  const open = [root];
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    const next = children.get(pid) ?? [];
    children.delete(pid);
    found.push(...next);
    open.push(...next);
  }
  return found;
}

function parentOf(procfs: Procfs, pid: number): number | undefined {
  try {
    return procfs.stat(pid).ppid;
  } catch (error) {
    if (error instanceof ProcfsError) return undefined;
    throw error;
  }
}
