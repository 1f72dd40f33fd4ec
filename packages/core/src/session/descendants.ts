/**
 * Who descends from a process, by the links of children to parents. For tracking that starts late:
 * the fork handler follows every child that a tracked process makes.
 */

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

/** Parents by child, of everybody who runs right now and as long as this takes. */
export function parentsByProcfs(procfs: Procfs): Map<number, number> {
  const parents = new Map<number, number>();
  for (const pid of procfs.pids()) {
    const ppid = parentOf(procfs, pid);
    if (ppid !== undefined) parents.set(pid, ppid);
  }
  return parents;
}

/** Pids of all children, their children and so on, without `roots` themselves. */
export function descendantsOf(
  roots: Iterable<number>,
  parents: ReadonlyMap<number, number>,
): Set<number> {
  const children = new Map<number, number[]>();
  for (const [pid, ppid] of parents) {
    const siblings = children.get(ppid);
    if (siblings === undefined) children.set(ppid, [pid]);
    else siblings.push(pid);
  }
  const seen = new Set(roots);
  const found = new Set<number>();
  const open = [...seen];
  for (let pid = open.pop(); pid !== undefined; pid = open.pop())
    for (const child of children.get(pid) ?? []) {
      if (seen.has(child)) continue;
      seen.add(child);
      found.add(child);
      open.push(child);
    }
  return found;
}

/** Pids of all children, their children and so on, without `root` itself, as far as /proc says. */
export function existingDescendants(procfs: Procfs, root: number): number[] {
  return [...descendantsOf([root], parentsByProcfs(procfs))];
}

/** Whether a process has ended, its zombie included. */
export function hasEnded(procfs: Procfs, pid: number): boolean {
  try {
    return procfs.probe(pid).ended;
  } catch (error) {
    if (error instanceof ProcfsError) return error.code === 'gone';
    throw error;
  }
}

function parentOf(procfs: Procfs, pid: number): number | undefined {
  try {
    return procfs.stat(pid).ppid;
  } catch (error) {
    if (error instanceof ProcfsError) return undefined;
    throw error;
  }
}
