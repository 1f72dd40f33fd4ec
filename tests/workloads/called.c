/*
 * Functions that are called so and so often, with known arguments, in known times.
 *
 *   called N            `work` N times: 60 of 100 from `often`, 40 from `seldom`; no frame pointers needed
 *   called bytes N      `allocate(bytes)` from two callers: 100 bytes N times, 1000 bytes N times
 *   called sleep N MS   `nap` N times, MS milliseconds each; prints the nanoseconds inside as it measured them
 *   called deep N       `descend(N)`, which calls itself N times, with 1 ms in each
 *   called negative N   `answer` N times, which returns -1 and 5 in turn
 *   called lengths N    `lengths`, which asks strlen() of the C library N times
 *   called jump N       `leap` N times, which never returns (longjmp), and `land` N times from `often`
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NOINLINE __attribute__((noinline, noclone))

static volatile long sum;

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

NOINLINE long work(long a, long b)
{
	sum += a;
	return a + b;
}

NOINLINE void often(long n)
{
	for (long i = 0; i < n; i++)
		sum += work(i, 1);
}

NOINLINE void seldom(long n)
{
	for (long i = 0; i < n; i++)
		sum += work(i, 2);
	sum++;
}

NOINLINE void *allocate(size_t bytes)
{
	sum += bytes;
	return (void *)&sum;
}

NOINLINE void small_ones(long n)
{
	for (long i = 0; i < n; i++)
		if (!allocate(100))
			abort();
}

NOINLINE void large_ones(long n)
{
	for (long i = 0; i < n; i++)
		if (!allocate(1000))
			abort();
	sum++;
}

NOINLINE void nap(long ms)
{
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&time, NULL);
	sum++;
}

NOINLINE long descend(long n)
{
	struct timespec time = { .tv_nsec = 1000000 };
	long below;

	nanosleep(&time, NULL);
	below = n > 0 ? descend(n - 1) : 0;
	sum++;
	return below + 1;
}

NOINLINE int answer(long i)
{
	sum += i;
	return i % 2 ? 5 : -1;
}

NOINLINE void lengths(long n)
{
	size_t (*volatile length)(const char *) = strlen;

	for (long i = 0; i < n; i++)
		sum += length("a text");
	sum++;
}

static jmp_buf place;

NOINLINE void leap(long i)
{
	sum += i;
	longjmp(place, 1);
}

NOINLINE void land(long i)
{
	sum += i;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "100";
	/* Not in a register, which longjmp() would leave as it was. */
	static long n;

	n = argc > 2 ? atol(argv[2]) : 100;
	if (!strcmp(what, "bytes")) {
		small_ones(n);
		large_ones(n);
	} else if (!strcmp(what, "sleep")) {
		int64_t inside = 0;

		for (long i = 0; i < n; i++) {
			int64_t before = now_ns();

			nap(argc > 3 ? atol(argv[3]) : 1);
			inside += now_ns() - before;
		}
		printf("%lld\n", (long long)inside);
	} else if (!strcmp(what, "deep")) {
		int64_t before = now_ns();

		descend(n);
		printf("%lld\n", (long long)(now_ns() - before));
	} else if (!strcmp(what, "negative")) {
		for (long i = 0; i < n; i++)
			sum += answer(i);
	} else if (!strcmp(what, "lengths")) {
		lengths(n);
	} else if (!strcmp(what, "jump")) {
		static long i;

		for (i = 0; i < n; i++) {
			if (!setjmp(place))
				leap(i);
			land(i);
		}
	} else {
		n = atol(what);
		often(n / 10 * 6);
		seldom(n - n / 10 * 6);
	}
	return 0;
}
