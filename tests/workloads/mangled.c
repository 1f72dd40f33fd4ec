/* mangled MILLISECONDS
 * Burns CPU time in a function whose symbol is that of a C++ method, hive::Bee::work(int), and then in
 * one of Rust's, <hive::Bee>::rest: what demanglers have to show. */
#include <stdlib.h>
#include <time.h>

static volatile unsigned long sink;

static void burn(long milliseconds)
{
	struct timespec now, end;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	end.tv_nsec += milliseconds * 1000000;
	end.tv_sec += end.tv_nsec / 1000000000;
	end.tv_nsec %= 1000000000;
	do {
		for (int i = 0; i < 1000; i++)
			sink += i;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	} while (now.tv_sec < end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec < end.tv_nsec));
}

__attribute__((noinline)) void work(long milliseconds) __asm__("_ZN4hive3Bee4workEi");
__attribute__((noinline)) void rest(long milliseconds) __asm__("_RNvMNtCs1234_4hive3beeNtB2_3Bee4rest");

void work(long milliseconds)
{
	burn(milliseconds);
	sink++;
}

void rest(long milliseconds)
{
	burn(milliseconds);
	sink++;
}

int main(int argc, char **argv)
{
	long milliseconds = argc > 1 ? atol(argv[1]) : 300;

	work(milliseconds);
	rest(milliseconds);
	return 0;
}
