/*
 * refuses NUMBER[,NUMBER...] COMMAND [ARG...]
 * Runs a command under a filter of seccomp(2) that answers these system calls with EPERM, as the filters of
 * container runtimes do.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#define MAX_CALLS 64

int main(int argc, char **argv)
{
	struct sock_filter filter[2 + 2 * MAX_CALLS];
	struct sock_fprog program = { 0, filter };
	char *number;

	if (argc < 3)
		return 2;
	filter[program.len++] =
		(struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	number = argv[1];
	for (int calls = 0; *number && calls < MAX_CALLS; calls++) {
		unsigned int call = strtoul(number, &number, 10);

		filter[program.len++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1);
		filter[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
		if (*number == ',')
			number++;
	}
	filter[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return 3;
	execvp(argv[2], argv + 2);
	return 127;
}
