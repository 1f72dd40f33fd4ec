/**
 * By which PID namespace processes are counted. The kernel's programs translate pids to it
 * (packages/bpf/bpf/namespaces.h), so that every pid that is taken or given means the same process:
 * in events, in /proc, to kill(2), and in perf's records. pid_namespaces(7), proc_pid_status(5).
 */

import { readFileSync, statSync } from 'node:fs';
import { errnoOf } from '@waggle/ffi';
import { ForeignProcfsError } from './errors.ts';

/** PROC_PID_INIT_INO of include/uapi/linux/nsfs.h (earlier linux/proc_ns.h) */
const INITIAL_INODE = 0xeffffffc;
const OWN_PROCFS = '/proc';

export interface PidNamespace {
  /** Inode number; undefined for the initial one. */
  readonly inode: number | undefined;
  /** This process's own pid there. */
  readonly self: number;
  /** It is not the one that this process runs in, but one around it. */
  readonly isOuter: boolean;
}

/**
 * The namespace of a procfs: ours where it is /proc, else whichever it was mounted from, as the host's
 * at /host/proc of a container. @throws ForeignProcfsError
 */
export function pidNamespaceOf(root = OWN_PROCFS): PidNamespace {
  let status: string;
  try {
    status = readFileSync(`${root}/self/status`, 'utf8');
  } catch (error) {
    throw foreign(root, `it does not show waggle itself (${errnoOf(error)})`);
  }
  // A number for each namespace from the procfs's own on, inwards; 4.1 and later.
  const numbers = /^NSpid:\s*(.+)$/m.exec(status)?.[1]?.split(/\s+/).map(Number) ?? [];
  const [self = process.pid] = numbers;
  const isOuter = numbers.length > 1;
  if (isOuter && root === OWN_PROCFS)
    throw foreign(root, `waggle is ${numbers.at(-1)} here and ${self} there`);
  // The first process of a namespace is in it, whoever looks.
  const { ino } = statSync(`${root}/${isOuter ? 1 : 'self'}/ns/pid`);
  return { inode: ino === INITIAL_INODE ? undefined : ino, self, isOuter };
}

function foreign(root: string, why: string): ForeignProcfsError {
  return new ForeignProcfsError(
    `${root} belongs to another PID namespace than waggle: ${why}, so pids would name other ` +
      'processes.\nMount its own (`unshare --pid --fork --mount-proc`, `mount -t proc proc /proc`), ' +
      'or run waggle in the namespace of /proc (`docker run --pid=host`).',
  );
}
