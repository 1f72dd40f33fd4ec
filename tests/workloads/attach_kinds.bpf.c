/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* A program of each kind that an agent's author may write, each counting in a place of its own; two that the
 * verifier refuses; and maps of the usual types. */
#include "waggle.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

enum kind { TP_BTF = 1, RAW_TP, TRACEPOINT, KPROBE, KRETPROBE, UPROBE, URETPROBE, FENTRY, FEXIT, LSM, PERF_EVENT, ITER, KINDS };
EXPORT_ENUM(kind);

/* The process that is looked at; 0: none. */
const volatile u32 watched = 0;
const volatile u32 table[4] = { 1, 2, 3, 4 };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, KINDS);
	__type(key, u32);
	__type(value, u53);
} counts SEC(".maps");

struct pair {
	u32 of;
	u32 size;
};

struct totals {
	u53 calls;
	u64 bytes;
	char name[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1000);
	__type(key, struct pair);
	__type(value, struct totals);
} hash SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1000);
	__type(key, u32);
	__type(value, enum kind);
} lru SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1000);
	__type(key, u32);
	__type(value, struct totals);
} per_cpu SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 4);
	__type(key, u32);
	__type(value, u53);
} per_cpu_array SEC(".maps");

struct prefix {
	u32 length;
	u8 address[4];
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 100);
	__type(key, struct prefix);
	__type(value, u32);
} networks SEC(".maps");

static __always_inline void count(u32 kind)
{
	u64 *value;

	if (bpf_get_current_pid_tgid() >> 32 != watched)
		return;
	value = bpf_map_lookup_elem(&counts, &kind);
	if (value)
		__sync_fetch_and_add(value, 1);
}

#define PROGRAM(section, name, kind)                                                               \
	SEC(section) int name(void *context)                                                           \
	{                                                                                              \
		count(kind);                                                                               \
		return 0;                                                                                  \
	}

PROGRAM("tp_btf/sys_enter", on_tp_btf, TP_BTF)
PROGRAM("raw_tp/sys_enter", on_raw_tp, RAW_TP)
PROGRAM("tp/raw_syscalls/sys_enter", on_tracepoint, TRACEPOINT)
PROGRAM("kprobe/do_exit", on_kprobe, KPROBE)
PROGRAM("kretprobe/do_sys_openat2", on_kretprobe, KRETPROBE)
PROGRAM("fentry/do_exit", on_fentry, FENTRY)
PROGRAM("fexit/do_sys_openat2", on_fexit, FEXIT)
PROGRAM("perf_event", on_perf_event, PERF_EVENT)
PROGRAM("uprobe/libc.so.6:getpid", on_uprobe, UPROBE)
PROGRAM("uretprobe/libc.so.6:getpid", on_uretprobe, URETPROBE)
PROGRAM("uprobe/libc.so.6:no_such_function", on_missing_function, UPROBE)
PROGRAM("tp_btf/no_such_tracepoint", on_missing_tracepoint, TP_BTF)

SEC("lsm/file_open")
int BPF_PROG(on_lsm, struct file *file, int before)
{
	count(LSM);
	return before;
}

struct bpf_iter_meta {
	struct seq_file *seq;
} __attribute__((preserve_access_index));

SEC("iter/task")
int on_iter(struct bpf_iter__task *context)
{
	struct seq_file *seq = context->meta->seq;
	struct task_struct *task = context->task;
	u32 pid;

	if (!task)
		return 0;
	pid = task->tgid;
	bpf_seq_write(seq, &pid, sizeof(pid));
	return 0;
}

/* Reads what may not be there. */
SEC("raw_tp/sys_enter")
int refused_null(void *context)
{
	u32 key = bpf_get_prandom_u32();
	u64 *value = bpf_map_lookup_elem(&counts, &key);

	*value = 1;
	return 0;
}

SEC("raw_tp/sys_enter")
int refused_index(void *context)
{
	return table[bpf_get_prandom_u32()];
}

SEC("raw_tp/sys_exit")
int fill_maps(void *context)
{
	u32 key = bpf_get_smp_processor_id();
	struct totals totals = { .calls = 1, .bytes = 100, .name = "a" };
	u64 *value;

	if (bpf_get_current_pid_tgid() >> 32 != watched)
		return 0;
	bpf_map_update_elem(&per_cpu, &key, &totals, BPF_ANY);
	key = 1;
	value = bpf_map_lookup_elem(&per_cpu_array, &key);
	if (value)
		*value += 1;
	return 0;
}
