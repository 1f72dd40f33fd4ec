/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Which cgroups a task is in, over all hierarchies, as one number in its records; what the number
 * means is told once, by the names that kernfs has, in a record before the first that uses it. So a
 * container is known of a process that lives 200 us, whose cgroup may be gone as well, and it costs
 * nothing to speak of (docs/adr/0008-containers.md).
 */
#ifndef WAGGLE_CGROUP_H
#define WAGGLE_CGROUP_H

#include "kernfs.h"
#include "record.h"
#include "skeleton.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* One buffer for all records of events, so that their order is kept. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} process_events SEC(".maps") SHARED;

/* Keys that a cgroup_record was sent of. Userspace keeps more of them than fit here, so whatever is
 * forgotten here is told once more. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, TOLD_CGROUPS_MAX);
	__type(key, u64);
	__type(value, u8);
} reported_cgroups SEC(".maps") SHARED;

struct cgroup_scratch {
	/* The css_set that was looked at last: see reported_cgroup_of(). */
	u64 known_set;
	u64 known_key;
	u64 known_ns;
	/* Where the walk up the cgroups has got to: see walk_cgroup_name(). */
	u64 link; /* of the next hierarchy */
	u64 end;
	u64 node; /* the cgroup whose name comes next; 0: none yet of this hierarchy */
	struct cgroup_record record;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct cgroup_scratch);
} cgroup_scratch SEC(".maps") SHARED;

/* One link of a css_set for each hierarchy: v2 and what is mounted of v1, which has 14 controllers and
 * is rarely seen with more than 12, and named ones. */
#define HIERARCHIES_MAX 20

#define CGROUP_STEPS_AT_ONCE 32

/* In a storm the time of several processes; what it must stay below is said at reported_cgroup_of(). */
#define CGROUP_KNOWN_NS 1000000

/* The finalizer of MurmurHash3 (Austin Appleby, public domain). 0 stays 0. */
static __always_inline u64 mix_bits(u64 value)
{
	value ^= value >> 33;
	value *= 0xff51afd7ed558ccdULL;
	value ^= value >> 33;
	value *= 0xc4ceb9fe1a85ec53ULL;
	return value ^ value >> 33;
}

static __always_inline struct list_head *end_of_links(struct css_set *set)
{
	return (void *)set + bpf_core_field_offset(set->cgrp_links);
}

static __always_inline struct cgrp_cset_link *link_of(struct list_head *node)
{
	return (void *)node - bpf_core_field_offset(struct cgrp_cset_link, cgrp_link);
}

/*
 * A number for the cgroups of a css_set. Their serial numbers are drawn from one counter that never
 * goes back (css_serial_nr_next in kernel/cgroup/cgroup.c), unlike inode numbers, which each hierarchy
 * counts anew; those of roots are 0 and do not count. 53 bits: JavaScript's whole numbers. 0: the roots
 * of all hierarchies.
 */
static __always_inline u64 cgroup_key_of(struct css_set *set)
{
	struct list_head *end = end_of_links(set);
	struct list_head *node = BPF_CORE_READ(set, cgrp_links.next);
	u64 sum = 0;

	for (int i = 0; i < HIERARCHIES_MAX && node && node != end; i++) {
		sum += mix_bits(BPF_CORE_READ(link_of(node), cgrp, self.serial_nr));
		node = BPF_CORE_READ(node, next);
	}
	return sum >> 11;
}

static __always_inline u32 hierarchy_of(struct cgroup *cgroup)
{
	u32 controllers;

	if (!BPF_CORE_READ(cgroup, root, hierarchy_id))
		return HIERARCHY_V2;
	controllers = BPF_CORE_READ(cgroup, root, subsys_mask);
	if (!controllers)
		return HIERARCHY_NAMED;
#define IF_CONTROLLER(name, hierarchy)                                                             \
	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, name##_cgrp_id) &&                       \
	    controllers & 1 << bpf_core_enum_value(enum cgroup_subsys_id, name##_cgrp_id))             \
		return hierarchy;
	IF_CONTROLLER(memory, HIERARCHY_MEMORY)
	IF_CONTROLLER(pids, HIERARCHY_PIDS)
	IF_CONTROLLER(cpu, HIERARCHY_CPU)
	IF_CONTROLLER(cpuset, HIERARCHY_CPUSET)
	IF_CONTROLLER(devices, HIERARCHY_DEVICES)
#undef IF_CONTROLLER
	return HIERARCHY_OTHER;
}

/*
 * One step of the walk in cgroup_scratch: to the next hierarchy, or up one cgroup. Verified once by
 * itself and kept in memory for the reasons that walk_path_component() has.
 */
__noinline int walk_cgroup_name(void)
{
	struct cgroup_scratch *scratch = ONLY(cgroup_scratch);
	struct kernfs_node *node, *parent;
	struct list_head *link;
	struct cgroup *cgroup;
	u32 length;
	long got;

	if (!scratch)
		return 0;
	length = scratch->record.length;
	if (length > CGROUP_NAMES_BYTES - CGROUP_NAME_BYTES)
		return 0;
	node = (void *)scratch->node;
	if (!node) {
		link = (void *)scratch->link;
		if (!link || scratch->link == scratch->end)
			return 0;
		cgroup = BPF_CORE_READ(link_of(link), cgrp);
		scratch->link = (u64)BPF_CORE_READ(link, next);
		node = BPF_CORE_READ(cgroup, kn);
		/* A root says nothing. */
		if (!node || !kernfs_parent(node))
			return 1;
		scratch->node = (u64)node;
		scratch->record.names[length] = hierarchy_of(cgroup);
		scratch->record.length = length + 1;
		return 1;
	}
	parent = kernfs_parent(node);
	scratch->node = (u64)parent;
	if (!parent) {
		/* The root's name: empty. */
		scratch->record.names[length] = 0;
		scratch->record.length = length + 1;
		return 1;
	}
	got = bpf_probe_read_kernel_str(scratch->record.names + length, CGROUP_NAME_BYTES,
					BPF_CORE_READ(node, name));
	if (got < 1)
		return 0;
	scratch->record.length = length + got;
	return 1;
}

/* The loop in two halves, because the verifier goes through every round of one. */
__noinline int walk_cgroup_names(void)
{
	for (u32 i = 0; i < CGROUP_STEPS_AT_ONCE; i++)
		if (!walk_cgroup_name())
			return 0;
	return 1;
}

static __always_inline bool report_cgroup(struct cgroup_scratch *scratch, struct css_set *set, u64 key)
{
	u8 told = 1;
	u32 length;

	scratch->node = 0;
	scratch->end = (u64)end_of_links(set);
	scratch->link = (u64)BPF_CORE_READ(set, cgrp_links.next);
	scratch->record.type = RECORD_CGROUP;
	scratch->record.key = key;
	scratch->record.length = 0;
	for (u32 step = 0; step < CGROUP_STEPS_MAX; step += CGROUP_STEPS_AT_ONCE)
		if (!walk_cgroup_names())
			break;
	length = scratch->record.length;
	if (length > CGROUP_NAMES_BYTES)
		return false;
	if (bpf_ringbuf_output(&process_events, &scratch->record,
			       offsetof(struct cgroup_record, names) + length, 0))
		return false;
	/* Where the ring was full, the next record of the cgroup tries again. Two CPUs may both tell,
	 * which does no harm. */
	bpf_map_update_elem(&reported_cgroups, &key, &told, BPF_ANY);
	return true;
}

/*
 * For a record that is about to be sent. What is known of a css_set is good for a moment: its cgroups
 * never change, and its memory cannot be another one's before kfree_rcu() has let go of it
 * (put_css_set_locked() in kernel/cgroup/cgroup.c), which gathers for 20 ms or more (KFREE_DRAIN_JIFFIES)
 * and then waits for a grace period.
 */
__noinline u64 reported_cgroup(u64 address)
{
	struct cgroup_scratch *scratch = ONLY(cgroup_scratch);
	struct css_set *set = (void *)address;
	u64 key, now;

	if (!scratch)
		return 0;
	now = bpf_ktime_get_ns();
	if (scratch->known_set == (u64)set && now - scratch->known_ns < CGROUP_KNOWN_NS)
		return scratch->known_key;
	key = cgroup_key_of(set);
	if (key && !bpf_map_lookup_elem(&reported_cgroups, &key) && !report_cgroup(scratch, set, key))
		return key;
	scratch->known_set = (u64)set;
	scratch->known_key = key;
	scratch->known_ns = now;
	return key;
}

static __always_inline u64 reported_cgroup_of(struct task_struct *task)
{
	/* CONFIG_CGROUPS */
	if (!bpf_core_field_exists(task->cgroups))
		return 0;
	return reported_cgroup((u64)BPF_CORE_READ(task, cgroups));
}

static __always_inline bool same_cgroups(struct task_struct *a, struct task_struct *b)
{
	return !bpf_core_field_exists(a->cgroups) ||
	       BPF_CORE_READ(a, cgroups) == BPF_CORE_READ(b, cgroups);
}

RING_RECORD(process_events, cgroup_record);
EXPORT_ENUM(cgroup_hierarchy);

#endif
