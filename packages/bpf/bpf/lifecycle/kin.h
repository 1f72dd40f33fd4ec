/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Who is whose child, for the moments in which userspace looks for the descendants of a process: one
 * walk of /proc misses who is born behind it, and who loses its parent in front of it. So while it looks,
 * every birth is noted, and at every end the links that go with it.
 */
#ifndef WAGGLE_KIN_H
#define WAGGLE_KIN_H

#include "../namespaces.h"
#include "../skeleton.h"
#include "records.h"
#include <bpf/bpf_core_read.h>

/* 1: births, and links that ends would cut, are noted in kin. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} kin_noted SEC(".maps");

/* tgid -> tgid of its parent. Takes memory only while it is used. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, u32);
	__type(value, u32);
} kin SEC(".maps");

struct kin_walk {
	u64 node;
	u64 end;
	u32 parent;
	u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct kin_walk);
} kin_walks SEC(".maps");

#define CHILDREN_AT_ONCE 64
#define CHILDREN_MAX (64 * CHILDREN_AT_ONCE)

static __always_inline bool notes_kin(void)
{
	u32 *on = ONLY(kin_noted);

	return on && *on;
}

static __always_inline void note_birth(u32 parent, u32 child)
{
	u32 link = parent | KIN_BORN;

	if (notes_kin())
		bpf_map_update_elem(&kin, &child, &link, BPF_ANY);
}

/* The next child of the walk in kin_walks; 0 when it has seen all. Verified once by itself, for the loop. */
__noinline int note_child(void)
{
	struct kin_walk *walk = ONLY(kin_walks);
	struct list_head *node;
	struct task_struct *child;
	u32 tgid;

	if (!walk)
		return 0;
	node = (void *)walk->node;
	if (!node || walk->node == walk->end)
		return 0;
	child = (void *)node - bpf_core_field_offset(struct task_struct, sibling);
	tgid = tgid_of(child);
	/* What was noted at its birth is as good, and may be all that is left of it. */
	bpf_map_update_elem(&kin, &tgid, &walk->parent, BPF_NOEXIST);
	walk->node = (u64)BPF_CORE_READ(node, next);
	/* Another thread has just reaped it, so that it leads nowhere: from the beginning again. */
	if (walk->node == (u64)node) {
		node = (void *)walk->end;
		walk->node = (u64)BPF_CORE_READ(node, next);
	}
	return 1;
}

/* The loop in two halves, because the verifier goes through every round of one. */
__noinline int note_children(void)
{
	for (int i = 0; i < CHILDREN_AT_ONCE; i++)
		if (!note_child())
			return 0;
	return 1;
}

/* A thread ends: its children are about to get another parent, and its own is about to be lost. */
static __always_inline void note_end(struct task_struct *task, struct task_struct *leader)
{
	struct kin_walk *walk;
	u32 tgid, parent;

	if (!notes_kin())
		return;
	walk = ONLY(kin_walks);
	if (!walk)
		return;
	tgid = tgid_of(task);
	parent = tgid_of(BPF_CORE_READ(leader, real_parent));
	bpf_map_update_elem(&kin, &tgid, &parent, BPF_NOEXIST);
	walk->parent = tgid;
	walk->end = (u64)task + bpf_core_field_offset(struct task_struct, children);
	walk->node = (u64)BPF_CORE_READ(task, children.next);
	for (int i = 0; i < CHILDREN_MAX / CHILDREN_AT_ONCE; i++)
		if (!note_children())
			break;
}

#endif
