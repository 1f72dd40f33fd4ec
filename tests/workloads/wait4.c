/*
 * Runs a command so many times, one after the other, and says what the kernel tells its parent of each: by
 * wait4(2), and of storage by /proc/PID/io while it is a zombie.
 *
 *   wait4 TIMES [--number] [--vfork] COMMAND [ARG...]
 *
 * --number appends the number of the run to the arguments; --vfork starts it as posix_spawn does, with 64 MiB
 * of the parent's own. Prints "PID USER_US SYSTEM_US MAXRSS_KB MAJOR VOLUNTARY INVOLUNTARY READ WRITTEN" for
 * each, times without those of its children.
 */
#define _GNU_SOURCE
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* What /proc/PID/stat has at a place, counted from 1 as in proc_pid_stat(5), behind the name. */
static long long stat_field(pid_t pid, int wanted)
{
	char path[64], text[4096], *at;
	FILE *file;
	int field = 3;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (!file)
		return -1;
	text[fread(text, 1, sizeof(text) - 1, file)] = 0;
	fclose(file);
	for (at = strrchr(text, ')') + 2; field < wanted; field++)
		at = strchr(at, ' ') + 1;
	return atoll(at);
}

static long long io_field(pid_t pid, const char *name)
{
	char path[64], key[64];
	long long value, found = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/io", pid);
	file = fopen(path, "r");
	if (!file)
		return -1;
	while (fscanf(file, " %63[^:]: %lld", key, &value) == 2)
		if (strcmp(key, name) == 0)
			found = value;
	fclose(file);
	return found;
}

int main(int argc, char **argv)
{
	int times = atoi(argv[1]), first = 2, numbered = 0, vforks = 0;

	for (; first < argc && strncmp(argv[first], "--", 2) == 0; first++) {
		numbered |= strcmp(argv[first], "--number") == 0;
		vforks |= strcmp(argv[first], "--vfork") == 0;
	}
	if (vforks)
		memset(malloc(64 << 20), 1, 64 << 20);
	for (int run = 0; run < times; run++) {
		char number[16], *args[16] = {};
		long long read, written, ticks = 1000000 / sysconf(_SC_CLK_TCK);
		long long child_user, child_system;
		struct rusage used;
		siginfo_t ended;
		int count = 0;
		pid_t pid;

		for (int i = first; i < argc && count < 14; i++)
			args[count++] = argv[i];
		snprintf(number, sizeof(number), "%d", run);
		if (numbered)
			args[count++] = number;
		if (vforks) {
			if (posix_spawn(&pid, args[0], NULL, NULL, args, environ) != 0)
				return 1;
		} else {
			pid = fork();
			if (pid == 0) {
				execv(args[0], args);
				_exit(127);
			}
		}
		waitid(P_PID, pid, &ended, WEXITED | WNOWAIT);
		read = io_field(pid, "read_bytes");
		written = io_field(pid, "write_bytes");
		child_user = stat_field(pid, 16) * ticks;
		child_system = stat_field(pid, 17) * ticks;
		wait4(pid, NULL, 0, &used);
		printf("%d %lld %lld %ld %ld %ld %ld %lld %lld\n", pid,
		       used.ru_utime.tv_sec * 1000000LL + used.ru_utime.tv_usec - child_user,
		       used.ru_stime.tv_sec * 1000000LL + used.ru_stime.tv_usec - child_system,
		       used.ru_maxrss, used.ru_majflt, used.ru_nvcsw, used.ru_nivcsw, read, written);
	}
	return 0;
}
