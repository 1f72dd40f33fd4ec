/*
 * exec_fails HOW [PATH]
 * Makes one execve or execveat that fails, in the way HOW, and exits with its errno:
 *   plain      PATH with the arguments "name", "", "two words"
 *   at         execveat(the working directory, PATH) with the argument "name"
 *   check      asks whether PATH could be executed (AT_EXECVE_CHECK), which executes nothing
 *   denied     /bin/true with the arguments "true" and "one", constants that nobody has read before,
 *              where seccomp denies execve
 *   no-argv    PATH with a NULL instead of arguments
 *   bad-path   a path at an address where nothing is mapped
 *   bad-arg    PATH with the arguments "name" and one where nothing is mapped
 *   many       PATH with 33 arguments, "0" to "32"
 *   full       PATH with 32 arguments, "0" to "31"
 *   long       PATH with an argument of 255 bytes and one of 256
 *   fits       PATH with an argument of 255 bytes
 *   storm      PATH, 1,000 times
 *   other      no exec at all: other system calls that fail, one of them 32-bit's number 59, where
 *              the kernel has such calls (a signal ends the process where it has not)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Not a constant, or the compiler knows better. */
static char *volatile nowhere = (char *)8;

static int numbered(const char *path, int count)
{
	static char text[40][12];
	char *argv[41] = { 0 };

	for (int i = 0; i < count; i++) {
		snprintf(text[i], sizeof(text[i]), "%d", i);
		argv[i] = text[i];
	}
	return execve(path, argv, NULL);
}

static int sized(const char *path, int first, int second)
{
	static char a[300], b[300];
	char *argv[] = { memset(a, 'a', first), second ? memset(b, 'b', second) : NULL, NULL };

	return execve(path, argv, NULL);
}

/* Pages of their own, which only a fault brings in. */
static const char path_of_denied[8192] __attribute__((aligned(4096))) = "/bin/true";
static const char first_of_denied[8192] __attribute__((aligned(4096))) = "true";
static const char second_of_denied[8192] __attribute__((aligned(4096))) = "one";

static int denied(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execve, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(*filter), filter };
	char *argv[] = { (char *)first_of_denied, (char *)second_of_denied, NULL };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
	/* Whatever a fault nearby has brought in. */
	madvise((void *)path_of_denied, sizeof(path_of_denied), MADV_DONTNEED);
	madvise((void *)first_of_denied, sizeof(first_of_denied), MADV_DONTNEED);
	madvise((void *)second_of_denied, sizeof(second_of_denied), MADV_DONTNEED);
	return execve(path_of_denied, argv, NULL);
}

static void other_calls(void)
{
	/* The number of native execve: another call by the 32-bit ABI. */
	long result = 59;

	open("/nonexistent", O_RDONLY);
	close(-1);
#ifdef __x86_64__
	asm volatile("int $0x80" : "+a"(result) : "b"(8L), "c"(8L), "d"(8L) : "memory", "r8", "r9", "r10", "r11");
#endif
	(void)result;
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "", *path = argc > 2 ? argv[2] : "";
	char *plain[] = { "name", "", "two words", NULL };
	char *name[] = { "name", NULL };
	char *bad[] = { "name", nowhere, NULL };
	long result = 0;

	if (!strcmp(how, "plain"))
		result = execve(path, plain, NULL);
	else if (!strcmp(how, "at"))
		result = syscall(SYS_execveat, AT_FDCWD, path, name, NULL, 0);
	else if (!strcmp(how, "check"))
		result = syscall(SYS_execveat, AT_FDCWD, path, name, NULL, 0x10000);
	else if (!strcmp(how, "denied"))
		result = denied();
	else if (!strcmp(how, "no-argv"))
		result = syscall(SYS_execve, path, NULL, NULL);
	else if (!strcmp(how, "bad-path"))
		result = execve(nowhere, name, NULL);
	else if (!strcmp(how, "bad-arg"))
		result = execve(path, bad, NULL);
	else if (!strcmp(how, "many"))
		result = numbered(path, 33);
	else if (!strcmp(how, "full"))
		result = numbered(path, 32);
	else if (!strcmp(how, "long"))
		result = sized(path, 255, 256);
	else if (!strcmp(how, "fits"))
		result = sized(path, 255, 0);
	else if (!strcmp(how, "storm"))
		for (int i = 0; i < 1000; i++)
			result = execve(path, name, NULL);
	else if (!strcmp(how, "other"))
		other_calls();
	return result ? errno : 0;
}
