/*
 * storm COUNT FIRST_ID PROGRAM [orphans|cpu=N|rate=N]
 * Runs PROGRAM COUNT times, one after the other, as fast as it can or at that many a second, with
 * --id=FIRST_ID, --id=FIRST_ID+1, ... `cpu=N` keeps the storm on one CPU. With `orphans` each is started by a
 * child that ends at once, so that it runs without the parent that started it.
 * Ends with 0 when every program has ended; prints nothing.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void run(const char *program, int id)
{
	char argument[32];

	snprintf(argument, sizeof(argument), "--id=%d", id);
	execl(program, program, argument, (char *)NULL);
	_exit(127);
}

static pid_t start(const char *program, int id)
{
	pid_t child = vfork();

	if (child == 0)
		run(program, id);
	return child;
}

static pid_t start_orphan(const char *program, int id)
{
	pid_t child = fork();

	if (child == 0) {
		if (fork())
			_exit(0);
		run(program, id);
	}
	return child;
}

/* Late ones are made up for: the rate is that of all of them. */
static void wait_for_turn(const struct timespec *began, int turn, int rate)
{
	long long ns = began->tv_nsec + turn * (1000000000LL / rate);
	struct timespec at = {began->tv_sec + ns / 1000000000, ns % 1000000000};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

int main(int argc, char **argv)
{
	int count, first, rate = 0, orphans = 0, ends[2];
	struct timespec began;
	char byte;

	if (argc < 4)
		return 2;
	count = atoi(argv[1]);
	first = atoi(argv[2]);
	for (int i = 4; i < argc; i++) {
		if (strcmp(argv[i], "orphans") == 0)
			orphans = 1;
		if (strncmp(argv[i], "rate=", 5) == 0)
			rate = atoi(argv[i] + 5);
		if (strncmp(argv[i], "cpu=", 4) == 0) {
			cpu_set_t set;

			CPU_ZERO(&set);
			CPU_SET(atoi(argv[i] + 4), &set);
			sched_setaffinity(0, sizeof(set), &set);
		}
	}
	/* Every orphan holds the writing end until it has ended. */
	if (pipe(ends))
		return 1;
	clock_gettime(CLOCK_MONOTONIC, &began);
	for (int i = 0; i < count; i++) {
		pid_t child;

		if (rate)
			wait_for_turn(&began, i, rate);
		child = orphans ? start_orphan(argv[3], first + i) : start(argv[3], first + i);

		if (child < 0 || waitpid(child, NULL, 0) != child)
			return 1;
	}
	close(ends[1]);
	return read(ends[0], &byte, 1) != 0;
}
