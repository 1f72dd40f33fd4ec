/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Who is whose child, for the moments in which userspace looks for the descendants of a process: one
 * walk of /proc misses who is born behind it, and who loses its parent in front of it. So while it looks,
 * every birth is noted, and at every end the links that go with it.
 */
#ifndef WAGGLE_KIN_H
#define WAGGLE_KIN_H

#include "maps.h"
#include "namespaces.h"
#include <bpf/bpf_core_read.h>

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

/* The next children of the walk in kin_walks; 0 when it has seen all. */
__noinline int note_children(void)
{
	struct kin_walk *walk = ONLY(kin_walks);

	if (!walk)
		return 0;
	for (int i = 0; i < CHILDREN_AT_ONCE; i++) {
		struct list_head *node = (void *)walk->node;
		struct task_struct *child =
			(void *)node - bpf_core_field_offset(struct task_struct, sibling);
		u32 tgid;

		if (!node || walk->node == walk->end)
			return 0;
		tgid = tgid_of(child);
		/* What was noted at its birth is as good, and may be all that is left of it. */
		bpf_map_update_elem(&kin, &tgid, &walk->parent, BPF_NOEXIST);
		walk->node = (u64)BPF_CORE_READ(node, next);
		/* Another thread has just reaped it, so that it leads nowhere: from the beginning again. */
		if (walk->node == (u64)node) {
			node = (void *)walk->end;
			walk->node = (u64)BPF_CORE_READ(node, next);
		}
	}
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
