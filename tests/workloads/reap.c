/*
 * reap COUNT COMMAND [ARG...]
 * Runs COMMAND COUNT times, one after the other, and prints for each `PID STATUS`, where STATUS is
 * the number that wait(2) gave: what every tracer's exit code has to agree with. `@` in an ARG
 * becomes the number of the run, from 0.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int count = argc > 2 ? atoi(argv[1]) : 0;

	for (int run = 0; run < count; run++) {
		pid_t child = fork();
		int status;

		if (child == 0) {
			for (int i = 3; i < argc; i++) {
				char *at = strchr(argv[i], '@');
				char text[256];

				if (!at)
					continue;
				snprintf(text, sizeof(text), "%.*s%d%s", (int)(at - argv[i]), argv[i], run,
					 at + 1);
				argv[i] = strdup(text);
			}
			execv(argv[2], argv + 2);
			_exit(127);
		}
		if (child < 0 || waitpid(child, &status, 0) != child)
			return 1;
		printf("%d %d\n", child, status);
		fflush(stdout);
	}
	return 0;
}
