/*
 * deep_calls burn|sleep|keep MILLISECONDS DEPTH
 * Calls go DEPTH deep, of deeper() and in every third place of other(). There it burns so much CPU time, sleeps for so
 * long, or makes 100 blocks of 64 bytes and sleeps.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

static volatile unsigned long sink;
static char *volatile kept[100];

static void nap(long milliseconds)
{
	struct timespec time = { milliseconds / 1000, milliseconds % 1000 * 1000000 };

	nanosleep(&time, NULL);
}

__attribute__((noinline)) void bottom(const char *what, long milliseconds)
{
	clock_t until = clock() + milliseconds * CLOCKS_PER_SEC / 1000;

	if (!strcmp(what, "burn")) {
		while (clock() < until)
			for (int i = 0; i < 20000; i++)
				sink += i ^ sink;
		return;
	}
	if (!strcmp(what, "keep"))
		for (int i = 0; i < 100; i++)
			kept[i] = malloc(64);
	nap(milliseconds);
	sink++;
}

__attribute__((noinline)) void deeper(const char *what, long milliseconds, int depth);

__attribute__((noinline)) void other(const char *what, long milliseconds, int depth)
{
	if (depth <= 1)
		bottom(what, milliseconds);
	else
		deeper(what, milliseconds, depth - 1);
	sink++;
}

__attribute__((noinline)) void deeper(const char *what, long milliseconds, int depth)
{
	if (depth <= 1)
		bottom(what, milliseconds);
	else if (depth % 3)
		deeper(what, milliseconds, depth - 1);
	else
		other(what, milliseconds, depth - 1);
	sink++;
}

int main(int count, char **arguments)
{
	if (count < 4)
		return 2;
	deeper(arguments[1], atol(arguments[2]), atoi(arguments[3]));
	return 0;
}
