/**
 * Limits of the process that keep waggle from starting, in words: which limit it is, what it is now, and
 * how it is raised. See getrlimit(2) and perf_event_open(2).
 */

import { readdirSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { type Procfs, ProcfsError, RealProcfs } from '@waggle/cache';
import { possibleCpus, type SystemError } from '@waggle/ffi';
import { KernelRefused } from '../errors/errors.ts';

/** The object's programs, maps and links, the ring's wake-up, and what the runtime opens meanwhile. */
const SESSION_DESCRIPTORS = 48;
/** Its maps and links, a thread, and the files that are open while names are looked up. */
const SAMPLER_DESCRIPTORS = 24;
/** The sampling event of each CPU with its link, and the two of the sideband. */
const SAMPLER_DESCRIPTORS_PER_CPU = 4;

/** A soft limit of this process; Infinity for `unlimited`, undefined where unknown. */
function softLimit(name: string, procfs: Procfs): number | undefined {
  try {
    return procfs.limits('self').get(name)?.soft;
  } catch (error) {
    if (error instanceof ProcfsError) return undefined;
    throw error;
  }
}

/** Before anything is loaded, so that nothing fails half-way. @throws KernelRefused */
export function expectDescriptors(samples: boolean, procfs: Procfs): void {
  const limit = softLimit('Max open files', procfs);
  if (limit === undefined) return;
  let open: number;
  try {
    open = readdirSync('/proc/self/fd').length;
  } catch {
    return;
  }
  const needed =
    SESSION_DESCRIPTORS +
    (samples ? SAMPLER_DESCRIPTORS + SAMPLER_DESCRIPTORS_PER_CPU * possibleCpus() : 0);
  if (open + needed <= limit) return;
  throw new KernelRefused({
    code: 'EMFILE',
    log: '',
    message: `this process may have ${limit} descriptors open, has ${open}, and needs some ${needed} more: raise the limit (ulimit -n ${roundUp(open + needed)}; LimitNOFILE= of a systemd unit)`,
    cause: undefined,
  });
}

function roundUp(count: number): number {
  return 2 ** Math.ceil(Math.log2(count));
}

/** What a failed call has to do with a limit, or undefined where it has nothing to do with one. */
export function explainLimit(
  { code, operation }: SystemError,
  procfs: Procfs = new RealProcfs(),
): string | undefined {
  if (code === 'EMFILE')
    return `this process may have no more than ${softLimit('Max open files', procfs) ?? 'so many'} descriptors open: raise the limit (ulimit -n; LimitNOFILE= of a systemd unit)`;
  // Hash maps take keys above 512 bytes, as our stacks are, from 5.11 on.
  if (code === 'E2BIG' && operation.startsWith('load '))
    return `recording needs Linux 5.11 or newer (this is ${release()}); \`waggle trace\` works from 5.8 on`;
  if (code === 'ENFILE')
    return 'the system may have no more files open: raise it (sysctl fs.file-max)';
  if (code === 'EPERM' && operation === 'map perf ring')
    return `no more memory may be locked for perf's rings: give waggle CAP_IPC_LOCK, or raise the limit (ulimit -l, now ${kilobytes(softLimit('Max locked memory', procfs))}; sysctl kernel.perf_event_mlock_kb, now ${mlockKb()})`;
  if (code === 'ENOMEM')
    return `the kernel has no memory for it (a memory cgroup's limit, or ulimit -v, now ${kilobytes(softLimit('Max address space', procfs))})`;
  return undefined;
}

function kilobytes(bytes: number | undefined): string {
  if (bytes === undefined) return 'unknown';
  return Number.isFinite(bytes) ? `${Math.floor(bytes / 1024)} KiB` : 'unlimited';
}

function mlockKb(): string {
  try {
    return readFileSync('/proc/sys/kernel/perf_event_mlock_kb', 'utf8').trim();
  } catch {
    return 'unknown';
  }
}
