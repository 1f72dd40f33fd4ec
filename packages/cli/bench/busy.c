/* busy UNITS: a fixed amount of work, some 2 ms a unit, eight functions deep. */
#include <stdlib.h>

static volatile unsigned long sink;

#define CALLER(name, callee)                                      \
	__attribute__((noinline, noclone)) void name(void)        \
	{                                                         \
		callee();                                         \
		__asm__ volatile("" ::: "memory");                \
	}

__attribute__((noinline, noclone)) void burn(void)
{
	for (unsigned long i = 0; i < 1000000; i++)
		sink += i;
}

CALLER(six, burn)
CALLER(five, six)
CALLER(four, five)
CALLER(three, four)
CALLER(two, three)
CALLER(one, two)

int main(int argc, char **argv)
{
	for (long units = argc > 1 ? atol(argv[1]) : 0; units > 0; units--)
		one();
	return 0;
}
