/*
 * generated MILLISECONDS [map|again|plain [LIBRARY]]
 * Burns that CPU time in code that it puts into memory of its own, made executable afterwards as
 * runtimes do. `map`: describes it in /tmp/perf-PID.map as `made_up`; `again`: and when it has burnt
 * that time, a second later, as `made_anew`, and burns as much again. With LIBRARY, that file was
 * mapped at the same place before, executable, and unmapped.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cpu_ms.h"

#define CODE_BYTES 16384
#define FUNCTION_BYTES 512

/* Refers to nothing, so that a copy of it works anywhere. */
__attribute__((noinline, noclone)) static unsigned long original(unsigned long rounds)
{
	volatile unsigned long sum = 0;

	for (unsigned long i = 0; i < rounds; i++)
		sum += i ^ sum;
	return sum;
}

static void *code_place(const char *library)
{
	void *place = mmap(NULL, CODE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int file;

	if (!library)
		return place;
	file = open(library, O_RDONLY);
	if (file < 0)
		exit(2);
	munmap(place, CODE_BYTES);
	if (mmap(place, CODE_BYTES, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, file, 0) != place)
		exit(3);
	/* Long enough for it to be seen. */
	usleep(100000);
	munmap(place, CODE_BYTES);
	return mmap(place, CODE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static void describe(const void *place, const char *name)
{
	char path[64];
	FILE *map;

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", getpid());
	map = fopen(path, "a");
	if (!map)
		exit(4);
	fprintf(map, "%lx %x %s\n", (unsigned long)place, FUNCTION_BYTES, name);
	fclose(map);
}

int main(int argc, char **argv)
{
	double milliseconds = argc > 1 ? atof(argv[1]) : 100;
	const char *how = argc > 2 ? argv[2] : "plain";
	char *place = code_place(argc > 3 ? argv[3] : NULL);
	unsigned long (*made)(unsigned long);
	double until;

	/* Where the library has code as well. */
	if (argc > 3)
		place += 4096;
	memcpy(place, (const void *)original, FUNCTION_BYTES);
	if (mprotect((void *)((unsigned long)place & ~4095UL), 4096, PROT_READ | PROT_EXEC) != 0)
		return 5;
	if (strcmp(how, "plain") != 0)
		describe(place, "made_up");
	memcpy(&made, &place, sizeof(made));
	for (until = cpu_ms() + milliseconds; cpu_ms() < until;)
		made(20000);
	if (strcmp(how, "again") != 0)
		return 0;
	sleep(1);
	describe(place, "made_anew");
	for (until = cpu_ms() + milliseconds; cpu_ms() < until;)
		made(20000);
	return 0;
}
