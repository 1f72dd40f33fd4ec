/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The file system that cgroups are directories of. */
#ifndef WAGGLE_KERNFS_H
#define WAGGLE_KERNFS_H

#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* Where kernfs_node has its parent: Linux 6.15, and before. */
static __always_inline struct kernfs_node *kernfs_parent(struct kernfs_node *node)
{
	struct kernfs_node___plain *plain = (void *)node;

	if (bpf_core_field_exists(node->__parent))
		return BPF_CORE_READ(node, __parent);
	return BPF_CORE_READ(plain, parent);
}

#endif
