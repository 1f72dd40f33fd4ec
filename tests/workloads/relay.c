/*
 * relay PER_SECOND SECONDS ARGUMENT PROGRAM...
 * Starts the programs in turn, each with ARGUMENT, so many a second for so long, whether those
 * before have ended or not. Prints how many it started when all have ended.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static double now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec + at.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	double begin = now(), rate, seconds;
	long started = 0;

	if (argc < 5)
		return 2;
	rate = atof(argv[1]);
	seconds = atof(argv[2]);
	while (now() - begin < seconds) {
		char *program = argv[4 + started % (argc - 4)];
		char *words[] = { program, argv[3], NULL };
		struct timespec pause = { .tv_nsec = 500000 };

		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (started >= (now() - begin) * rate) {
			nanosleep(&pause, NULL);
			continue;
		}
		if (posix_spawn(&(pid_t){ 0 }, program, NULL, NULL, words, environ))
			return 1;
		started++;
	}
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	printf("%ld\n", started);
	return 0;
}
