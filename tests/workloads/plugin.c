/*
 * The library of plugin_host: burn(MILLISECONDS) burns that CPU time in FUNCTION. Built several times
 * with other names, and alike in everything else.
 */
#include "cpu_ms.h"

static volatile unsigned long sink;

__attribute__((noinline, noclone)) void FUNCTION(double until)
{
	while (cpu_ms() < until)
		for (unsigned long i = 0; i < 20000; i++)
			sink += i ^ sink;
}

void burn(double milliseconds)
{
	FUNCTION(cpu_ms() + milliseconds);
	sink++;
}
