/* floods names|threads SECONDS: renames itself, or starts threads that end, as often as it can, on every CPU. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void *nothing(void *argument)
{
	return argument;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	int threads = argc > 1 && !strcmp(argv[1], "threads");
	double end = now() + (argc > 2 ? atof(argv[2]) : 1);
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	for (long cpu = 0; cpu < cpus; cpu++) {
		if (fork())
			continue;
		unsigned long count = 0;

		while (now() < end) {
			for (int i = 0; i < 100; i++, count++) {
				pthread_t thread;

				if (!threads)
					prctl(PR_SET_NAME, count & 1 ? "flood" : "doolf");
				else if (!pthread_create(&thread, NULL, nothing, NULL))
					pthread_join(thread, NULL);
			}
		}
		printf("%lu\n", count);
		exit(0);
	}
	while (wait(NULL) > 0)
		;
	return 0;
}
