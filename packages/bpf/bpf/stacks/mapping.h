/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What is mapped at an address of the current process, read from the kernel's own tree of mappings:
 * never late, never stale, however many there are. The tree is a maple tree (lib/maple_tree.c,
 * Linux 6.1); its nodes are freed by RCU, which a BPF program holds, and whatever a racing thread
 * leaves half-changed is found out by the bounds of the mapping that it leads to.
 */
#ifndef WAGGLE_MAPPING_H
#define WAGGLE_MAPPING_H

#include "../namespaces.h"
#include "maps.h"
#include <bpf/bpf_core_read.h>

#define VM_EXEC 4
#define PAGE_SHIFT 12

enum mapping_kind {
	MAPPING_NONE,
	MAPPING_TABLE,     /* of an object with a table */
	MAPPING_NO_ROWS,   /* code without a table: generated, or a file without rows */
	MAPPING_NEW,       /* userspace has to look at it: nobody has yet, or nobody else can */
};

/* Ten levels hold more mappings than vm.max_map_count can allow. */
#define TREE_LEVELS 10
/* include/linux/maple_tree.h: bits 3 to 6 of a node's pointer are its type, the low 8 no address. */
#define NODE_TYPE(entry) (((entry) >> 3) & 15)
#define NODE_ADDRESS(entry) ((entry) & ~0xffULL)
#define NODE_RANGE 2
#define NODE_ARANGE 3

/* 1 if a < b, for numbers below 2^63, without a branch: the verifier follows each way through every
 * one of them. The compiler would make a branch of it if it knew. */
static __always_inline u64 is_below(u64 a, u64 b)
{
	u64 difference = a - b;

	asm volatile("" : "+r"(difference));
	difference >>= 63;
	/* Of what it knows to be 0 or 1 the compiler makes branches, and the verifier two ways of each. */
	asm volatile("" : "+r"(difference));
	return difference;
}

/* A round of a binary search: what is wanted is behind the middle, or not. A product, since it makes no branch. */
static __always_inline void search_half(u64 *low, u64 *high, u64 middle, u64 is_behind)
{
	*low += (middle + 1 - *low) * is_behind;
	*high -= (*high - middle) * (1 - is_behind);
}

/* The first slot whose pivot (its last address) is not below the address. Pivots are compared by page:
 * the last one may be the highest of all numbers. */
static __always_inline u32 slot_of(struct walk *walk, u64 address, u64 pivots)
{
	u64 going = 1, at = 0;

#pragma unroll
	for (u32 i = 0; i < 15; i++) {
		going &= is_below(walk->node[1 + i] >> PAGE_SHIFT, address >> PAGE_SHIFT);
		going &= is_below(i, pivots);
		at += going;
	}
	return at & 15;
}

/* What a node of the tree has for the address; 0 where it cannot be read. */
__noinline u64 tree_step(struct walk *walk, u64 entry, u64 address)
{
	u32 at;

	if (!walk || bpf_probe_read_kernel(walk->node, sizeof(walk->node), (void *)NODE_ADDRESS(entry)))
		return 0;
	if (NODE_TYPE(entry) == NODE_ARANGE)
		at = 10 + slot_of(walk, address, 9);
	else
		at = 16 + slot_of(walk, address, 15);
	return walk->node[at & 31];
}

/*
 * The vm_area_struct that may hold the address, or 0. Not static, as find_mapping() below: verified once
 * by itself and not in every place and round that it is called from (Linux 5.6).
 */
__noinline u64 find_area(struct walk *walk, u64 address)
{
	struct mm_struct *mm;
	u64 entry;

	if (!walk)
		return 0;
	mm = (void *)walk->mm;
	entry = (u64)BPF_CORE_READ(mm, mm_mt.ma_root);

	/* xa_is_node(): a tree of one entry has no node. */
	if ((entry & 3) != 2)
		return 0;
	for (u32 level = 0; level < TREE_LEVELS; level++) {
		u32 type = NODE_TYPE(entry);

		entry = tree_step(walk, entry, address);
		if (type < NODE_RANGE)
			return entry & 3 ? 0 : entry;
	}
	return 0;
}

/* I_CTIME_QUERIED of include/linux/fs.h (Linux 6.13): somebody has asked for the time. The file is no
 * other one for that. */
#define CTIME_QUERIED (1U << 31)

static __always_inline void read_change_time(struct object_key *key, struct inode *inode)
{
	struct inode___seconds *seconds = (void *)inode;
	struct inode___accessors *accessors = (void *)inode;
	struct inode___plain *plain = (void *)inode;

	if (bpf_core_field_exists(seconds->i_ctime_sec)) {
		key->changed_sec = BPF_CORE_READ(seconds, i_ctime_sec);
		key->changed_nsec = BPF_CORE_READ(seconds, i_ctime_nsec) & ~CTIME_QUERIED;
	} else if (bpf_core_field_exists(accessors->__i_ctime)) {
		key->changed_sec = BPF_CORE_READ(accessors, __i_ctime.tv_sec);
		key->changed_nsec = BPF_CORE_READ(accessors, __i_ctime.tv_nsec);
	} else {
		key->changed_sec = BPF_CORE_READ(plain, i_ctime.tv_sec);
		key->changed_nsec = BPF_CORE_READ(plain, i_ctime.tv_nsec);
	}
}

/* Whether userspace may know how to walk through code that the process has generated. */
static __always_inline bool is_described(struct mm_struct *mm)
{
	struct address_space space = {
		.start_code = BPF_CORE_READ(mm, start_code),
		.start_stack = BPF_CORE_READ(mm, start_stack),
	};

	return bpf_map_lookup_elem(&described_code, &space) != NULL;
}

static __always_inline void identify(struct walk *walk, struct inode *inode, bool in_memory)
{
	/* On the stack: no verifier before Linux 6.3 takes the key of a map from memory that a function was handed. */
	struct object_key key;
	struct object_table *known;

	__builtin_memset(&key, 0, sizeof(key));
	if (in_memory) {
		key.inode = walk->birth;
		key.changed_nsec = walk->exec_id;
		key.number = walk->start;
		key.size = walk->end - walk->start;
		key.device = OBJECT_IN_MEMORY;
	} else if (inode) {
		key.inode = (u64)inode;
		key.number = BPF_CORE_READ(inode, i_ino);
		key.size = BPF_CORE_READ(inode, i_size);
		key.generation = BPF_CORE_READ(inode, i_generation);
		key.device = BPF_CORE_READ(inode, i_sb, s_dev);
		read_change_time(&key, inode);
	}
	walk->object = key;
	known = bpf_map_lookup_elem(&unwind_objects, &key);
	if (!known) {
		walk->kind = MAPPING_NEW;
		return;
	}
	if (known->present == TABLE_GENERATED)
		walk->kind = is_described((void *)walk->mm) ? MAPPING_NEW : MAPPING_NO_ROWS;
	else if (known->present == TABLE_AWAITED)
		walk->kind = MAPPING_NEW;
	else
		walk->kind = known->present ? MAPPING_TABLE : MAPPING_NO_ROWS;
	walk->table = known->table;
	walk->interpreted.here = known->interpreter;
	walk->offset += known->shift;
	u64 now = boottime_now();
	if (now - known->last_used_ns > 1000000000)
		known->last_used_ns = now;
}

/* Fills in what holds walk->address. Frames of one library follow each other: the last mapping is
 * asked first. */
__noinline int find_mapping(struct walk *walk)
{
	struct vm_area_struct *area;
	struct mm_struct *mm;
	struct file *file;
	u64 address;

	if (!walk)
		return 0;
	address = walk->address;
	mm = (void *)walk->mm;
	if (walk->kind != MAPPING_NONE && address >= walk->start && address < walk->end)
		return 0;
	walk->kind = MAPPING_NONE;
	walk->interpreted.here = 0;
	walk->interpreted.is_memory = 0;
	area = (void *)find_area(walk, address);
	if (!area)
		return 0;
	walk->start = BPF_CORE_READ(area, vm_start);
	walk->end = BPF_CORE_READ(area, vm_end);
	if (address < walk->start || address >= walk->end || !(BPF_CORE_READ(area, vm_flags) & VM_EXEC))
		return 0;
	file = BPF_CORE_READ(area, vm_file);
	if (file) {
		walk->offset = BPF_CORE_READ(area, vm_pgoff) << PAGE_SHIFT;
		identify(walk, BPF_CORE_READ(file, f_inode), false);
	} else if (walk->start == (u64)BPF_CORE_READ(mm, context.vdso)) {
		walk->offset = 0;
		identify(walk, NULL, false);
	} else if (walk->start >= (u64)BPF_CORE_READ(mm, start_code) &&
		   walk->start < (u64)BPF_CORE_READ(mm, end_code)) {
		/* The program's own code, as a rule copied to memory with larger pages. */
		walk->offset = 0;
		identify(walk, NULL, true);
	} else {
		walk->interpreted.is_memory = 1;
		walk->kind = MAPPING_NO_ROWS;
		if (is_described(mm)) {
			walk->offset = 0;
			identify(walk, NULL, true);
		}
	}
	return 0;
}

#endif
