/*
 * named_threads HEAVY_MS LIGHT_MS
 * Two threads, called `heavy` and `light`, burn that much CPU time each in the same function; the first
 * thread waits for them. Prints the pid and the tid of either.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct work {
	const char *name;
	double milliseconds;
	pid_t tid;
};

static pthread_barrier_t named;

static double cpu_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

__attribute__((noinline, noclone)) void burn(double milliseconds)
{
	volatile unsigned long sink = 0;

	while (cpu_ms() < milliseconds)
		for (unsigned long i = 0; i < 100000; i++)
			sink += i ^ sink;
}

static void *run(void *argument)
{
	struct work *work = argument;

	pthread_setname_np(pthread_self(), work->name);
	work->tid = gettid();
	pthread_barrier_wait(&named);
	burn(work->milliseconds);
	return NULL;
}

int main(int argc, char **argv)
{
	struct work work[] = {
		{ .name = "heavy", .milliseconds = argc > 1 ? atof(argv[1]) : 0 },
		{ .name = "light", .milliseconds = argc > 2 ? atof(argv[2]) : 0 },
	};
	pthread_t threads[2];

	pthread_barrier_init(&named, NULL, 3);
	for (int i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, run, &work[i]))
			return 1;
	pthread_barrier_wait(&named);
	printf("%d %d %d\n", getpid(), work[0].tid, work[1].tid);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
