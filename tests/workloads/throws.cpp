/*
 * throws MILLISECONDS
 * Burns CPU time where stacks are hardest to follow in C++. A third each: main > throwing() >
 * level(6) > ... > level(1) > thrower() throws, through destructors, to throwing(), whose handler
 * calls landed(); main > sorting() > std::sort > less_often(); a std::thread > in_thread().
 */
#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <thread>
#include <vector>

static volatile unsigned long sink;

#define NOINLINE __attribute__((noinline, noclone))

struct Guard {
	NOINLINE ~Guard() { sink = sink + 1; }
};

static double cpu_ms()
{
	timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

extern "C" NOINLINE void landed(int what)
{
	for (int i = 0; i < 2000; i++)
		sink = sink + (what ^ i);
}

extern "C" NOINLINE void thrower(int what)
{
	Guard guard;

	if (what >= 0)
		throw what;
	sink = sink + 1;
}

extern "C" NOINLINE void level(int depth, int what)
{
	Guard guard;

	if (depth > 1)
		level(depth - 1, what);
	else
		thrower(what);
	sink = sink + 1;
}

extern "C" NOINLINE void throwing(double wanted)
{
	double start = cpu_ms();

	for (int i = 0; cpu_ms() - start < wanted; i++) {
		try {
			level(6, i);
		} catch (int caught) {
			landed(caught);
		}
	}
	sink = sink + 1;
}

extern "C" NOINLINE bool less_often(unsigned a, unsigned b)
{
	sink = sink + 1;
	return a < b;
}

extern "C" NOINLINE void sorting(double wanted)
{
	double start = cpu_ms();
	std::vector<unsigned> numbers(20000);
	unsigned state = 1;

	while (cpu_ms() - start < wanted) {
		for (unsigned &number : numbers)
			number = state = state * 1664525 + 1013904223;
		std::sort(numbers.begin(), numbers.end(), less_often);
	}
	sink = sink + 1;
}

extern "C" NOINLINE void in_thread(double wanted)
{
	double start = cpu_ms();

	while (cpu_ms() - start < wanted)
		for (int i = 0; i < 20000; i++)
			sink = sink + i;
	sink = sink + 1;
}

int main(int argc, char **argv)
{
	double third = (argc > 1 ? atof(argv[1]) : 300) / 3;

	throwing(third);
	sorting(third);
	std::thread thread(in_thread, third);
	thread.join();
	return 0;
}
