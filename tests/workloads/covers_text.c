/*
 * covers_text FILE PID MILLISECONDS
 * Opens FILE, has the server of its file system (PID) stop to answer, maps FILE where code of its own stands
 * that it does not run, as a program does that copies its text, and burns CPU time in main > burn. Whoever
 * reads that memory waits for the server.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096

static volatile unsigned long sink;

/* Pages of code that nothing calls. */
__asm__(".pushsection .text\n\t.balign 4096\n\t.globl spare\nspare:\n\t.fill 8192, 1, 0x90\n\t.balign 4096\n\t.popsection");
extern char spare[];

__attribute__((noinline, noclone)) void burn(double wanted)
{
	struct timespec now;

	do {
		for (unsigned long i = 0; i < 5000; i++)
			sink += i ^ sink;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	} while (now.tv_sec * 1e3 + now.tv_nsec / 1e6 < wanted);
}

int main(int argc, char **argv)
{
	int file;

	if (argc != 4)
		return 2;
	/* The first is told that closing need not be asked for: else our end would wait. */
	close(open(argv[1], O_RDONLY));
	file = open(argv[1], O_RDONLY);
	if (file < 0 || kill(atoi(argv[2]), SIGUSR1))
		return 1;
	usleep(200000);
	if (mmap(spare, 2 * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, file, 0) == MAP_FAILED)
		return 1;
	/* A page is read by itself, by whoever touches it: nothing ends such a wait. */
	madvise(spare, 2 * PAGE, MADV_RANDOM);
	burn(atof(argv[3]));
	return 0;
}
