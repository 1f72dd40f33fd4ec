/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What the walk of HotSpot's frames is told by userspace (docs/adr/0035-hotspot.md). */
#ifndef WAGGLE_HOTSPOT_RECORDS_H
#define WAGGLE_HOTSPOT_RECORDS_H

#include "code_records.h"

/*
 * Fields whose offsets libjvm.so has in its table gHotSpotVMStructs, which is filled in when it is loaded: each
 * process's own is read.
 */
enum hotspot_field {
	HOTSPOT_BLOB_NAME,
	HOTSPOT_BLOB_FRAME_COMPLETE,
	HOTSPOT_BLOB_FRAME_SIZE,
	HOTSPOT_BLOB_CODE_BEGIN,
	HOTSPOT_BLOB_CODE_END,
	HOTSPOT_BLOB_RELOCATION_SIZE, /* since 25 */
	HOTSPOT_BLOB_MUTABLE_DATA,    /* since 25 */
	HOTSPOT_NMETHOD_METHOD,
	HOTSPOT_NMETHOD_COMPILE_ID,
	HOTSPOT_NMETHOD_ORIG_PC,
	HOTSPOT_NMETHOD_DEOPT_HANDLER,
	HOTSPOT_NMETHOD_METADATA, /* before 25 */
	HOTSPOT_NMETHOD_SCOPES_DATA,
	HOTSPOT_NMETHOD_SCOPES_PCS,
	HOTSPOT_NMETHOD_SCOPES_PCS_END,
	HOTSPOT_NMETHOD_IMMUTABLE_DATA, /* since 23 */
	HOTSPOT_HEAP_MEMORY,
	HOTSPOT_HEAP_SEGMAP,
	HOTSPOT_HEAP_SEGMENT_SHIFT,
	HOTSPOT_SPACE_LOW,
	HOTSPOT_SPACE_HIGH,
	HOTSPOT_ARRAY_LENGTH,
	HOTSPOT_ARRAY_DATA,
	HOTSPOT_METHOD_CONST,
	HOTSPOT_CONST_POOL,
	HOTSPOT_CONST_SIZE,
	HOTSPOT_CONST_CODE_SIZE,
	HOTSPOT_CONST_FLAGS,
	HOTSPOT_CONST_NAME,
	HOTSPOT_CONST_SIGNATURE,
	HOTSPOT_POOL_HOLDER,
	HOTSPOT_POOL_SOURCE_FILE, /* since 15 */
	HOTSPOT_CLASS_SOURCE_FILE,
	HOTSPOT_CLASS_POOL,
	HOTSPOT_CLASS_NAME,
	HOTSPOT_SYMBOL_LENGTH,
	HOTSPOT_SYMBOL_BODY,
	HOTSPOT_PC_OFFSET,
	HOTSPOT_PC_SCOPE,
	HOTSPOT_FIELDS,
};

enum hotspot_flags {
	HOTSPOT_ONE_HEAP = 1 << 0,        /* 8 */
	HOTSPOT_BLOB_OFFSETS = 1 << 1,    /* where code begins and ends is said by offsets: 8, and since 23 */
	HOTSPOT_SCOPES_OFFSETS = 1 << 2,  /* so are scopes: 8 */
	HOTSPOT_SCOPES_APART = 1 << 3,    /* which are in memory of their own: since 23 */
	HOTSPOT_METADATA_APART = 1 << 4,  /* as metadata: since 25 */
	HOTSPOT_METADATA_BEHIND = 1 << 5, /* or it is behind the code: 23 and 24 */
	HOTSPOT_NO_ZERO_BYTES = 1 << 6,   /* in compressed numbers: since 20 */
	HOTSPOT_FILE_OF_CLASS = 1 << 7,   /* the source file is the class's: before 15 */
	HOTSPOT_LENGTH_IS_HIGH = 1 << 8,  /* of a symbol: it is the upper half of its word, in 13 to 16 */
};

enum hotspot_bounds {
	HOTSPOT_HEAPS_MAX = 4,
};

/* Of one libjvm.so. Addresses are from where the file's first byte is mapped, or would be; modulo 2^64. */
struct hotspot_tables {
	u32 flags; /* hotspot_flags */
	u32 blob_bytes; /* how many are read of generated code's description */
	u32 heap_block_bytes; /* sizes of classes */
	u32 const_method_bytes;
	u32 pool_bytes;
	u32 pc_bytes;
	u32 bytecode_slot; /* words from the frame pointer down to where an interpreted frame is at */
	u32 reserved;
	u64 heaps; /* where the pointer to the code heaps is */
	u64 fields[HOTSPOT_FIELDS]; /* where the offset of each is; 0: it has none */
};

/* A part of the code cache. */
struct hotspot_heap {
	u64 low;
	u64 high;
	u64 segments; /* the map that says where code begins */
};

/* What a process says itself. */
struct hotspot_image {
	struct hotspot_heap heaps[HOTSPOT_HEAPS_MAX];
	u64 base;
	u32 segment_shift;
	u16 at[HOTSPOT_FIELDS];
};

enum hotspot_kind {
	HOTSPOT_OTHER, /* stubs, adapters, what the runtime is called by */
	HOTSPOT_INTERPRETED,
	HOTSPOT_COMPILED,
};

/* Where the walk has got to. */
struct hotspot_walk {
	struct hotspot_image image;
	u32 has_image;
	u32 kind;  /* hotspot_kind */
	u64 blob; /* the description of the code, and its first instruction */
	u64 code_begin;
	u64 code_end;
	u64 frame_bytes;
	u64 complete; /* from here on the frame is */
	u64 words[12];
	u64 blob_words[64];
	u64 method[16];
	u64 pool[16];
	u8 bytes[128];
	u64 scopes_data;
	u64 scopes_pcs;
	u64 scopes_pcs_end;
	u64 metadata;
	u32 scope; /* offset of the one that comes next; 0: there is none */
	u32 scope_instruction; /* of the one that was read */
	u64 wanted;   /* the Method that is to be named */
	u64 bytecode; /* where an interpreted frame is at in it; 0: that is not wanted */
	u64 bytecode_start;
	struct code_key code; /* of generated code, while what is inlined there is looked up */
};

#endif
