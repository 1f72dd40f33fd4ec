/*
 * deep MILLISECONDS [DEPTH]
 * Calls descend() DEPTH (100) deep, then burns that much CPU time in bottom(): half of it as a program
 * would, half in a signal handler (on_alarm) that interrupted it there.
 */
#include <signal.h>
#include <stdlib.h>
#include <time.h>

static volatile unsigned long sink;
static long nanoseconds;

static __attribute__((noinline)) void burn(void)
{
	clock_t until = clock() + nanoseconds / 1000 * CLOCKS_PER_SEC / 1000000;

	while (clock() < until)
		for (int i = 0; i < 20000; i++)
			sink += i ^ sink;
}

static void on_alarm(int signal)
{
	(void)signal;
	burn();
	sink++;
}

__attribute__((noinline)) void bottom(void)
{
	burn();
	raise(SIGUSR1);
	sink++;
}

__attribute__((noinline)) void descend(int depth)
{
	if (depth > 1)
		descend(depth - 1);
	else
		bottom();
	sink++;
}

int main(int count, char **arguments)
{
	if (count < 2)
		return 2;
	nanoseconds = atol(arguments[1]) * 1000000 / 2;
	signal(SIGUSR1, on_alarm);
	descend(count > 2 ? atoi(arguments[2]) : 100);
	return 0;
}
