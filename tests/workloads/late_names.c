/*
 * late_names HOW MILLISECONDS
 * Burns that CPU time, half each in two pieces of generated code that lie at one address one after the
 * other, `before_swap` and `after_swap`, and says only later what they were:
 *   at-exit    /tmp/perf-PID.map, with the last of them alone, as the last thing that it does
 *   renamed    the same, written under another name and then given its own
 *   twice      the map of each at the end of its half, written over the file of the one before; here they
 *              lie at different addresses
 *   dump       a jitdump with the times of both, as the last thing that it does
 *   prefork    nothing is swapped: the map is written by the parent at once, whose child's child burns the
 *              time; the child is gone by then
 *   child      as prefork, with the parent's child, while the parent is still there
 *   orphan     as child, but the parent ends at once, and has burnt nothing
 *   orphan-dump  as orphan, with a jitdump
 *   orphan-user  as orphan, with a child that has become another user
 *   orphan-forged  as orphan-user, and the map is of a third one
 *   exec       as prefork, but the child executes this program anew, at the same address, as `plain`
 *   plain      says nothing
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cpu_ms.h"

#define CODE_BYTES 4096
#define FUNCTION_BYTES 512

static char *place = (char *)0x200000000000;

static uint64_t monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* Refers to nothing, so that a copy of it works anywhere. */
__attribute__((noinline, noclone)) static unsigned long original(unsigned long rounds)
{
	volatile unsigned long sum = 0;

	for (unsigned long i = 0; i < rounds; i++)
		sum += i ^ sum;
	return sum;
}

static void generate(void)
{
	if (mmap(place, CODE_BYTES, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != place)
		exit(3);
	memcpy(place, (const void *)original, FUNCTION_BYTES);
	if (mprotect(place, CODE_BYTES, PROT_READ | PROT_EXEC) != 0)
		exit(4);
}

static void burn(double milliseconds)
{
	unsigned long (*made)(unsigned long) = (unsigned long (*)(unsigned long))place;
	double until = cpu_ms() + milliseconds;

	while (cpu_ms() < until)
		made(20000);
}

static void write_map(const char *name, const char *suffix)
{
	char path[64], own[64];
	FILE *map;

	snprintf(own, sizeof(own), "/tmp/perf-%d.map", getpid());
	snprintf(path, sizeof(path), "%s%s", own, suffix);
	map = fopen(path, "w");
	if (!map)
		exit(5);
	fprintf(map, "%lx %x %s\n", (unsigned long)place, FUNCTION_BYTES, name);
	fclose(map);
	if (*suffix && rename(path, own) != 0)
		exit(6);
}

static void put32(FILE *file, uint32_t value)
{
	fwrite(&value, sizeof(value), 1, file);
}

static void put64(FILE *file, uint64_t value)
{
	fwrite(&value, sizeof(value), 1, file);
}

/* tools/perf/Documentation/jitdump-specification.txt */
static void put_load(FILE *dump, const char *name, uint64_t time, uint64_t index)
{
	put32(dump, 0);
	put32(dump, 56 + strlen(name) + 1 + FUNCTION_BYTES);
	put64(dump, time);
	put32(dump, getpid());
	put32(dump, getpid());
	put64(dump, (uint64_t)place);
	put64(dump, (uint64_t)place);
	put64(dump, FUNCTION_BYTES);
	put64(dump, index);
	fwrite(name, strlen(name) + 1, 1, dump);
	fwrite((const void *)original, FUNCTION_BYTES, 1, dump);
}

static FILE *open_dump(void)
{
	static char buffer[1 << 16];
	char path[64];
	FILE *dump;

	snprintf(path, sizeof(path), "jit-%d.dump", getpid());
	dump = fopen(path, "w+");
	if (!dump || setvbuf(dump, buffer, _IOFBF, sizeof(buffer)) != 0)
		exit(7);
	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fileno(dump), 0) == MAP_FAILED)
		exit(8);
	put32(dump, 0x4a695444);
	put32(dump, 1);
	put32(dump, 40);
	put32(dump, 62);
	put32(dump, 0);
	put32(dump, getpid());
	put64(dump, monotonic());
	put64(dump, 0);
	return dump;
}

static int prefork(double milliseconds, const char *exec, int once)
{
	char time[32];
	int status = 0;

	generate();
	write_map("of_the_parent", "");
	burn(milliseconds < 1000 ? milliseconds / 10 : 100);
	if (fork() == 0) {
		if (once || fork() == 0) {
			usleep(50000);
			if (exec) {
				snprintf(time, sizeof(time), "%f", milliseconds);
				execl(exec, exec, "plain", time, (char *)NULL);
			}
			burn(milliseconds);
		}
		_exit(0);
	}
	wait(&status);
	/* The grandchild is nobody's that could be waited for. */
	if (!once)
		usleep(milliseconds * 4000);
	return status;
}

/* The parent is gone before anybody can have looked at it. */
static int orphan(double milliseconds, const char *how)
{
	int is_forged = strcmp(how, "orphan-forged") == 0;
	int becomes_other = is_forged || strcmp(how, "orphan-user") == 0;
	int status = 0;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (fork() == 0) {
		generate();
		if (strcmp(how, "orphan-dump") == 0) {
			FILE *dump = open_dump();

			put_load(dump, "of_the_parent", monotonic(), 0);
			fflush(dump);
		} else {
			if (is_forged && seteuid(65533) != 0)
				_exit(9);
			write_map("of_the_parent", "");
			if (is_forged && seteuid(0) != 0)
				_exit(9);
		}
		if (fork() == 0) {
			if (becomes_other && setresuid(65534, 65534, 65534) != 0)
				_exit(9);
			burn(milliseconds);
		}
		_exit(0);
	}
	while (wait(&status) > 0)
		;
	return status;
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "plain";
	double milliseconds = argc > 2 ? atof(argv[2]) : 100;
	FILE *dump = NULL;

	if (strcmp(how, "prefork") == 0)
		return prefork(milliseconds, NULL, 0);
	if (strcmp(how, "child") == 0)
		return prefork(milliseconds, NULL, 1);
	if (strncmp(how, "orphan", 6) == 0)
		return orphan(milliseconds, how);
	if (strcmp(how, "exec") == 0)
		return prefork(milliseconds, argv[0], 0);
	generate();
	if (strcmp(how, "dump") == 0) {
		dump = open_dump();
		put_load(dump, "before_swap", monotonic(), 0);
	}
	burn(milliseconds / 2);
	if (strcmp(how, "twice") == 0) {
		write_map("before_swap", "");
		usleep(600000);
		place += 1 << 20;
	}
	generate();
	if (dump)
		put_load(dump, "after_swap", monotonic(), 1);
	burn(milliseconds / 2);
	if (strcmp(how, "renamed") == 0)
		write_map("after_swap", ".new");
	else if (dump)
		fclose(dump);
	else if (strcmp(how, "plain") != 0)
		write_map("after_swap", "");
	return 0;
}
