/*
 * mixed_load RATE COMMAND...
 * Starts one COMMAND after the other, from the first again after the last, RATE of them a second, until it is ended. A
 * command is split at blanks; a word `%` of it is the number of the start, so that arguments differ. It waits for those
 * that run where there are very many, and makes up for a second that it was late, not for more.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_WORDS = 32, MAX_RUNNING = 100, MAX_LATE_NS = 1000000000 };

static long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void sleep_until(long long ns)
{
	struct timespec at = {ns / 1000000000, ns % 1000000000};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
		;
}

/* Between vfork() and exec the parent's memory is the child's: all of it is made before. */
static int start(char *command, const char *number)
{
	char *words[MAX_WORDS + 1];
	char copy[4096];
	int count = 0;
	pid_t child;

	snprintf(copy, sizeof(copy), "%s", command);
	for (char *word = strtok(copy, " "); word && count < MAX_WORDS; word = strtok(NULL, " "))
		words[count++] = strcmp(word, "%") ? word : (char *)number;
	words[count] = NULL;
	if (!count)
		return 0;
	child = vfork();
	if (child == 0) {
		execvp(words[0], words);
		_exit(127);
	}
	return child > 0;
}

int main(int argc, char **argv)
{
	int rate, running = 0;
	long long turn_ns, at, late;

	if (argc < 3)
		return 2;
	rate = atoi(argv[1]);
	if (rate < 1)
		return 2;
	turn_ns = 1000000000LL / rate;
	at = now_ns();
	for (unsigned long turn = 0;; turn++) {
		char number[24];

		snprintf(number, sizeof(number), "%lu", turn);
		running += start(argv[2 + turn % (argc - 2)], number);
		while (running > 0 && waitpid(-1, NULL, running < MAX_RUNNING ? WNOHANG : 0) > 0)
			running--;
		at += turn_ns;
		late = now_ns() - at;
		if (late > MAX_LATE_NS)
			at += late - MAX_LATE_NS;
		else if (late < 0)
			sleep_until(at);
	}
}
