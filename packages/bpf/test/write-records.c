/* write-records: one record of each kind on stdout, as the programs write them, each behind its length
 * (u32). What decode.test.ts reads: C's own idea of the structs, and not that of the layouts. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <linux/types.h>

/* In place of kernel.h, which only clang compiles, for BPF. */
#define WAGGLE_KERNEL_H
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
#define TASK_COMM_LEN 16
#include "../bpf/failed_execs/records.h"
#include "../bpf/lifecycle/records.h"

static void emit(const void *record, u32 size)
{
	fwrite(&size, sizeof(size), 1, stdout);
	fwrite(record, size, 1, stdout);
}

static struct record_header header(u16 type, u16 flags)
{
	struct record_header head = {
		.type = type,
		.flags = flags,
		.cpu = 3,
		.tid = 4242,
		.sequence = (1ull << 52) + 7,
		.time_ns = 0xfedcba9876543210ull,
		.tgid = 4194303,
		.parent_tgid = 17,
		.start_boottime = 0x8000000000000001ull,
		.exec_id = (1ull << 33) + 5,
		.parent_start_boottime = 99,
		.parent_exec_id = (1ull << 40),
		.cgroup_key = (1ull << 53) - 1,
	};

	/* All 15 bytes of it, the last character of two bytes. */
	memcpy(head.comm, "thirteen-byte\xc3\xa9", TASK_COMM_LEN);
	return head;
}

static u32 append(u8 *payload, u32 at, const char *text, u32 length)
{
	memcpy(payload + at, text, length);
	return at + length;
}

int main(void)
{
	static struct fork_record born;
	static struct exec_record exec;
	static struct failed_exec_record failed;
	static struct exit_record ended;
	static struct cgroup_record cgroup;
	static const char names[] = "\1a b.scope\0system.slice\0\0\2\xc3\xa9\0docker\0\0\7x\0\0\10cut";
	static const char argv[] = "tool\0\0two\nlines\0caf\xc3\xa9";
	static const char environ[] = "HOME=/root\0EMPTY=";
	static const char exe[] = "tool\0bin\0usr";
	static const char cwd[] = "work";
	u32 at;

	born.header = header(RECORD_FORK, 0);
	born.child_tgid = 4194304;
	born.uid = 0xfffffffd;
	born.child_start_boottime = 0xffffffffffffffffull;
	born.child_cgroup_key = (1ull << 53) - 2;
	emit(&born, sizeof(born));

	exec.header = header(RECORD_EXEC, RECORD_HAS_DETAIL | RECORD_HAS_ENVIRON |
						  RECORD_ARGV_TRUNCATED | RECORD_EXE_TRUNCATED);
	exec.cgroup_id = 1ull << 63;
	exec.uid = 1000;
	exec.gid = 0xfffffffe;
	exec.mount_namespace = 0xf0000001;
	exec.pid_namespace = 0xf0000002;
	exec.layout_fingerprint = (1ull << 47) + 3;
	exec.exe_inode = 123456789012345678ull;
	exec.exe_device = 259 << 20 | 5;
	exec.exec_flags = EXEC_SETUID | EXEC_MEMFD | EXEC_SCRIPT;
	exec.effective_uid = 0;
	exec.effective_gid = 5;
	exec.login_uid = 1001;
	exec.session_id = 12;
	exec.tty = 136 << 20 | 2;
	at = append(exec.payload, 0, "./tool", 6);
	exec.filename_length = at;
	exec.argv_length = sizeof(argv);
	exec.argv_total = 20000;
	at = append(exec.payload, at, argv, sizeof(argv));
	exec.environ_length = sizeof(environ);
	at = append(exec.payload, at, environ, sizeof(environ));
	exec.exe_length = sizeof(exe);
	at = append(exec.payload, at, exe, sizeof(exe));
	exec.cwd_length = sizeof(cwd);
	at = append(exec.payload, at, cwd, sizeof(cwd));
	exec.interpreter_length = 9;
	at = append(exec.payload, at, "/bin/dash", 9);
	exec.stdin_state = 0010000 /* S_IFIFO */ | STANDARD_READS | STANDARD_NAMELESS;
	exec.stdin_length = 8;
	at = append(exec.payload, at, "\x67\x12\0\0\0\0\0\x80", 8);
	exec.stdout_state = 0100000 /* S_IFREG */ | STANDARD_WRITES | STANDARD_APPENDS | STANDARD_CUT;
	exec.stdout_length = 8;
	at = append(exec.payload, at, "log\0var", 8);
	exec.stderr_state = STANDARD_AS_BEFORE;
	emit(&exec, offsetof(struct exec_record, payload) + at);

	/* The least there is: no detail, an empty name, no arguments. */
	memset(&exec, 0, sizeof(exec));
	exec.header = header(RECORD_EXEC, RECORD_ARGV_UNREADABLE | RECORD_ENVIRON_TRUNCATED);
	emit(&exec, offsetof(struct exec_record, payload));

	failed.header = header(RECORD_FAILED_EXEC, RECORD_FILENAME_UNREADABLE);
	failed.uid = 1;
	failed.gid = 2;
	failed.error = 13;
	failed.cgroup_id = 3;
	at = append(failed.payload, 0, "a\0bc", 5);
	failed.argv_length = at;
	emit(&failed, offsetof(struct failed_exec_record, payload) + at);

	ended.header = header(RECORD_EXIT, 0);
	ended.uid = 65534;
	ended.cgroup_id = 9;
	ended.exit_code = 0xab << 8;
	ended.user_ns = (1ull << 63) + 1;
	ended.system_ns = 12;
	ended.max_rss_bytes = 1ull << 41;
	ended.read_bytes = 4096;
	ended.write_bytes = 8192;
	ended.major_faults = 3;
	ended.voluntary_switches = (1ull << 33) + 1;
	ended.involuntary_switches = 5;
	emit(&ended, sizeof(ended));
	ended.exit_code = 11 | 0x80;
	emit(&ended, sizeof(ended));

	cgroup.type = RECORD_CGROUP;
	cgroup.key = (1ull << 53) - 1;
	cgroup.length = sizeof(names) - 1;
	memcpy(cgroup.names, names, sizeof(names));
	emit(&cgroup, offsetof(struct cgroup_record, names) + cgroup.length);
	cgroup.key = 5;
	cgroup.length = 0;
	emit(&cgroup, offsetof(struct cgroup_record, names));
	return 0;
}
