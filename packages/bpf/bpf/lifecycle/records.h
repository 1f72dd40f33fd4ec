/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The records of forks, execs and exits. */
#ifndef WAGGLE_LIFECYCLE_RECORDS_H
#define WAGGLE_LIFECYCLE_RECORDS_H

#include "../record.h"

/* What a security person asks of an exec. */
enum exec_flags {
	EXEC_SETUID = 1 << 0,       /* set-user-ID file, and the effective user changed */
	EXEC_SETGID = 1 << 1,
	EXEC_PRIVILEGED = 1 << 2,   /* bprm->secureexec: AT_SECURE, capability gain included */
	EXEC_MEMFD = 1 << 3,        /* a file without a name, made by memfd_create(2) */
	EXEC_DELETED = 1 << 4,      /* its last name was removed */
	EXEC_SCRIPT = 1 << 5,       /* the interpreter was executed for it */
};

struct fork_record {
	struct record_header header; /* of the parent */
	u32 child_tgid;
	u32 uid;
	u64 child_start_boottime;
	u53 child_cgroup_key; /* clone3(2) can put it elsewhere */
};

struct exec_record {
	struct record_header header;
	u64 cgroup_id; /* in the v2 hierarchy */
	u32 uid;
	u32 gid;
	u32 mount_namespace;
	u32 pid_namespace;
	u32 old_tid;         /* the thread that called execve */
	u32 filename_length; /* bytes in payload, without NUL */
	u32 argv_length;     /* bytes behind the file name, NUL between arguments */
	u32 argv_total;      /* bytes the process really has */
	u53 layout_fingerprint; /* layout_fingerprint.h: what tells this image from the next in /proc/PID/stat */
	/* From here on zero without RECORD_HAS_DETAIL. */
	u64 exe_inode;
	u32 exe_device;      /* super_block's s_dev: 12 bits of major number, 20 of minor */
	u32 exec_flags;      /* exec_flags */
	u32 effective_uid;
	u32 effective_gid;
	u32 login_uid;       /* 4294967295: none */
	u32 session_id;
	u32 tty;             /* major << 20 | minor; 0: none */
	u32 exe_length;      /* components behind the arguments, leaf first, NUL after each */
	u32 cwd_length;      /* the same behind those */
	u32 interpreter_length;
	u32 environ_length;  /* behind argv and before the components */
	u32 padding;
	u8 payload[FILENAME_MAX_BYTES + ARGV_MAX_BYTES + 2 * (PATH_MAX_BYTES + PATH_COMPONENT_BYTES) +
		     INTERPRETER_MAX_BYTES];
};

struct exit_record {
	struct record_header header;
	u64 cgroup_id;
	u32 uid;
	u32 exit_code; /* as wait(2) reports it: status in 8-15, signal in 0-6, core in 7 */
};

/* In a value of kin, beside the pid: noted at the birth, and so true whatever was noted before. Pids
 * end at PID_MAX_LIMIT, 2^22. */
enum kin_flags {
	KIN_BORN = 1 << 30,
};

#endif
