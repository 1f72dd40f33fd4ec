/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What a process has mapped, and how much of it is in memory. */
#ifndef WAGGLE_KERNEL_MEMORY_H
#define WAGGLE_KERNEL_MEMORY_H

#include "types.h"
#include "files.h"

/* include/linux/mm_types_task.h */
#define MM_FILEPAGES 0
#define MM_ANONPAGES 1
#define MM_SHMEMPAGES 3

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* include/linux/maple_tree.h; Linux 6.1. */
struct maple_tree {
	void *ma_root;
};

struct vm_area_struct {
	unsigned long vm_start;
	unsigned long vm_end;
	unsigned long vm_flags;
	unsigned long vm_pgoff;
	struct file *vm_file;
};

/* arch/{x86,arm64}/include/asm/mmu.h */
typedef struct {
	void *vdso;
} mm_context_t;

/* kernel/events/uprobes.c: where a process returns to from functions whose return is probed. */
struct xol_area {
	unsigned long vaddr;
};

struct uprobes_state {
	struct xol_area *xol_area;
};

/* include/linux/uprobes.h */
struct return_instance {
	unsigned long stack;
	unsigned long orig_ret_vaddr;
	struct return_instance *next;
};

struct uprobe_task {
	struct return_instance *return_instances;
	unsigned long vaddr;
};

/* kernel/trace/trace_uprobe.c: what a task's `vaddr` points to while its uprobe or uretprobe is handled. */
struct uprobe_dispatch_data {
	unsigned long bp_addr;
};

struct mm_struct {
	struct maple_tree mm_mt;
	struct uprobes_state uprobes_state;
	mm_context_t context;
	unsigned long start_code;
	unsigned long end_code;
	unsigned long end_data;
	unsigned long start_stack;
	unsigned long arg_start;
	unsigned long arg_end;
	unsigned long env_start;
	unsigned long env_end;
	struct file *exe_file;
	unsigned long hiwater_rss; /* pages */
};

/* Linux 6.2. Parts of it are kept by each CPU, which the kernel's own sums do without as well. */
struct percpu_counter {
	s64 count;
};

struct mm_struct___percpu {
	struct percpu_counter rss_stat[4];
};

#pragma clang attribute pop

#endif
