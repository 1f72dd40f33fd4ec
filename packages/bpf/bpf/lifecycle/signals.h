/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * When signals were last sent to the launcher and to the command that it started. A process that
 * waits for a command has to know whether a signal that it got went to the command as well (Ctrl-C, a
 * kill of the process group) or to itself alone; siginfo does not say so. Its programs are loaded only with a launcher.
 */
#ifndef WAGGLE_SIGNALS_H
#define WAGGLE_SIGNALS_H

#include "../filter.h"

/* signal_times has those of the launcher, then those of the command: number 0 is none. */
enum signal_bounds {
	SIGNALS_PER_ROLE = 65, /* _NSIG and 0 */
};

/* CLOCK_BOOTTIME of the last signal of each number: to the launcher, then to its command. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * SIGNALS_PER_ROLE);
	__type(key, u32);
	__type(value, u64);
} signal_times SEC(".maps");

static __always_inline void on_signal(int signal, struct task_struct *target)
{
	u32 tgid = tgid_of(target), parent, index;
	u64 *time;

	if (signal <= 0 || signal >= SIGNALS_PER_ROLE)
		return;
	index = signal;
	if (tracked_state_of(tgid) != TRACKED_LAUNCHER) {
		parent = tgid_of(BPF_CORE_READ(target, group_leader, real_parent));
		if (!tracked_state_of(tgid) || tracked_state_of(parent) != TRACKED_LAUNCHER)
			return;
		index += SIGNALS_PER_ROLE;
	}
	time = bpf_map_lookup_elem(&signal_times, &index);
	if (time)
		*time = bpf_ktime_get_boot_ns();
}

#endif
