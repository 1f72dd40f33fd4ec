/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * execve and execveat that returned an error. At the system call's exit the old image is still
 * there and its registers still hold the arguments, so one hook is enough and nothing has to be
 * kept from the entry. Only calls by the native ABI are seen: 32-bit and x32 programs number and
 * lay out theirs differently. An exec that fails after the point of no return ends the process
 * with a signal; its record has no readable arguments.
 */
#ifndef WAGGLE_FAILED_EXECS_H
#define WAGGLE_FAILED_EXECS_H

#include "../events.h"
#include "../rate_limit.h"
#include "records.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct failed_exec_record);
} failed_exec_scratch SEC(".maps");

/* Failed calls whose strings have to be brought into memory first: see report_late_call(). By thread. */
struct late_call {
	struct bpf_task_work work;
	u64 filename;
	u64 argv;
	u32 error;
	u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u64);
	__type(value, struct late_call);
} late_calls SEC(".maps");

/* kernel/bpf/helpers.c; the first since 6.18, the others since 6.10. Without them they are 0. */
extern int bpf_task_work_schedule_resume_impl(struct task_struct *task, struct bpf_task_work *work,
					      void *map, int (*callback)(struct bpf_map *, void *, void *),
					      void *aux) __ksym __weak;
extern void bpf_preempt_disable(void) __ksym __weak;
extern void bpf_preempt_enable(void) __ksym __weak;

#define FAILED_PAYLOAD_BYTES sizeof(((struct failed_exec_record *)0)->payload)

/* MAX_ERRNO of include/linux/err.h: below it are addresses and lengths. */
#define ERRNO_MAX 4095

/* include/uapi/linux/fcntl.h (6.14): asks whether an exec would be allowed, and is none. */
#define AT_EXECVE_CHECK 0x10000

/* include/linux/errno.h: the call will be made again, or a signal turns it into an EINTR. */
static __always_inline bool restarts(long result)
{
	return result == -512 || result == -513 || result == -514 || result == -516;
}

struct failed_call {
	const char *filename;
	const char **argv;
};

#if defined(__TARGET_ARCH_x86)

#define NR_execve 59
#define NR_execveat 322
/* arch/x86/include/asm/thread_info.h: this call came by the 32-bit ABI. */
#define TS_COMPAT 0x0002

static __always_inline bool failed_call_of(struct pt_regs *regs, struct failed_call *call)
{
	long number = BPF_CORE_READ(regs, orig_ax);
	struct task_struct *task;

	if (number != NR_execve && number != NR_execveat)
		return false;
	task = (void *)bpf_get_current_task();
	if (BPF_CORE_READ(task, thread_info.status) & TS_COMPAT)
		return false;
	if (number == NR_execve) {
		call->filename = (void *)BPF_CORE_READ(regs, di);
		call->argv = (void *)BPF_CORE_READ(regs, si);
	} else {
		if (BPF_CORE_READ(regs, r8) & AT_EXECVE_CHECK)
			return false;
		call->filename = (void *)BPF_CORE_READ(regs, si);
		call->argv = (void *)BPF_CORE_READ(regs, dx);
	}
	return true;
}

#elif defined(__TARGET_ARCH_arm64)

#define NR_execve 221
#define NR_execveat 281

static __always_inline bool failed_call_of(struct pt_regs *regs, struct failed_call *call)
{
	s32 number = BPF_CORE_READ(regs, syscallno);

	if (number != NR_execve && number != NR_execveat)
		return false;
	if (BPF_CORE_READ(regs, pstate) & PSR_MODE32_BIT)
		return false;
	/* x0 has the result by now. */
	if (number == NR_execve) {
		call->filename = (void *)BPF_CORE_READ(regs, orig_x0);
		call->argv = (void *)BPF_CORE_READ(regs, regs[1]);
	} else {
		if (BPF_CORE_READ(regs, regs[4]) & AT_EXECVE_CHECK)
			return false;
		call->filename = (void *)BPF_CORE_READ(regs, regs[1]);
		call->argv = (void *)BPF_CORE_READ(regs, regs[2]);
	}
	return true;
}

#endif

static __always_inline u32 append_failed_filename(struct failed_exec_record *record,
						  const char *filename)
{
	long got = bpf_probe_read_user_str(record->payload, FILENAME_MAX_BYTES, filename);

	record->filename_length = 0;
	if (got < 1) {
		record->header.flags |= RECORD_FILENAME_UNREADABLE;
		return 0;
	}
	if (got >= FILENAME_MAX_BYTES) {
		got = FILENAME_MAX_BYTES;
		record->header.flags |= RECORD_FILENAME_TRUNCATED;
	}
	record->filename_length = got - 1;
	return got - 1;
}

/* A full buffer is a cut argument, or one that just fits. */
static __always_inline bool ends_at_bound(const char *argument)
{
	char last = 1;

	bpf_probe_read_user(&last, sizeof(last), argument + FAILED_ARGUMENT_BYTES - 1);
	return last == 0;
}

/*
 * The cursor lives in the record and not in a register, so that all rounds of the loop look the
 * same to the verifier: else it follows every length of every argument.
 */
static __always_inline u32 append_failed_argv(struct failed_exec_record *record, const char **argv,
					      u32 from)
{
	volatile u32 *cursor = &record->cursor;
	const char *argument = NULL;
	u32 count;

	*cursor = from;
	for (count = 0; count < FAILED_ARGUMENTS_MAX; count++) {
		u32 at = *cursor;
		long got;

		if (bpf_probe_read_user(&argument, sizeof(argument), argv + count)) {
			/* argv itself may be NULL, which Linux takes for an empty list. */
			if (argv)
				record->header.flags |= RECORD_ARGV_UNREADABLE;
			return at;
		}
		if (!argument)
			return at;
		/* Never so: the payload has room for all. The verifier does not know. */
		if (at > FAILED_PAYLOAD_BYTES - FAILED_ARGUMENT_BYTES)
			return at;
		got = bpf_probe_read_user_str(record->payload + at, FAILED_ARGUMENT_BYTES, argument);
		if (got < 1) {
			record->header.flags |= RECORD_ARGV_UNREADABLE;
			return at;
		}
		if (got == FAILED_ARGUMENT_BYTES && !ends_at_bound(argument))
			record->header.flags |= RECORD_ARGV_TRUNCATED;
		*cursor = at + got;
	}
	/* As many as fit: is there one more? */
	if (!bpf_probe_read_user(&argument, sizeof(argument), argv + count) && argument)
		record->header.flags |= RECORD_ARGV_TRUNCATED;
	return *cursor;
}

/* The whole record but its sequence; returns its size, 0 for none. */
static __always_inline u32 fill_failed(struct failed_exec_record *record, struct failed_call *call,
				       u32 error)
{
	u64 ids = bpf_get_current_uid_gid();
	u32 at, filename;

	fill_header(&record->header, (void *)bpf_get_current_task());
	record->uid = ids;
	record->gid = ids >> 32;
	record->cgroup_id = bpf_get_current_cgroup_id();
	record->error = error;
	filename = append_failed_filename(record, call->filename);
	at = append_failed_argv(record, call->argv, filename);
	if (at > FAILED_PAYLOAD_BYTES)
		return 0;
	record->argv_length = at - filename;
	return offsetof(struct failed_exec_record, payload) + at;
}

/* Brings a string's first bytes, and the page behind them, into memory: a read that fails is one that
 * fails again. */
static __always_inline void touch(const char *text, u32 bytes)
{
	char byte;

	bpf_copy_from_user(&byte, sizeof(byte), text);
	bpf_copy_from_user(&byte, sizeof(byte), text + bytes - 1);
}

/*
 * A call that seccomp denied was never looked at by the kernel, and what it names may not be in memory
 * yet: constants of a program that has used none of their page. This runs in the task's own context
 * before it returns to user space, where pages can be brought in. Then everything is as usual, with
 * preemption off as in the tracepoints.
 */
static int report_late_call(struct bpf_map *map, void *key, void *value)
{
	struct late_call *late = value;
	struct failed_call call = { .filename = (void *)late->filename, .argv = (void *)late->argv };
	u32 error = late->error;
	struct failed_exec_record *record;
	struct event_counters *counters;

	touch(call.filename, FILENAME_MAX_BYTES);
	for (u32 i = 0; i < FAILED_ARGUMENTS_MAX; i++) {
		const char *argument = NULL;

		if (bpf_copy_from_user(&argument, sizeof(argument), call.argv + i) || !argument)
			break;
		touch(argument, FAILED_ARGUMENT_BYTES);
	}
	bpf_preempt_disable();
	counters = ONLY(event_counters);
	record = ONLY(failed_exec_scratch);
	if (counters && record) {
		u32 size = fill_failed(record, &call, error);

		if (size && size <= sizeof(*record))
			submit(record, size, &record->header, counters, RECORD_FAILED_EXEC);
	}
	bpf_preempt_enable();
	bpf_map_delete_elem(&late_calls, key);
	return 0;
}

/* Whether the call will be reported from the task's context: Linux 6.18. */
static __always_inline bool report_later(struct failed_call *call, u32 error)
{
	struct late_call fresh = { .filename = (u64)call->filename, .argv = (u64)call->argv, .error = error };
	u64 id = bpf_get_current_pid_tgid();
	struct late_call *late;

	if (!bpf_task_work_schedule_resume_impl || !bpf_preempt_disable || !bpf_preempt_enable)
		return false;
	if (bpf_map_update_elem(&late_calls, &id, &fresh, BPF_NOEXIST))
		return false;
	late = bpf_map_lookup_elem(&late_calls, &id);
	if (!late)
		return false;
	if (!bpf_task_work_schedule_resume_impl(bpf_get_current_task_btf(), &late->work, &late_calls,
						report_late_call, NULL))
		return true;
	bpf_map_delete_elem(&late_calls, &id);
	return false;
}

static __always_inline void on_syscall_exit(struct pt_regs *regs, long result, bool can_wait)
{
	struct filter_settings *settings;
	struct event_counters *counters;
	struct failed_exec_record *record;
	struct failed_call call;
	u32 size, tgid;

	if (result >= 0 || result < -ERRNO_MAX || restarts(result) || !failed_call_of(regs, &call))
		return;
	settings = ONLY(filter_settings);
	counters = ONLY(event_counters);
	record = ONLY(failed_exec_scratch);
	tgid = bpf_get_current_pid_tgid() >> 32;
	if (!settings || !counters || !record)
		return;
	if (!wanted(settings, counters, RECORD_FAILED_EXEC, tgid))
		return;
	/* Not limit_start(): no process begins here whose end would have to be held back too. */
	if (settings->limit_interval_ns && !within_limit(settings, RECORD_FAILED_EXEC)) {
		counters->rate_limited[RECORD_FAILED_EXEC]++;
		return;
	}
	size = fill_failed(record, &call, -result);
	if (can_wait && (record->header.flags & (RECORD_FILENAME_UNREADABLE | RECORD_ARGV_UNREADABLE)) &&
	    report_later(&call, -result))
		return;
	if (size && size <= sizeof(*record))
		submit(record, size, &record->header, counters, RECORD_FAILED_EXEC);
}

#endif
