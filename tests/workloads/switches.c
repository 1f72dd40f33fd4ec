/*
 * switches PAIRS SECONDS: pairs of processes that hand a byte to and fro, each time by a sleep of one of them, so
 * that CPUs switch as often as they can. Prints how often when it has ended.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static long hand_on(double until)
{
	int to[2], fro[2];
	long turns = 0;
	char byte = 0;

	if (pipe(to) || pipe(fro))
		return 0;
	if (fork() == 0) {
		close(to[1]);
		close(fro[0]);
		while (read(to[0], &byte, 1) == 1 && write(fro[1], &byte, 1) == 1)
			;
		_exit(0);
	}
	close(to[0]);
	close(fro[1]);
	while (now() < until && write(to[1], &byte, 1) == 1 && read(fro[0], &byte, 1) == 1)
		turns++;
	return turns;
}

int main(int argc, char **argv)
{
	int pairs = argc > 1 ? atoi(argv[1]) : 1, sums[2];
	double until = now() + (argc > 2 ? atof(argv[2]) : 1);
	long turns, sum = 0;

	if (pipe(sums))
		return 1;
	for (int pair = 0; pair < pairs; pair++)
		if (fork() == 0) {
			turns = hand_on(until);
			_exit(write(sums[1], &turns, sizeof(turns)) != sizeof(turns));
		}
	close(sums[1]);
	while (read(sums[0], &turns, sizeof(turns)) == sizeof(turns))
		sum += turns;
	while (wait(NULL) > 0)
		;
	printf("%ld\n", sum);
	return 0;
}
