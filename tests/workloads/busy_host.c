/*
 * busy_host PROGRAM FOLDER SECONDS PROCESSES NEW [MILLISECONDS]
 * A host under builds: so many processes a second, and so many new files a second that are executed
 * once, for 20 or so many milliseconds, and deleted later, each a copy of PROGRAM with other bytes at its end.
 * Prints how many there were.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

#define KEPT 200

static const char *milliseconds = "20";

static void execute(const char *path)
{
	pid_t child = fork();

	if (!child) {
		execl(path, path, milliseconds, NULL);
		_exit(127);
	}
	waitpid(child, NULL, 0);
}

static void execute_new(const char *program, const char *folder, unsigned long number)
{
	char path[4096];
	struct stat stat;
	off_t offset = 0;
	int from = open(program, O_RDONLY), to;

	snprintf(path, sizeof(path), "%s/new-%lu", folder, number);
	to = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	if (from < 0 || to < 0 || fstat(from, &stat))
		exit(1);
	while (offset < stat.st_size && sendfile(to, from, &offset, stat.st_size - offset) > 0)
		;
	if (write(to, &number, sizeof(number)) != sizeof(number))
		exit(1);
	close(from);
	close(to);
	execute(path);
	/* A program is over before anybody could look at it; its file stays for a while. */
	if (number >= KEPT) {
		snprintf(path, sizeof(path), "%s/new-%lu", folder, number - KEPT);
		unlink(path);
	}
}

int main(int argc, char **argv)
{
	unsigned long processes = 0, files = 0;
	double start = now(), passed;

	if (argc < 6)
		return 2;
	if (argc > 6)
		milliseconds = argv[6];
	while ((passed = now() - start) < atof(argv[3])) {
		if (files < passed * atof(argv[5])) {
			execute_new(argv[1], argv[2], files++);
			processes++;
		} else if (processes < passed * atof(argv[4])) {
			execute("/bin/true");
			processes++;
		} else {
			usleep(1000);
		}
	}
	printf("%lu processes, %lu new files\n", processes, files);
	return 0;
}
