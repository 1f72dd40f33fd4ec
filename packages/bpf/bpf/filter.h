/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Which processes a session is about: the tracked set, its descendants, and cgroups. The maps are one
 * for all objects of the session, whose loader hands on their descriptors.
 */
#ifndef WAGGLE_FILTER_H
#define WAGGLE_FILTER_H

#include "kernfs.h"
#include "namespaces.h"
#include "record.h"
#include "skeleton.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct filter_settings);
} filter_settings SEC(".maps") SHARED;

/* tgid -> state; the lifecycle programs add the children and take them out. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, u32);
	__type(value, struct tracked_process);
} tracked_processes SEC(".maps") SHARED;

/* Id of a cgroup v2 -> its step; those above the followed ones are here as well. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FOLLOWED_STEPS_MAX);
	__type(key, u64);
	__type(value, u32);
} followed_cgroups SEC(".maps") SHARED;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct event_counters);
} event_counters SEC(".maps") SHARED;

/* Where the walk up the cgroups ends: in a followed one. No address of the kernel's. */
#define IN_FOLLOWED_CGROUP 1

/*
 * One step of the walk in under_followed_cgroup(): the cgroup above, 0 behind the root. A function that is
 * not static is verified once by itself, whatever calls it (Linux 5.6), so the loop around it costs the
 * verifier next to nothing.
 */
__noinline u64 cgroup_above(u64 address)
{
	struct kernfs_node *node = (void *)address;
	u64 id = BPF_CORE_READ(node, id);
	u32 *step = bpf_map_lookup_elem(&followed_cgroups, &id);

	if (step && (*step & CGROUP_FOLLOWED))
		return IN_FOLLOWED_CGROUP;
	return (u64)kernfs_parent(node);
}

/* Whether it is one of them or below. */
__noinline int under_followed_cgroup(u64 node)
{
	for (int i = 0; i < CGROUP_LEVELS_MAX && node > IN_FOLLOWED_CGROUP; i++)
		node = cgroup_above(node);
	return node == IN_FOLLOWED_CGROUP;
}

static __always_inline u32 tracked_state_of(u32 tgid)
{
	struct tracked_process *tracked = bpf_map_lookup_elem(&tracked_processes, &tgid);

	return tracked ? tracked->state : 0;
}

static __always_inline u64 cgroup_node_of(struct task_struct *task)
{
	/* CONFIG_CGROUPS */
	if (!bpf_core_field_exists(task->cgroups))
		return 0;
	return (u64)BPF_CORE_READ(task, cgroups, dfl_cgrp, kn);
}

/* A task's process, in the filter's eyes. */
static __always_inline bool filter_passes(const struct filter_settings *settings, u32 tgid,
					  struct task_struct *task)
{
	if ((settings->flags & FILTER_PROCESSES) && tracked_state_of(tgid) != TRACKED_ACTIVE)
		return false;
	if ((settings->flags & FILTER_CGROUPS) && !under_followed_cgroup(cgroup_node_of(task)))
		return false;
	return true;
}

/* The same of the current task. */
static __always_inline bool passes_filter(const struct filter_settings *settings, u32 tgid)
{
	return filter_passes(settings, tgid, (void *)bpf_get_current_task());
}

static __always_inline void track(u32 tgid, u32 state)
{
	struct tracked_process value = { .state = state };

	if (bpf_map_update_elem(&tracked_processes, &tgid, &value, BPF_ANY)) {
		struct event_counters *counters = ONLY(event_counters);

		if (counters)
			counters->tracking_overflow++;
	}
}

static __always_inline void track_child(u32 parent, u32 child)
{
	u32 state = tracked_state_of(parent);

	if (state == TRACKED_LAUNCHER)
		track(child, TRACKED_PENDING_EXEC);
	else if (state)
		track(child, state);
}

static __always_inline void track_exec(u32 tgid)
{
	if (tracked_state_of(tgid) == TRACKED_PENDING_EXEC)
		track(tgid, TRACKED_ACTIVE);
}

EXPORT_ENUM(filter_flags);
EXPORT_ENUM(tracked_state);
EXPORT_ENUM(followed_bounds);

#endif
