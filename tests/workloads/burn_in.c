/*
 * burn_in MILLISECONDS
 * Burns that CPU time in the function FUNCTION, after which the process is named too. Built several
 * times with other names: the programs differ in nothing else, not even in their build-id.
 */
#include <stdlib.h>
#include <sys/prctl.h>

#include "cpu_ms.h"

#ifndef FUNCTION
#define FUNCTION burn
#endif
#define TEXT_OF(name) #name
#define TEXT(name) TEXT_OF(name)

static volatile unsigned long sink;

__attribute__((noinline, noclone)) void FUNCTION(double until)
{
	while (cpu_ms() < until)
		for (unsigned long i = 0; i < 20000; i++)
			sink += i ^ sink;
}

int main(int argc, char **argv)
{
	prctl(PR_SET_NAME, TEXT(FUNCTION));
	FUNCTION(cpu_ms() + (argc > 1 ? atof(argv[1]) : 100));
	return 0;
}
