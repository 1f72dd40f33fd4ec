/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The table of one object's call frame information, and the search in it. Format and search:
 * packages/unwind/README.md; the writer is packages/unwind/src/table.
 */
#ifndef WAGGLE_UNWIND_TABLE_H
#define WAGGLE_UNWIND_TABLE_H

#include "mapping.h"

enum cfa_kind {
	CFA_NONE,
	CFA_SP,
	CFA_FP,
	CFA_THIRD,
	CFA_REGISTER,
	CFA_DEREF_SP,
	CFA_DEREF_FP,
	CFA_PLT,
	CFA_UNSUPPORTED,
};

enum value_kind {
	VALUE_SAME,
	VALUE_AT_CFA,
	VALUE_AT_SP,
	VALUE_AT_FP,
	VALUE_REGISTER,
	VALUE_CFA,
	VALUE_UNDEFINED,
};

#define RULE_SIGNAL_FRAME 0x80

/* Words of block 0. */
#define HEADER_DIRECTORIES 2
#define HEADER_ROW_BLOCKS 3
#define HEADER_START 7
#define HEADER_END 8
#define HEADER_ROOT 16

static __always_inline u64 at_most(u64 key, u64 wanted)
{
	return is_below(wanted, key) ^ 1;
}

/*
 * at + step, or at. The compiler knows that at does not have the bit of step, and would make an OR of
 * it, after which verifiers before Linux 6.10 know nothing about the sum. A product and no mask: of an AND with what is
 * 0 or all ones newer verifiers make two ways, in each step of the search (maybe_fork_scalars() in verifier.c).
 */
static __always_inline u32 step_if(u32 at, u32 step, u64 key, u64 wanted)
{
	asm volatile("" : "+r"(at));
	return at + (u32)at_most(key, wanted) * step;
}

static __always_inline u32 search_words(const u32 *keys, u32 half, u64 wanted)
{
	u32 at = 0;

#pragma unroll
	for (u32 step = 128; step; step >>= 1)
		if (step <= half)
			at = step_if(at, step, keys[at + step], wanted);
	return at;
}

static __always_inline u32 search_distances(const u16 *distances, u64 wanted)
{
	u32 at = 0;

#pragma unroll
	for (u32 step = 128; step; step >>= 1)
		at = step_if(at, step, distances[at + step], wanted);
	return at;
}

/*
 * The rule of a file offset, into walks; 0 when there is none. Not static: verified once by itself, and
 * not on every way that leads to it.
 */
__noinline int find_rule(struct walk *walk, u32 number, u64 offset)
{
	void *table = bpf_map_lookup_elem(&unwind_tables, &number);
	u32 directories, row_blocks, directory, row_block, row, index, rule_number;
	struct unwind_block *block;
	u64 distance;

	if (!table || !walk)
		return false;
	index = 0;
	block = bpf_map_lookup_elem(table, &index);
	if (!block)
		return false;
	if (offset < block->words[HEADER_START] || offset >= block->words[HEADER_END])
		return false;
	directories = block->words[HEADER_DIRECTORIES];
	row_blocks = block->words[HEADER_ROW_BLOCKS];
	directory = search_words(block->words + HEADER_ROOT, 64, offset);

	index = 1 + directory;
	block = bpf_map_lookup_elem(table, &index);
	if (!block)
		return false;
	row_block = search_words(block->words, 128, offset);
	distance = offset - block->words[row_block & 255];
	if (distance > 0xffff)
		distance = 0xffff;

	index = 1 + directories + 256 * directory + row_block;
	block = bpf_map_lookup_elem(table, &index);
	if (!block)
		return false;
	row = search_distances((const u16 *)block->words, distance);
	rule_number = ((const u16 *)block->words)[256 + (row & 255)];

	index = 1 + directories + row_blocks + (rule_number >> 6);
	block = bpf_map_lookup_elem(table, &index);
	if (!block)
		return false;
	walk->rule = ((const struct unwind_rule *)block->words)[rule_number & 63];
	return walk->rule.cfa != CFA_NONE;
}

#endif
