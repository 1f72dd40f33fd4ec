/*
 * many_mappings FOLDER SECONDS [CHURN]
 * Maps a file, whose path has nearly 4 KiB, executable, 65,400 times: its /proc/PID/maps has 250 MB. Prints
 * `mapped`, burns for so many seconds, and with CHURN maps and unmaps some of it all the time.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAPPINGS 65400
#define DEPTH 15
#define PAGE 4096L

int main(int argc, char **argv)
{
	char name[251];
	char *place = NULL;
	time_t end;
	int file;

	if (argc < 3 || chdir(argv[1]) != 0)
		return 2;
	memset(name, 'd', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	for (int depth = 0; depth < DEPTH; depth++) {
		mkdir(name, 0755);
		if (chdir(name) != 0)
			return 3;
	}
	file = open("f", O_RDWR | O_CREAT, 0755);
	/* Every second page, so that no two are one mapping. */
	if (file < 0 || ftruncate(file, 2 * MAPPINGS * PAGE) != 0)
		return 4;
	for (long n = 0; n < MAPPINGS; n++) {
		place = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 2 * n * PAGE);
		if (place == MAP_FAILED)
			return 5;
	}
	printf("mapped\n");
	fflush(stdout);
	end = time(NULL) + atoi(argv[2]);
	for (long n = 0; time(NULL) < end; n++)
		if (argc > 3)
			mmap(place, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, file, 2 * (n % MAPPINGS) * PAGE);
	return 0;
}
