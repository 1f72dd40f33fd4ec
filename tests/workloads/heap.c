/*
 * Memory that is kept, in known amounts by known functions.
 *
 *   heap keep N         keeps N blocks of each: 100 bytes (malloc), 10 of 30 bytes (calloc), 5000 that 10 have
 *                       grown to (realloc), 256 (posix_memalign); and lets go of N of 70
 *   heap threads N      N blocks of 100 bytes by each of 8 threads, which another thread frees but for every tenth
 *   heap steps MS       2,000,000 bytes; after MS milliseconds 4,000,000 more; after MS the first are freed; MS
 *   heap asked N        2,000,000 bytes, and N times 4,000,000 more for each line on stdin
 *   heap pool N         N objects of 40 bytes of a pool of its own, every other one given back
 *   heap fails N        asks N times for more than there is, and grows a block of 100 bytes that stays
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone))
#define KEEP_CALL asm volatile("" ::: "memory")

static void *volatile last;

NOINLINE static void keep_small(long n)
{
	for (long i = 0; i < n; i++)
		last = malloc(100);
	KEEP_CALL;
}

NOINLINE static void keep_zeroed(long n)
{
	for (long i = 0; i < n; i++)
		last = calloc(10, 30);
	KEEP_CALL;
}

NOINLINE static void keep_grown(long n)
{
	for (long i = 0; i < n; i++)
		last = realloc(malloc(10), 5000);
	KEEP_CALL;
}

NOINLINE static void keep_aligned(long n)
{
	void *block;

	for (long i = 0; i < n; i++)
		if (!posix_memalign(&block, 64, 256))
			last = block;
	KEEP_CALL;
}

NOINLINE static void let_go(long n)
{
	for (long i = 0; i < n; i++) {
		last = malloc(70);
		free(last);
	}
	KEEP_CALL;
}

#define THREADS 8

static long per_thread;

NOINLINE static void *fill(void *argument)
{
	void **blocks = argument;

	for (long i = 0; i < per_thread; i++)
		blocks[i] = malloc(100);
	KEEP_CALL;
	return NULL;
}

NOINLINE static void by_threads(long n)
{
	static void **blocks[THREADS];
	pthread_t threads[THREADS];

	per_thread = n;
	for (int i = 0; i < THREADS; i++) {
		blocks[i] = calloc(n, sizeof(void *));
		pthread_create(&threads[i], NULL, fill, blocks[i]);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		for (long k = 0; k < n; k++)
			if (k % 10)
				free(blocks[i][k]);
		free(blocks[i]);
	}
	KEEP_CALL;
}

NOINLINE static void *first_step(void)
{
	void *block = malloc(2000000);

	KEEP_CALL;
	return block;
}

NOINLINE static void *second_step(void)
{
	void *block = malloc(4000000);

	KEEP_CALL;
	return block;
}

static char pool[4096 * 1024];
static size_t used;

NOINLINE void *pool_get(int kind, size_t size)
{
	void *object = pool + used;

	used += size + kind - kind;
	return object;
}

NOINLINE void pool_put(void *object)
{
	last = object;
}

NOINLINE static void by_pool(long n)
{
	for (long i = 0; i < n; i++) {
		void *object = pool_get(3, 40);

		if (i % 2)
			pool_put(object);
	}
	KEEP_CALL;
}

NOINLINE static void fail(long n)
{
	void *block = malloc(100);

	for (long i = 0; i < n; i++) {
		volatile size_t all = PTRDIFF_MAX;

		last = malloc(all);
		if (realloc(block, all))
			abort();
	}
	last = block;
	KEEP_CALL;
}

int main(int argc, char **argv)
{
	long n = argc == 3 ? atol(argv[2]) : 0;

	if (n <= 0)
		return 2;
	if (!strcmp(argv[1], "keep")) {
		keep_small(n);
		keep_zeroed(n);
		keep_grown(n);
		keep_aligned(n);
		let_go(n);
	} else if (!strcmp(argv[1], "threads")) {
		by_threads(n);
	} else if (!strcmp(argv[1], "steps")) {
		void *first = first_step();

		usleep(1000 * n);
		last = second_step();
		usleep(1000 * n);
		free(first);
		usleep(1000 * n);
	} else if (!strcmp(argv[1], "asked")) {
		char line[16];

		last = first_step();
		puts("ready");
		fflush(stdout);
		for (long i = 0; i < n && fgets(line, sizeof(line), stdin); i++)
			last = second_step();
	} else if (!strcmp(argv[1], "pool")) {
		by_pool(n);
	} else if (!strcmp(argv[1], "fails")) {
		fail(n);
	} else {
		return 2;
	}
	return 0;
}
