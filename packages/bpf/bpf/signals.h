/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * When signals were last sent to the launcher and to the command that it started. A process that
 * waits for a command has to know whether a signal that it got went to the command as well (Ctrl-C, a
 * kill of the process group) or to itself alone; siginfo does not say so.
 */
#ifndef WAGGLE_SIGNALS_H
#define WAGGLE_SIGNALS_H

#include "filter.h"
#include "namespaces.h"

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
