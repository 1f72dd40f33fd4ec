// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Fills a ring buffer on request. Each run of a program writes one record; `repeat` of
 * BPF_PROG_TEST_RUN makes one system call write thousands. No record wakes a reader.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

#define PATTERN_BYTES 8192
#define HALF_PATTERN (PATTERN_BYTES / 2 - 1)
#define HUGE_WORDS ((1 << 20) / 8)

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 22);
} records SEC(".maps");

struct progress {
	/* Number of the next record. */
	__u64 sequence;
	/* Records that did not fit. */
	__u64 refused;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct progress);
} progress SEC(".maps");

/* Bytes that the test chose; varied records are cut out of them. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u8[PATTERN_BYTES]);
} pattern SEC(".maps");

static const __u32 zero;

#define EMIT_WORDS(name, words)                                                          \
	SEC("socket") int name(void *ctx)                                                \
	{                                                                                \
		struct progress *at = bpf_map_lookup_elem(&progress, &zero);             \
		__u64 *record;                                                           \
                                                                                         \
		if (!at)                                                                 \
			return 0;                                                        \
		record = bpf_ringbuf_reserve(&records, (words) * 8, 0);                  \
		if (!record) {                                                           \
			at->refused++;                                                   \
			return 0;                                                        \
		}                                                                        \
		record[0] = at->sequence++;                                              \
		record[(words) - 1] = ~record[0];                                        \
		bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);                            \
		return 0;                                                                \
	}

/* A sequence number in front and its complement at the end. */
EMIT_WORDS(emit_16, 2)
EMIT_WORDS(emit_512, 64)
EMIT_WORDS(emit_huge, HUGE_WORDS)

/*
 * Record n is `size(n)` bytes of the pattern from `start(n)` on, both below 4096; every fifth
 * is discarded. The test computes the same.
 */
SEC("socket")
int emit_varied(void *ctx)
{
	struct progress *at = bpf_map_lookup_elem(&progress, &zero);
	__u8 *bytes = bpf_map_lookup_elem(&pattern, &zero);
	void *discarded;
	__u64 size, start;

	if (!at || !bytes)
		return 0;
	if (at->sequence % 5 == 4) {
		discarded = bpf_ringbuf_reserve(&records, 24, 0);
		if (discarded)
			bpf_ringbuf_discard(discarded, BPF_RB_NO_WAKEUP);
		else
			at->refused++;
		at->sequence += !!discarded;
		return 0;
	}
	size = (at->sequence * 1103) & HALF_PATTERN;
	start = (at->sequence * 77) & HALF_PATTERN;
	if (bpf_ringbuf_output(&records, bytes + start, size, BPF_RB_NO_WAKEUP))
		at->refused++;
	else
		at->sequence++;
	return 0;
}
