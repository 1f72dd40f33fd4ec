/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The cgroups that a session is about, by path: systemd removes a service's and makes another at its
 * path on every restart. Userspace puts in the ids of those that are there, with all above them, and the
 * names on the way; mkdir(2) puts in the id of one that is made again, before anybody can enter it.
 */
#ifndef WAGGLE_FOLLOWED_H
#define WAGGLE_FOLLOWED_H

#include "cgroup.h"
#include "maps.h"
#include <bpf/bpf_core_read.h>

/* Whether the current task is in one of them or below. Verified once by itself, for all who ask. */
__noinline int under_followed_cgroup(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct kernfs_node *node;

	/* CONFIG_CGROUPS */
	if (!bpf_core_field_exists(task->cgroups))
		return 0;
	node = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn);
	for (int i = 0; i < CGROUP_LEVELS_MAX && node; i++) {
		u64 id = BPF_CORE_READ(node, id);
		u32 *step = bpf_map_lookup_elem(&followed_cgroups, &id);

		if (step && (*step & CGROUP_FOLLOWED))
			return 1;
		node = kernfs_parent(node);
	}
	return 0;
}

static __always_inline void tell_followed(u32 step, bool exists)
{
	struct followed_record record = {
		.type = RECORD_FOLLOWED,
		.exists = exists,
		.step = step,
	};

	if (step & CGROUP_FOLLOWED)
		bpf_ringbuf_output(&process_events, &record, sizeof(record), 0);
}

/* Its directory is not active yet: kernfs_activate() comes next in cgroup_mkdir(). */
static __always_inline void on_cgroup_mkdir(struct cgroup *cgroup)
{
	struct kernfs_node *node = BPF_CORE_READ(cgroup, kn);
	struct cgroup_step step = {};
	u32 *above, *here;
	u64 id;

	/* Ids of v1 are counted by each hierarchy anew. */
	if (BPF_CORE_READ(cgroup, root, hierarchy_id))
		return;
	id = BPF_CORE_READ(kernfs_parent(node), id);
	above = bpf_map_lookup_elem(&followed_cgroups, &id);
	if (!above)
		return;
	step.above = *above;
	bpf_probe_read_kernel_str(step.name, sizeof(step.name), BPF_CORE_READ(node, name));
	here = bpf_map_lookup_elem(&followed_steps, &step);
	if (!here)
		return;
	id = BPF_CORE_READ(node, id);
	bpf_map_update_elem(&followed_cgroups, &id, here, BPF_ANY);
	tell_followed(*here, true);
}

/* Nobody is in it any more: who has ended leaves it behind the tracepoint of exit. */
static __always_inline void on_cgroup_rmdir(struct cgroup *cgroup)
{
	u64 id = BPF_CORE_READ(cgroup, kn, id);
	u32 *here;

	if (BPF_CORE_READ(cgroup, root, hierarchy_id))
		return;
	here = bpf_map_lookup_elem(&followed_cgroups, &id);
	if (!here)
		return;
	tell_followed(*here, false);
	bpf_map_delete_elem(&followed_cgroups, &id);
}

#endif
