/*
 * inlined MILLISECONDS
 * Burns CPU time in main > caller > middle, which the compiler puts into caller: 40 % in middle's own
 * loop, and 60 % in callee, which middle calls. Both burn in unit, which is inlined as well. Tests
 * find the lines by the words LINE_OF_....
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <time.h>

static volatile unsigned long sink;

static inline __attribute__((always_inline)) void unit(void)
{
	unsigned long i = 0;

	/* In one line: else how many samples the loop's own line has is up to the CPU. */
	do { sink += i ^ sink; } while (++i < 2000); /* LINE_OF_UNIT */
}

__attribute__((noinline, noclone)) void callee(void)
{
	for (int i = 0; i < 60; i++)
		unit(); /* LINE_OF_UNIT_IN_CALLEE */
	__asm__ volatile("" ::: "memory");
}

static inline __attribute__((always_inline)) void middle(void)
{
	for (int i = 0; i < 40; i++)
		unit(); /* LINE_OF_UNIT_IN_MIDDLE */
	callee(); /* LINE_OF_CALLEE */
	__asm__ volatile("" ::: "memory");
}

__attribute__((noinline, noclone)) void caller(void)
{
	__asm__ volatile("" ::: "memory");
	middle(); /* LINE_OF_MIDDLE */
	__asm__ volatile("" ::: "memory");
}

static double cpu_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	double wanted = argc > 1 ? atof(argv[1]) : 0, start = cpu_ms();

	while (cpu_ms() - start < wanted)
		caller(); /* LINE_OF_CALLER */
	return 0;
}
