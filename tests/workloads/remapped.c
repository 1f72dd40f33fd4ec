/*
 * remapped MILLISECONDS copy|mremap|mprotect|other
 * Puts memory without a file in the place of its own code, as programs do for larger pages, and burns that
 * CPU time in `in_remapped_text`, called by `calls_it`. `copy`: executable from the start; `mprotect`: made
 * executable when the code is there; `mremap`: moved there. `other`: what it burns the time in is generated
 * code, in memory where a function of its own was that is never called.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cpu_ms.h"

#define PAGE 4096
#define FUNCTION_BYTES 512

extern char __etext;

/* Two pages in the middle of the code that are nobody's but this one's. */
__attribute__((noinline, noclone, aligned(4096))) void never_called(void)
{
	__asm__ volatile(".fill 8191, 1, 0x90");
}

__attribute__((noinline, noclone, aligned(4096))) unsigned long in_remapped_text(unsigned long rounds)
{
	volatile unsigned long sum = 0;

	for (unsigned long i = 0; i < rounds; i++)
		sum += i ^ sum;
	return sum;
}

__attribute__((noinline, noclone)) static void burn(double milliseconds,
						    unsigned long (*code)(unsigned long))
{
	double until = cpu_ms() + milliseconds;

	while (cpu_ms() < until)
		code(20000);
}

__attribute__((noinline, noclone)) void calls_it(double milliseconds)
{
	burn(milliseconds, in_remapped_text);
	__asm__ volatile("");
}

/* Must not be in what it replaces, nor call what is: a section of its own, on pages of its own. */
static inline __attribute__((always_inline)) long call(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

#define REMAPPER __attribute__((noinline, section("remapper"), aligned(4096)))

REMAPPER static void remap(uintptr_t start, size_t bytes, char *copy, int how)
{
	int writable = PROT_READ | PROT_WRITE;
	char *place = (char *)start;

	if (how == 'r') {
		call(25, (long)copy, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, start, 0);
		return;
	}
	call(9, start, bytes, how == 'c' ? writable | PROT_EXEC : writable,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	for (size_t at = 0; at < bytes; at++)
		((volatile char *)place)[at] = copy[at];
	call(10, start, bytes, PROT_READ | PROT_EXEC, 0, 0, 0);
}

static void replace(uintptr_t start, size_t bytes, const void *content, int how)
{
	char *copy = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memcpy(copy, content, bytes);
	if (how == 'r' && mprotect(copy, bytes, PROT_READ | PROT_EXEC) != 0)
		exit(3);
	remap(start, bytes, copy, how);
}

int main(int argc, char **argv)
{
	double milliseconds = argc > 1 ? atof(argv[1]) : 100;
	const char *how = argc > 2 ? argv[2] : "copy";
	uintptr_t start = (uintptr_t)never_called, end = (uintptr_t)&__etext & ~(uintptr_t)(PAGE - 1);
	static char made[2 * PAGE];

	if (strcmp(how, "other") == 0) {
		memcpy(made, (const void *)in_remapped_text, FUNCTION_BYTES);
		replace(start, sizeof(made), made, 'c');
		burn(milliseconds, (unsigned long (*)(unsigned long))start);
		return 0;
	}
	replace(start, end - start, (const void *)start, how[0] == 'm' ? how[1] : how[0]);
	calls_it(milliseconds);
	return 0;
}
