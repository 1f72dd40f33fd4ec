/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Every map of the object. Sizes that depend on the host are set by the loader. */
#ifndef WAGGLE_MAPS_H
#define WAGGLE_MAPS_H

#include "namespaces.h"
#include "records.h"
#include <bpf/bpf_helpers.h>

/* One buffer for fork, exec and exit, so that their order is kept. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} process_events SEC(".maps");

/* The run-time switch. 0: only exits of tracked processes. 1: everything. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} lifecycle_tracking_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct filter_settings);
} filter_settings SEC(".maps");

/* tgid -> state; handle_fork adds the children, handle_exit takes them out. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, u32);
	__type(value, struct tracked_process);
} tracked_processes SEC(".maps");

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

/* Id of a cgroup v2 -> its step; those above the followed ones are here as well. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FOLLOWED_STEPS_MAX);
	__type(key, u64);
	__type(value, u32);
} followed_cgroups SEC(".maps");

/* A name below a step -> the step there. Written by userspace alone; takes memory only while used. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, FOLLOWED_STEPS_MAX);
	__type(key, struct cgroup_step);
	__type(value, u32);
} followed_steps SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct event_counters);
} event_counters SEC(".maps");

/* Keys that a cgroup_record was sent of. Userspace keeps more of them than fit here, so whatever is
 * forgotten here is told once more. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, TOLD_CGROUPS_MAX);
	__type(key, u64);
	__type(value, u8);
} told_cgroups SEC(".maps");

struct cgroup_scratch {
	/* The css_set that was looked at last: see told_cgroup_of(). */
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
} cgroup_scratch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct exec_record); /* or the smaller exec_failed_record */
} exec_scratch SEC(".maps");

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

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RECORD_TYPES);
	__type(key, u32);
	__type(value, struct rate_bucket);
} rate_buckets SEC(".maps");

/* Where the walk up a path has got to: see walk_path_component(). */
struct path_walk {
	u64 mount;
	u64 dentry;
	u32 from;   /* in the payload of exec_scratch */
	u32 length; /* bytes written there */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct path_walk);
} path_walks SEC(".maps");

/* Processes whose exec or birth the limit kept back: their end is kept back as well. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u32);
	__type(value, u64);
} limited_processes SEC(".maps");

/* Failed calls whose strings have to be brought into memory first: see report_late_call(). By thread. */
struct late_call {
	struct bpf_task_work work;
	u64 filename;
	u64 argv;
	u32 error;
	u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u64);
	__type(value, struct late_call);
} late_calls SEC(".maps");

/* kernel/bpf/helpers.c; the first since 6.18, the others since 6.10. Without them they are 0. */
extern int bpf_task_work_schedule_resume_impl(struct task_struct *task, struct bpf_task_work *work,
					      void *map, int (*callback)(struct bpf_map *, void *, void *),
					      void *aux) __ksym __weak;
extern void bpf_preempt_disable(void) __ksym __weak;
extern void bpf_preempt_enable(void) __ksym __weak;

/* CLOCK_BOOTTIME of the last signal of each number: to the launcher, then to its command. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * SIGNALS_PER_ROLE);
	__type(key, u32);
	__type(value, u64);
} signal_times SEC(".maps");

/* Two counting maps: userspace drains the one that `active_samples` does not name. */
struct sample_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct sample_key);
	__type(value, struct sample_value);
} samples_a SEC(".maps"), samples_b SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} active_samples SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct sample_key);
} sample_scratch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct sample_counters);
} sample_counters SEC(".maps");

/* What sampling has cost a CPU in the current window: see within_budget(). */
struct sample_budget {
	u64 window_start_ns;
	u64 spent_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct sample_budget);
} sample_budgets SEC(".maps");

/* packages/unwind/README.md: a table is an array of blocks. */
enum unwind_bounds {
	UNWIND_BLOCK_BYTES = 1024,
	UNWIND_TABLES_MAX = 4096,
};

struct unwind_block {
	u32 words[UNWIND_BLOCK_BYTES / 4];
};

struct unwind_table_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_INNER_MAP); /* each has its own size */
	__uint(max_entries, 1);
	__uint(key_size, sizeof(u32));
	__uint(value_size, sizeof(struct unwind_block));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, UNWIND_TABLES_MAX);
	__type(key, u32);
	__array(values, struct unwind_table_map);
} unwind_tables SEC(".maps");

/* Objects that are never met again make room: files of a build, run once each. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct object_key);
	__type(value, struct object_table);
} unwind_objects SEC(".maps");

/* Whose generated code may have call frame information in a jitdump (JIT_CODE_UNWINDING_INFO). Userspace
 * has it, so such stacks are walked there. Nothing is taken out with its process: children may live on. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct address_space);
	__type(value, u8);
} described_code SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} deferred_samples SEC(".maps");

/* One a CPU. Not a per-CPU map: their values end at 32 KiB. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct deferred_sample);
} deferred_scratch SEC(".maps");

/* Where the walk of a thread's frames has got to. */
struct walk {
	u64 mm;
	u64 pc;
	u64 sp;
	u64 fp;
	u64 third;
	u64 address; /* of the code that is looked up */
	/* The last mapping that was looked up. */
	u64 start;
	u64 end;
	u64 offset;
	u32 kind;
	u32 table;
	struct object_key object;
	u32 depth;
	u32 stop;
	u32 is_exact;
	u32 fp_known;
	u32 third_known;
	u32 innermost;
	u64 birth; /* start of the process, and its exec generation */
	u64 exec_id;
	u64 registers[UNWIND_REGISTERS];
	u64 node[32]; /* of the tree of mappings */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct walk);
} walks SEC(".maps");

#define ONLY(map) bpf_map_lookup_elem(&(map), &(u32){ 0 })

#endif
