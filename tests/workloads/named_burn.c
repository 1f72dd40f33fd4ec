/*
 * named_burn [MILLISECONDS]
 * Burns 8 (or so many) milliseconds of CPU time in main > NAME, without frame pointers, and ends.
 */
#include <stdlib.h>

#include "cpu_ms.h"

#ifndef NAME
#define NAME burn
#endif

static volatile unsigned long sink;

__attribute__((noinline, noclone)) void NAME(double wanted)
{
	double start = cpu_ms();

	while (cpu_ms() - start < wanted)
		for (unsigned long i = 0; i < 5000; i++)
			sink += i ^ sink;
	sink++;
}

int main(int argc, char **argv)
{
	NAME(argc > 1 ? atof(argv[1]) : 8);
	return 0;
}
