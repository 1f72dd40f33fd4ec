/*
 * Starts a program in a child that shares our memory until it execs (as posix_spawn(3) does it), so that what
 * it inherits can be set where it counts: in the child. Its handlers, limits and descriptors are copies, and
 * ours never change.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "waggle.h"

/* For the child: execvpe() has a path and, for a script, the arguments again on it. */
#define STACK_BYTES (256 * 1024)
#define LAST_SIGNAL 64
/* As the kernel has it, first the handler: libc keeps signals to itself that a child has to reset too. */
#define KERNEL_SIGACTION_BYTES 32
#define KERNEL_SIGSET_BYTES 8

/* As packages/ffi/src/process/spawn.ts writes it. */
_Static_assert(sizeof(struct waggle_spawn) == 56 && offsetof(struct waggle_spawn, flags) == 16 &&
		       offsetof(struct waggle_spawn, argument_count) == 24 &&
		       offsetof(struct waggle_spawn, limit_count) == 36 &&
		       offsetof(struct waggle_spawn, group_count) == 48 &&
		       sizeof(struct waggle_soft_limit) == 16,
	       "layouts that TypeScript writes");

struct child {
	const struct waggle_spawn *request;
	const int32_t *descriptors;
	const struct waggle_soft_limit *limits;
	char *const *argv;
	char *const *environment;
	const sigset_t *mask;
	int problem;
};

static void set_signals(const struct waggle_spawn *request)
{
	for (int signal = 1; signal <= LAST_SIGNAL; signal++) {
		uint64_t action[KERNEL_SIGACTION_BYTES / 8] = {
			(uintptr_t)(request->ignored >> (signal - 1) & 1 ? SIG_IGN : SIG_DFL),
		};

		/* SIGKILL and SIGSTOP are refused. */
		syscall(SYS_rt_sigaction, signal, action, NULL, KERNEL_SIGSET_BYTES);
	}
}

static void set_limits(const struct waggle_soft_limit *limits, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct rlimit limit;
		rlim_t soft = limits[i].soft;

		if (getrlimit(limits[i].resource, &limit) || soft > limit.rlim_max)
			continue;
		limit.rlim_cur = soft;
		setrlimit(limits[i].resource, &limit);
	}
}

/* close_range(2) is of Linux 5.9; before it, one by one. */
static void close_from(unsigned int first, unsigned int last)
{
	struct rlimit limit;

#ifdef SYS_close_range
	if (!syscall(SYS_close_range, first, last, 0))
		return;
#endif
	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	for (unsigned int fd = first; fd <= last && fd < limit.rlim_max; fd++)
		close((int)fd);
}

/* The descriptors are in ascending order, and above 2. */
static void pass_only(const int32_t *descriptors, uint32_t count)
{
	unsigned int next = 3;

	for (uint32_t i = 0; i < count; i++) {
		unsigned int passed = (unsigned int)descriptors[i];

		if (passed > next)
			close_from(next, passed - 1);
		fcntl((int)passed, F_SETFD, 0);
		next = passed + 1;
	}
	close_from(next, UINT_MAX);
}

static int set_output(int descriptor)
{
	if (descriptor == WAGGLE_SPAWN_NULL)
		descriptor = open("/dev/null", O_WRONLY);
	if (descriptor < 0)
		return -errno;
	if (descriptor != STDOUT_FILENO && dup2(descriptor, STDOUT_FILENO) < 0)
		return -errno;
	return 0;
}

static int set_terminal(int descriptor)
{
	if (setsid() < 0 || ioctl(descriptor, TIOCSCTTY, 0))
		return -errno;
	for (int standard = STDIN_FILENO; standard <= STDERR_FILENO; standard++)
		if (dup2(descriptor, standard) < 0)
			return -errno;
	return 0;
}

/* System calls of this thread alone: libc's would tell the threads of the process whose memory we have. */
static int set_user(const struct waggle_spawn *request, const int32_t *groups)
{
	if (syscall(SYS_setgroups, (size_t)request->group_count, groups) ||
	    syscall(SYS_setresgid, request->gid, request->gid, request->gid) ||
	    syscall(SYS_setresuid, request->uid, request->uid, request->uid))
		return -errno;
	return 0;
}

static int run(void *argument)
{
	struct child *child = argument;
	const struct waggle_spawn *request = child->request;

	set_signals(request);
	child->problem = request->flags & WAGGLE_SPAWN_TERMINAL ? set_terminal(request->stdout_descriptor)
								: set_output(request->stdout_descriptor);
	if (child->problem)
		_exit(127);
	if (request->flags & WAGGLE_SPAWN_PASS_ONLY)
		pass_only(child->descriptors, request->descriptor_count);
	/* Last of these: the work above may need descriptors. */
	set_limits(child->limits, request->limit_count);
	if (request->flags & WAGGLE_SPAWN_USER)
		child->problem = set_user(request, child->descriptors + request->descriptor_count);
	if (child->problem)
		_exit(127);
	if (request->flags & WAGGLE_SPAWN_STOPPED && ptrace(PTRACE_TRACEME, 0, NULL, NULL)) {
		child->problem = -errno;
		_exit(127);
	}
	if (request->flags & WAGGLE_SPAWN_MASK) {
		uint64_t blocked = request->blocked;

		syscall(SYS_rt_sigprocmask, SIG_SETMASK, &blocked, NULL, KERNEL_SIGSET_BYTES);
	} else {
		sigprocmask(SIG_SETMASK, child->mask, NULL);
	}
	execvpe(child->argv[0], child->argv, child->environment);
	/* glibc tries a file without a known format as a script, musl does not. */
	if (errno == ENOEXEC)
		execve("/bin/sh", child->argv - 1, child->environment);
	child->problem = -errno;
	_exit(127);
}

/* A vector of the strings that lie one after the other, NULL at its end; the first place stays free. */
static char **vector_of(const char *strings, uint32_t count)
{
	char **vector = calloc((size_t)count + 2, sizeof(*vector));

	if (!vector)
		return NULL;
	for (uint32_t i = 1; i <= count; i++) {
		vector[i] = (char *)strings;
		while (*strings++)
			;
	}
	return vector;
}

/* At the first instruction of its program, stopped as by SIGSTOP, and no longer traced. */
static int leave_stopped(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, __WALL) < 0)
		if (errno != EINTR)
			return -errno;
	if (!WIFSTOPPED(status))
		return -ECHILD;
	if (ptrace(PTRACE_DETACH, pid, NULL, (void *)(uintptr_t)SIGSTOP))
		return -errno;
	while (waitpid(pid, &status, __WALL | WUNTRACED) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFSTOPPED(status) ? 0 : -ECHILD;
}

static pid_t start(struct child *child)
{
	size_t size = STACK_BYTES + ((size_t)child->request->argument_count + 16) * sizeof(char *);
	int dumpable = prctl(PR_GET_DUMPABLE);
	sigset_t all, before;
	pid_t pid;
	char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	if (stack == MAP_FAILED)
		return -errno;
	/* No handler of ours may run in the child, which has our memory. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	child->mask = &before;
	pid = clone(run, stack + (size & ~(size_t)15), CLONE_VM | CLONE_VFORK | SIGCHLD, child);
	if (pid < 0)
		pid = -errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	munmap(stack, size);
	/* A child that becomes another user takes it from the memory that it shares with us (commit_creds in
	 * kernel/cred.c). */
	if (child->request->flags & WAGGLE_SPAWN_USER && dumpable == 1)
		prctl(PR_SET_DUMPABLE, 1);
	if (pid > 0 && child->problem) {
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		return child->problem;
	}
	return pid;
}

int waggle_spawn(const struct waggle_spawn *request, const char *arguments, const char *environment,
		 const int32_t *descriptors, const struct waggle_soft_limit *limits)
{
	char shell[] = "/bin/sh";
	char **argv = vector_of(arguments, request->argument_count);
	char **variables = vector_of(environment, request->variable_count);
	int pid = -ENOMEM;

	if (argv && variables) {
		struct child child = {
			.request = request,
			.descriptors = descriptors,
			.limits = limits,
			.argv = argv + 1,
			.environment = variables + 1,
		};

		argv[0] = shell;
		pid = start(&child);
		if (pid > 0 && request->flags & WAGGLE_SPAWN_STOPPED) {
			int problem = leave_stopped(pid);

			if (problem)
				pid = problem;
		}
	}
	free(argv);
	free(variables);
	return pid;
}
