/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What the walk of interpreted frames and userspace exchange (docs/adr/0032-interpreters.md). */
#ifndef WAGGLE_INTERPRETER_RECORDS_H
#define WAGGLE_INTERPRETER_RECORDS_H

#include "code_records.h"
#include "hotspot_records.h"

/*
 * Words of a stack that are no addresses, by a bit that user space's addresses do not have. The low 32 bits of an
 * interpreted frame are the number of its code, 0 where that is not known; those behind it the instruction.
 */
enum frame_bits {
	FRAME_INTERPRETED_BIT = 62,
	FRAME_OF_INTERPRETER_BIT = 61, /* of an address: shown only where no interpreted frame is */
	FRAME_ENTRY_BIT = 60, /* of an interpreted one: the evaluation that ran it began with it */
	FRAME_INSTRUCTION_BITS = 20,
};

enum interpreter_kind {
	INTERPRETER_NONE = 0,
	INTERPRETER_CPYTHON = 1,
	INTERPRETER_V8 = 2,
	INTERPRETER_HOTSPOT = 3,
	INTERPRETER_FRAME_LIST = 4, /* one that a plugin describes */
};

enum interpreter_flags {
	INTERPRETER_SHOWN = 1 << 0, /* its own frames are wanted, too */
	INTERPRETER_LINES = 1 << 1, /* and so is the instruction that each frame is at */
};

/* Offsets of fields, and sizes, in bytes. Where each is from: packages/profiler/src/interpreters/cpython. */
struct cpython_layout {
	u32 flags; /* cpython_flags */
	u32 interpreters; /* the first of them, in _PyRuntimeState */
	u32 next_interpreter;
	u32 threads; /* the first one's, in PyInterpreterState */
	u32 next_thread;
	u32 thread_id; /* what pthread_self() is to it */
	u32 frame; /* that the thread is in; of its _PyCFrame where it has one */
	u32 frame_of_cframe;
	u32 frame_bytes; /* how many are read of it */
	u32 frame_code;
	u32 frame_previous;
	u32 frame_instruction;
	u32 frame_entry; /* a byte that says whether the evaluation began here, and which value says so */
	u32 entry_value;
	u32 code_bytes;
	u32 code_file;
	u32 code_name;
	u32 code_first_line;
	u32 code_line_table;
	u32 code_instructions;
	u32 text_kind_shift; /* in the state of a string */
	u32 ascii_bytes; /* before the text of a string that is ASCII, and of another one */
	u32 compact_bytes;
	u32 object_bytes; /* of PyObject, whose last field is its type */
	/* 0 in versions that have none: */
	u32 base_frame;  /* points to what stands behind all frames of a thread */
	u32 code_copies; /* _PyCodeArray: each thread of a free-threaded build runs instructions of its own */
	u32 frame_copy;  /* which of them: 32 bits */
	u32 reserved;
};

enum cpython_flags {
	CPYTHON_HAS_CFRAME = 1 << 0,
	CPYTHON_ENTRY_PER_FRAME = 1 << 1, /* each frame has an evaluation of its own */
	CPYTHON_ENTRY_IS_SHIM = 1 << 2, /* the frame that says so is none of the program's */
	CPYTHON_INSTRUCTION_IS_ADDRESS = 1 << 3,
	CPYTHON_INSTRUCTION_IN_BYTES = 1 << 4,
};

enum v8_tables {
	V8_OPERATIONS_MAX = 64,
};

/* An operation of V8's translations: how many operands it has, in the low bits, and what it is. */
enum v8_operation {
	V8_OPERATION_FUNCTION = 1 << 3, /* the frame of a function, whose SharedFunctionInfo is the second operand */
	V8_OPERATION_CONTINUES = 1 << 4, /* it is one of V8's own (`forEach`), whose JSFunction the next literal is */
	V8_OPERATION_LITERAL = 1 << 5,
	V8_OPERATION_BEGINS = 1 << 6, /* the translation */
	V8_OPERATION_MATCHES = 1 << 7, /* stands for so many that are as in an earlier translation */
};

/* Where each is from: packages/profiler/src/interpreters/v8. Types are instance types of maps. */
struct v8_layout {
	u32 context; /* how far below the frame pointer */
	u32 function;
	u32 map_type;
	u32 first_function_type;
	u32 last_function_type;
	u32 shared_type;
	u32 scope_type;
	u32 script_type;
	u32 fixed_array_type;
	u32 first_other_type; /* that is none of a string */
	u32 function_bytes; /* how many are read of it */
	u32 function_shared;
	u32 shared_bytes;
	u32 shared_name; /* or its ScopeInfo, which has it */
	u32 shared_script;
	u32 scope_variables; /* how many there are, and where they begin */
	u32 scope_names;
	u32 scope_start; /* of its position; 0: behind the names */
	u32 scope_module_kind;
	u32 script_bytes;
	u32 script_source;
	u32 script_name;
	u32 script_line_ends;
	/* What is inlined into code; 0 where nothing is known of it. */
	u32 code_type;
	u32 code_start; /* of its first instruction; 0: that is stream_bytes behind it */
	u32 code_size;
	u32 code_flags;
	u32 optimised_kind; /* the first one of code that others may be inlined into */
	u32 code_data; /* DeoptimizationData, an array of words */
	u32 stream_type; /* InstructionStream, which leads to the code */
	u32 stream_bytes; /* in front of instructions */
	u32 data_type;
	u32 data_translations; /* words of the array, with the two that it begins with */
	u32 data_count; /* how many functions are inlined */
	u32 data_literals;
	u32 data_id; /* a number that no other compilation has */
	u32 data_entries;
	u32 safepoints_length; /* the head of that table, by each of the compilers */
	u32 safepoints_bytes;
	u32 maglev_safepoints_bytes;
	u32 operation_count;
	u32 operation_shift; /* 1: with a sign */
	u32 begin_functions; /* which operand says how many there are */
	u32 has_basis; /* 1: the first operand is how far back the earlier translation is */
	u8 operations[V8_OPERATIONS_MAX]; /* v8_operation */
};

enum frame_list_bounds {
	FRAME_LIST_STEPS_MAX = 4,
};

/* From an address to another: at each step a pointer is read so far behind the last one. No step: the address itself. */
struct pointer_path {
	u32 steps;
	u32 offsets[FRAME_LIST_STEPS_MAX];
};

/* Text of UTF-8, which begins so far behind where the path leads. */
struct text_path {
	struct pointer_path path;
	u32 is_there; /* 0: there is none */
	u32 start;
	u32 length;	  /* where its bytes are counted, from where the path leads, and how long that number is */
	u32 length_bytes; /* 0: a byte of zero ends it */
};

enum frame_list_flags {
	FRAME_LIST_THREAD_LOCAL = 1 << 0,     /* `runtime` is from the thread pointer */
	FRAME_LIST_ENTRY_PER_FRAME = 1 << 1,  /* each frame has an evaluation of its own */
	FRAME_LIST_CODE_IS_POINTER = 1 << 2,  /* what code begins with is `code_type` behind the file's first byte */
};

/* Frames that are a list, each with a way to its code, and from there to what that is called. */
struct frame_list_layout {
	u32 flags; /* frame_list_flags */
	u32 previous; /* in a frame */
	u32 entry;    /* 32 bits of a frame, which say by one of these whether its evaluation began there */
	u32 entry_mask;
	u32 proof; /* 64 bits of code, of which these have to be those */
	u32 has_line;
	u32 line; /* 32 bits of code */
	u32 reserved;
	u64 proof_mask;
	u64 proof_value;
	struct pointer_path innermost; /* from what `runtime` is the place of */
	struct pointer_path code;      /* from a frame; 0: it runs none of the program's */
	struct text_path name;	       /* from code */
	struct text_path file;
};

struct evaluation_range {
	u64 start; /* file offsets */
	u64 end;
};

/* One file that holds an interpreter. */
struct interpreter {
	u32 kind;
	u32 flags;
	struct evaluation_range evaluation[EVALUATION_RANGES_MAX];
	u64 runtime;   /* from where the file's first byte is mapped, or would be; modulo 2^64 */
	u64 code_type; /* the same, of what each code object points to */
	struct cpython_layout cpython;
	struct v8_layout v8;
	struct hotspot_tables hotspot;
	struct frame_list_layout frame_list;
};

/* Which interpreter a process runs, and where that is. */
struct interpreter_place {
	u64 base;
	u32 interpreter;
	u32 reserved;
};

/* What came of interpreted frames, of samples that met an interpreter. */
enum interpreted_outcome {
	INTERPRETED_WALKED = 0,
	INTERPRETED_NO_THREAD = 1, /* it does not know the thread */
	INTERPRETED_UNREADABLE = 2,
	INTERPRETED_NOT_CODE = 3, /* a frame did not lead to code: what was read was being changed, or is none */
	INTERPRETED_NAME_LOST = 4, /* code whose name had no room in the ring: it is asked for again */
	INTERPRETED_NOT_INLINED = 5, /* what is inlined at a place could not be read: the function around it stands there */
	INTERPRETED_OUTCOMES = 6,
};

#endif
