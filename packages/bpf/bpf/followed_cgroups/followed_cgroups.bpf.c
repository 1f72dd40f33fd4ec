/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The cgroups that a session is about, by path: systemd removes a service's and makes another at its
 * path on every restart. Userspace puts in the ids of those that are there, with all above them, and the
 * names on the way; mkdir(2) puts in the id of one that is made again, before anybody can enter it.
 * Loaded where a session is about cgroups.
 */
#include "../cgroup.h"
#include "../filter.h"
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct cgroup_step {
	u32 above; /* the step of the directory */
	char name[CGROUP_NAME_BYTES];
};

/* A name below a step -> the step there. Written by userspace alone; takes memory only while used. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, FOLLOWED_STEPS_MAX);
	__type(key, struct cgroup_step);
	__type(value, u32);
} followed_steps SEC(".maps");

static __always_inline void report_followed(u32 step, bool exists)
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
	report_followed(*here, true);
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
	report_followed(*here, false);
	bpf_map_delete_elem(&followed_cgroups, &id);
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(handle_cgroup_mkdir, struct cgroup *cgroup)
{
	on_cgroup_mkdir(cgroup);
	return 0;
}

SEC("raw_tp/cgroup_mkdir")
int BPF_PROG(handle_cgroup_mkdir_raw, struct cgroup *cgroup)
{
	on_cgroup_mkdir(cgroup);
	return 0;
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(handle_cgroup_rmdir, struct cgroup *cgroup)
{
	on_cgroup_rmdir(cgroup);
	return 0;
}

SEC("raw_tp/cgroup_rmdir")
int BPF_PROG(handle_cgroup_rmdir_raw, struct cgroup *cgroup)
{
	on_cgroup_rmdir(cgroup);
	return 0;
}

RING_RECORD(process_events, followed_record);
