/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The record of an exec that failed. */
#ifndef WAGGLE_FAILED_EXECS_RECORDS_H
#define WAGGLE_FAILED_EXECS_RECORDS_H

#include "../record.h"

/* An execve or execveat that returned an error; the header is of the unchanged process. */
struct failed_exec_record {
	struct record_header header;
	u64 cgroup_id;
	u32 uid;
	u32 gid;
	u32 error;           /* errno */
	u32 filename_length; /* bytes in payload, without NUL */
	u32 argv_length;     /* bytes behind the file name, NUL after each argument */
	u32 cursor;          /* of the program's own */
	u8 payload[FILENAME_MAX_BYTES + FAILED_ARGUMENTS_MAX * FAILED_ARGUMENT_BYTES];
};

#endif
