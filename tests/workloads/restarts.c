/*
 * restarts CGROUP LEVELS TIMES PROGRAM [ARG]...
 *
 * As a service manager does at every restart: removes a cgroup and the LEVELS - 1 above it, makes them
 * again, and at once runs the program in it, with the number of the round as its last argument.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void remove_levels(char *path, int levels)
{
	for (int i = 0; i < levels; i++) {
		/* Whoever was in it may not have left yet. */
		while (rmdir(path) && errno == EBUSY)
			usleep(1000);
		dirname(path);
	}
}

static void make_levels(const char *path, int levels)
{
	char above[4096];

	snprintf(above, sizeof(above), "%s", path);
	if (levels > 1)
		make_levels(dirname(above), levels - 1);
	if (mkdir(path, 0755))
		err(1, "mkdir %s", path);
}

int main(int argc, char **argv)
{
	int levels, times;
	char path[4096], procs[4096], number[16];
	char **command = calloc(argc, sizeof(*command));

	if (argc < 5)
		errx(2, "usage: restarts CGROUP LEVELS TIMES PROGRAM [ARG]...");
	levels = atoi(argv[2]);
	times = atoi(argv[3]);
	memcpy(command, argv + 4, (argc - 4) * sizeof(*command));
	command[argc - 4] = number;
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", argv[1]);
	for (int i = 0; i < times; i++) {
		snprintf(path, sizeof(path), "%s", argv[1]);
		remove_levels(path, levels);
		make_levels(argv[1], levels);
		snprintf(number, sizeof(number), "%d", i);
		pid_t pid = fork();
		if (pid == 0) {
			int fd = open(procs, O_WRONLY);

			if (fd < 0 || write(fd, "0", 1) != 1)
				err(1, "%s", procs);
			close(fd);
			execv(command[0], command);
			err(1, "%s", command[0]);
		}
		waitpid(pid, NULL, 0);
	}
	return 0;
}
