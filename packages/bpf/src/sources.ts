/**
 * The sources that every session may need, with the fallbacks of each hook, best first: a tp_btf program
 * needs the kernel's BTF, a raw_tp none, a classic tracepoint needs tracefs.
 */

import { failedExecs, followedCgroups, lifecycle } from './generated/skeletons.ts';
import { defineSource } from './skeleton.ts';

/** Forks, execs and exits, which keep the tracked set as well. */
export const LIFECYCLE = defineSource(lifecycle, {
  hooks: {
    fork: ['handle_fork', 'handle_fork_raw', 'handle_fork_tracepoint'],
    exec: ['handle_exec', 'handle_exec_raw', 'handle_exec_tracepoint'],
    exit: ['handle_exit', 'handle_exit_raw', 'handle_exit_tracepoint'],
  },
});

/**
 * The same, and who got a signal, for sessions with a launcher: it or its command. Not an object of its
 * own, because each costs more than these programs (ADR 9).
 */
export const LIFECYCLE_OF_COMMAND = defineSource(lifecycle, {
  hooks: { ...LIFECYCLE.hooks, signal: ['handle_signal', 'handle_signal_raw'] },
});

/** Costs every system call of the host a little. */
export const FAILED_EXECS = defineSource(failedExecs, {
  hooks: {
    // The second for kernels before 6.18, should one refuse the calls that it does not know.
    'failed-exec': ['handle_failed_exec', 'handle_failed_exec_at_once', 'handle_failed_exec_raw'],
  },
});

/** Keeps cgroups followed that are made again. */
export const FOLLOWED_CGROUPS = defineSource(followedCgroups, {
  hooks: {
    'cgroup-mkdir': ['handle_cgroup_mkdir', 'handle_cgroup_mkdir_raw'],
    'cgroup-rmdir': ['handle_cgroup_rmdir', 'handle_cgroup_rmdir_raw'],
  },
});
