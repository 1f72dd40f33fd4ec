/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Which thread's end is that of its process. */
#ifndef WAGGLE_ENDED_GROUPS_H
#define WAGGLE_ENDED_GROUPS_H

#include "../kernel.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* Thread groups whose end was reported. Two last threads can both see live == 0; the first
 * to insert wins. Only groups of several threads pay for it. */
struct ended_group {
	u64 start_boottime;
	u32 tgid;
	u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct ended_group);
	__type(value, u8);
} ended_groups SEC(".maps");

static __always_inline void fill_group(struct ended_group *group, struct task_struct *task,
				       struct task_struct *leader)
{
	group->tgid = BPF_CORE_READ(task, tgid);
	group->start_boottime = BPF_CORE_READ(leader, start_boottime);
}

/* True for exactly one thread of a group: the one that sees the group's end first. */
static __always_inline bool ends_group(struct task_struct *task, struct task_struct *leader)
{
	struct ended_group group = {};
	u8 seen = 1;

	if (BPF_CORE_READ(task, signal, live.counter) != 0)
		return false;
	if (task == leader && BPF_CORE_READ(task, signal, nr_threads) == 1)
		return true;
	fill_group(&group, task, leader);
	return bpf_map_update_elem(&ended_groups, &group, &seen, BPF_NOEXIST) == 0;
}

#endif
