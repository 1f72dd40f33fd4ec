/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Code of interpreted programs: what it is known by, and what it is called. */
#ifndef WAGGLE_CODE_RECORDS_H
#define WAGGLE_CODE_RECORDS_H

#include "../../record.h"

enum interpreter_bounds {
	INTERPRETERS_MAX = 256,
	EVALUATION_RANGES_MAX = 4,
	CODE_TEXT_BYTES = 256,
	INLINED_MAX = 32,
	LINE_TABLE_BYTES = 4096,
};

enum text_units {
	TEXT_UNREADABLE = 0,
	TEXT_LATIN1 = 1, /* bytes of a character, as UCS-2 and UCS-4 */
	TEXT_UCS2 = 2,
	TEXT_UCS4 = 4,
	TEXT_UTF8 = 8,
};

/* Text as the interpreter keeps it. */
struct code_text {
	u32 bytes; /* that are here */
	u32 is_cut;
	u32 unit; /* text_units */
};

/* One function that code runs which others were inlined into. */
struct inlined_code {
	u32 number;
	u32 instruction;
};

/* Code at an address of a process image. `check` is made of what it is called: another one there has another. */
struct code_key {
	u64 start_boottime;
	u64 address;
	u64 check;
	u32 tgid;
	u32 exec_id;
};

/*
 * What code is called, handed over once for each process image. Of generated code with functions inlined there it says
 * which: they have their numbers already.
 */
struct code_name {
	u32 number;
	u32 interpreter;
	u64 start_boottime;
	u64 exec_id;
	u32 tgid;
	u32 first_line;
	struct code_text file_text; /* the end of it where it is cut */
	struct code_text name_text;
	struct code_text owner_text; /* no bytes: it has none */
	u32 line_table_bytes; /* 0: there is none here */
	u32 position; /* where it begins in its source, and how long that is, in characters, if no line is known */
	u32 source_length;
	u32 inlined; /* so many of struct inlined_code, innermost first, are in the line table's place; 0: it is a function */
	u8 file[CODE_TEXT_BYTES];
	u8 name[CODE_TEXT_BYTES];
	u8 owner[CODE_TEXT_BYTES]; /* what the name is one of: a class */
	u8 line_table[LINE_TABLE_BYTES]; /* sent up to its end */
};

#endif
