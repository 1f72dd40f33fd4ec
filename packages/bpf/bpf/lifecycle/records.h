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

/* How a process has one of its standard files open. */
enum standard_state {
	STANDARD_READS = 1 << 0,
	STANDARD_WRITES = 1 << 1,
	STANDARD_APPENDS = 1 << 2,
	STANDARD_NAMELESS = 1 << 3,  /* a pipe or a socket */
	STANDARD_AS_BEFORE = 1 << 4, /* the same open file as the one before it, and nothing of it here */
	STANDARD_CUT = 1 << 5,       /* the path lacks its beginning */
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
	/* Standard input, output and error behind the interpreter: components as above, or with
	 * STANDARD_NAMELESS the inode number. */
	u32 stdin_state; /* standard_state, and the file's type as in S_IFMT; 0: closed */
	u32 stdout_state;
	u32 stderr_state;
	u32 stdin_length;
	u32 stdout_length;
	u32 stderr_length;
	u32 padding;
	/* Per-CPU values end at 32 KiB: three more paths that are as long as can be are cut. */
	u8 payload[FILENAME_MAX_BYTES + ARGV_MAX_BYTES + 3 * (PATH_MAX_BYTES + PATH_COMPONENT_BYTES) +
		     INTERPRETER_MAX_BYTES];
};

struct exit_record {
	struct record_header header;
	u64 cgroup_id;
	u32 uid;
	u32 exit_code; /* as wait(2) reports it: status in 8-15, signal in 0-6, core in 7 */
	/* From here on: what all threads and all programs of the process have used, without its children. */
	u64 user_ns;
	u64 system_ns;
	u64 max_rss_bytes; /* of the last program; before Linux 6.16 of all */
	u64 read_bytes;    /* from and to storage; nothing with RECORD_WITHOUT_IO */
	u64 write_bytes;
	u53 major_faults;
	u53 voluntary_switches;
	u53 involuntary_switches;
};

/* In a value of kin, beside the pid: noted at the birth, and so true whatever was noted before. Pids
 * end at PID_MAX_LIMIT, 2^22. */
enum kin_flags {
	KIN_BORN = 1 << 30,
};

#endif
