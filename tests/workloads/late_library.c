/*
 * late_library LIBRARY MILLISECONDS
 * Burns a third of that CPU time, then opens LIBRARY and calls its in_library(), which burns a third
 * through a function that it is given, closes it, and burns the last third.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static volatile unsigned long sink;
static long milliseconds;

__attribute__((noinline)) void burn(void)
{
	struct timespec now, until;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &until);
	until.tv_nsec += milliseconds % 1000 * 1000000;
	until.tv_sec += milliseconds / 1000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	do {
		for (int i = 0; i < 20000; i++)
			sink += i ^ sink;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	} while (now.tv_sec < until.tv_sec ||
		 (now.tv_sec == until.tv_sec && now.tv_nsec < until.tv_nsec));
}

__attribute__((noinline)) void before(void)
{
	burn();
	sink++;
}

__attribute__((noinline)) void after(void)
{
	burn();
	sink++;
}

int main(int count, char **arguments)
{
	void *library;
	void (*in_library)(void (*)(void));

	if (count < 3)
		return 2;
	milliseconds = atol(arguments[2]) / 3;
	before();
	library = dlopen(arguments[1], RTLD_NOW);
	if (!library)
		return 3;
	in_library = dlsym(library, "in_library");
	in_library(burn);
	dlclose(library);
	after();
	return 0;
}
