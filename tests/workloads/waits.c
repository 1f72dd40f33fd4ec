/*
 * Threads that wait in known ways: asleep, for a pipe, for a lock, for the disk, and for a CPU that another
 * one spins on. Each says at its end how long it measured itself, and what the scheduler counted of it since its birth:
 * NAME TID WAITED_NS LIFE_NS RUN_NS DELAY_NS, a line each.
 *
 * waits MILLISECONDS FILE: about so long each.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone))
#define KEEP_CALL asm volatile("" ::: "memory")

typedef unsigned long long ns_t;

static ns_t now(clockid_t clock)
{
	struct timespec at;

	clock_gettime(clock, &at);
	return at.tv_sec * 1000000000ULL + at.tv_nsec;
}

static void sleep_ns(ns_t ns)
{
	struct timespec left = { ns / 1000000000, ns % 1000000000 };

	while (nanosleep(&left, &left))
		;
}

static ns_t total_ns;
static const char *file;
static int pipes[2], ticks[2];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

NOINLINE static ns_t wait_asleep(void)
{
	ns_t begun = now(CLOCK_MONOTONIC), end = begun + total_ns;

	while (now(CLOCK_MONOTONIC) < end)
		sleep_ns(20000000);
	return now(CLOCK_MONOTONIC) - begun;
}

/* Naps of a quarter of a millisecond. */
NOINLINE static ns_t wait_napping(void)
{
	ns_t begun = now(CLOCK_MONOTONIC), end = begun + total_ns;

	while (now(CLOCK_MONOTONIC) < end)
		sleep_ns(200000);
	return now(CLOCK_MONOTONIC) - begun;
}

NOINLINE static ns_t wait_for_pipe(void)
{
	ns_t waited = 0, begun;
	char byte;

	for (;;) {
		begun = now(CLOCK_MONOTONIC);
		if (read(pipes[0], &byte, 1) != 1)
			break;
		waited += now(CLOCK_MONOTONIC) - begun;
	}
	return waited;
}

NOINLINE static ns_t wait_for_lock(void)
{
	ns_t waited = 0, begun;
	char byte;

	while (read(ticks[0], &byte, 1) == 1) {
		begun = now(CLOCK_MONOTONIC);
		pthread_mutex_lock(&lock);
		waited += now(CLOCK_MONOTONIC) - begun;
		pthread_mutex_unlock(&lock);
	}
	return waited;
}

NOINLINE static ns_t wait_for_disk(void)
{
	ns_t begun = now(CLOCK_MONOTONIC), end = begun + total_ns;
	int fd = open(file, O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *block = malloc(65536);
	ns_t waited = 0, cpu;

	memset(block, 'x', 65536);
	while (fd >= 0 && (begun = now(CLOCK_MONOTONIC)) < end) {
		if (pwrite(fd, block, 65536, 0) != 65536)
			break;
		begun = now(CLOCK_MONOTONIC);
		cpu = now(CLOCK_THREAD_CPUTIME_ID);
		fsync(fd);
		waited += now(CLOCK_MONOTONIC) - begun - (now(CLOCK_THREAD_CPUTIME_ID) - cpu);
	}
	close(fd);
	unlink(file);
	return waited;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static volatile ns_t count;

/* On a CPU that it shares: what it did not run it waited for. */
NOINLINE static ns_t spin_and_wait(void)
{
	ns_t begun, cpu;

	pin(0);
	begun = now(CLOCK_MONOTONIC);
	cpu = now(CLOCK_THREAD_CPUTIME_ID);
	while (now(CLOCK_MONOTONIC) < begun + total_ns)
		for (int i = 0; i < 10000; i++)
			count++;
	return now(CLOCK_MONOTONIC) - begun - (now(CLOCK_THREAD_CPUTIME_ID) - cpu);
}

struct job {
	const char *name;
	ns_t (*run)(void);
	ns_t born;
	char line[200];
};

NOINLINE static void *run_job(void *argument)
{
	struct job *job = argument;
	ns_t waited, run = 0, delay = 0;
	FILE *stat;

	pthread_setname_np(pthread_self(), job->name);
	waited = job->run();
	KEEP_CALL;
	stat = fopen("/proc/thread-self/schedstat", "r");
	if (!stat || fscanf(stat, "%llu %llu", &run, &delay) != 2)
		run = 0;
	fclose(stat);
	snprintf(job->line, sizeof(job->line), "%s %ld %llu %llu %llu %llu\n", job->name,
		 (long)syscall(SYS_gettid), waited, now(CLOCK_MONOTONIC) - job->born, run, delay);
	return NULL;
}

int main(int argc, char **argv)
{
	struct job jobs[] = {
		{ .name = "asleep", .run = wait_asleep },
		{ .name = "napping", .run = wait_napping },
		{ .name = "pipe", .run = wait_for_pipe },
		{ .name = "lock", .run = wait_for_lock },
		{ .name = "disk", .run = wait_for_disk },
		{ .name = "spin-a", .run = spin_and_wait },
		{ .name = "spin-b", .run = spin_and_wait },
	};
	int many = sizeof(jobs) / sizeof(jobs[0]);
	pthread_t threads[sizeof(jobs) / sizeof(jobs[0])];
	ns_t end;

	if (argc != 3)
		return 2;
	total_ns = atoll(argv[1]) * 1000000ULL;
	file = argv[2];
	if (pipe(pipes) || pipe(ticks))
		return 1;
	for (int i = 0; i < many; i++) {
		jobs[i].born = now(CLOCK_MONOTONIC);
		pthread_create(&threads[i], NULL, run_job, &jobs[i]);
	}
	end = now(CLOCK_MONOTONIC) + total_ns;
	while (now(CLOCK_MONOTONIC) < end) {
		pthread_mutex_lock(&lock);
		if (write(ticks[1], "t", 1) != 1)
			return 1;
		sleep_ns(30000000);
		pthread_mutex_unlock(&lock);
		if (write(pipes[1], "p", 1) != 1)
			return 1;
		sleep_ns(2000000);
	}
	close(pipes[1]);
	close(ticks[1]);
	for (int i = 0; i < many; i++) {
		pthread_join(threads[i], NULL);
		fputs(jobs[i].line, stdout);
	}
	return 0;
}
