/*
 * swaps_names A B
 * Gives two files, folders or links each other's name, on and on, as anybody may with what is his. Prints `swaps`
 * when it has begun, and ends by a signal only. A has its own name for up to two milliseconds, so that who looks finds
 * it mostly, and B has it for up to 100 microseconds.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv)
{
	unsigned int seed = 1;

	if (argc < 3)
		return 2;
	for (int swaps = 0;; swaps++) {
		struct timespec pause = { 0, rand_r(&seed) % (swaps % 2 ? 2000000 : 100000) };

		if (renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE) != 0) {
			perror("swaps_names");
			return 1;
		}
		if (swaps == 0) {
			puts("swaps");
			fflush(stdout);
		}
		nanosleep(&pause, NULL);
	}
}
