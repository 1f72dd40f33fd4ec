/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Cgroups of both versions: which a task is in, and what they are called. */
#ifndef WAGGLE_KERNEL_CGROUPS_H
#define WAGGLE_KERNEL_CGROUPS_H

#include "types.h"

/* Only for its relocated values: configuration decides them. */
enum cgroup_subsys_id {
	cpuset_cgrp_id,
	cpu_cgrp_id,
	memory_cgrp_id,
	devices_cgrp_id,
	pids_cgrp_id,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kernfs_node {
	struct kernfs_node *__parent; /* Linux 6.15, under RCU */
	const char *name;
	u64 id;
};

struct kernfs_node___plain {
	struct kernfs_node *parent;
};

struct cgroup_root {
	unsigned int subsys_mask;
	int hierarchy_id; /* 0: v2 */
};

struct cgroup_subsys_state {
	u64 serial_nr;
};

struct cgroup {
	struct cgroup_subsys_state self;
	struct kernfs_node *kn;
	struct cgroup_root *root;
};

struct css_set {
	struct cgroup *dfl_cgrp; /* in v2 */
	struct list_head cgrp_links; /* of cgrp_cset_link, by cgrp_link */
};

/* kernel/cgroup/cgroup-internal.h */
struct cgrp_cset_link {
	struct cgroup *cgrp;
	struct list_head cgrp_link;
};

#pragma clang attribute pop

#endif
