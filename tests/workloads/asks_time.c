/* Asks for the time, over and over, for ARGV[1] milliseconds: in the vDSO nearly always. */
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv)
{
	long long end = 0, now;
	struct timespec at;

	do {
		clock_gettime(CLOCK_MONOTONIC, &at);
		now = at.tv_sec * 1000LL + at.tv_nsec / 1000000;
		if (!end)
			end = now + (argc > 1 ? atoll(argv[1]) : 300);
	} while (now < end);
	return 0;
}
