/*
 * swap ROUNDS OTHER
 * Burns 4 ms of CPU in the function FUNCTION, then executes OTHER with ROUNDS - 1 and itself as
 * OTHER. Built twice, static and not position-independent, with another FUNCTION each time: both
 * programs then have their function at the same address, in the same process.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cpu_ms.h"

#ifndef FUNCTION
#define FUNCTION burn
#endif

static volatile unsigned long sink;

__attribute__((noinline, noclone)) void FUNCTION(void)
{
	double start = cpu_ms();

	while (cpu_ms() - start < 4)
		for (unsigned long i = 0; i < 20000; i++)
			sink += i ^ sink;
}

int main(int argc, char **argv)
{
	int rounds = argc > 2 ? atoi(argv[1]) : 0;
	char text[16];

	FUNCTION();
	if (rounds <= 0)
		return 0;
	snprintf(text, sizeof(text), "%d", rounds - 1);
	execl(argv[2], argv[2], text, argv[0], (char *)NULL);
	return 1;
}
