/*
 * call_tree MILLISECONDS [unlink] [code=N]
 * Burns CPU time in a call tree with known shares: main > work > sixty (60 %), twenty_five (25 %),
 * fifteen (15 %), by calls of one length in a random order. In a fixed order they would come back after
 * a fixed time, and where that is a whole part of the time between two samples, every sample would hit
 * the same function. `unlink` removes its own file first. Prints at the end the milliseconds of CPU that
 * it used since main began, and ends with code N (0).
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cpu_ms.h"

static volatile unsigned long sink;

static inline __attribute__((always_inline)) void unit(void)
{
	for (unsigned long i = 0; i < 2000; i++)
		sink += i ^ sink;
}

/* The same code at the same place of a cache line: else a processor may take a third longer for one. */
#define BURNER(name)                                            \
	__attribute__((noinline, noclone, aligned(64))) void name(void) \
	{                                                       \
		for (int i = 0; i < 10; i++)                    \
			unit();                                 \
		/* Else they are one function of three names. */\
		__asm__ volatile("# " #name);                   \
	}

BURNER(sixty)
BURNER(twenty_five)
BURNER(fifteen)

/* Marsaglia, Xorshift RNGs, 2003: below 100. */
static unsigned int percentile(void)
{
	static unsigned int state = 2463534242U;

	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % 100;
}

__attribute__((noinline, noclone)) void work(void)
{
	for (int call = 0; call < 10; call++) {
		unsigned int drawn = percentile();

		if (drawn < 60)
			sixty();
		else if (drawn < 85)
			twenty_five();
		else
			fifteen();
	}
	/* Keeps the last call from becoming a jump. */
	__asm__ volatile("" ::: "memory");
}

int main(int argc, char **argv)
{
	double start = cpu_ms(), wanted = argc > 1 ? atof(argv[1]) : 0;
	int code = 0;

	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "unlink") == 0 && unlink(argv[0]))
			return 2;
		if (strncmp(argv[i], "code=", 5) == 0)
			code = atoi(argv[i] + 5);
	}
	while (cpu_ms() - start < wanted)
		work();
	printf("%.3f\n", cpu_ms() - start);
	return code;
}
