/*
 * Touches fresh pages: one half each from two functions, so many in all; then prints the page faults of the
 * whole process, as getrusage(2) has them.
 *
 *   faults PAGES
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define PAGE 4096

__attribute__((noinline)) static void touch(volatile char *page)
{
	*page = 1;
}

__attribute__((noinline)) static void touch_first(char *pages, long count)
{
	for (long i = 0; i < count; i++)
		touch(pages + i * PAGE);
	__asm__ volatile("");
}

__attribute__((noinline)) static void touch_second(char *pages, long count)
{
	for (long i = 0; i < count; i++)
		touch(pages + i * PAGE);
	__asm__ volatile("" ::: "memory");
}

int main(int argc, char **argv)
{
	long count = argc > 1 ? atol(argv[1]) : 20000;
	struct rusage usage;
	char *pages = mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED)
		return 1;
	madvise(pages, count * PAGE, MADV_NOHUGEPAGE);
	touch_first(pages, count / 2);
	touch_second(pages + count / 2 * PAGE, count - count / 2);
	getrusage(RUSAGE_SELF, &usage);
	printf("%ld\n", usage.ru_minflt + usage.ru_majflt);
	return 0;
}
