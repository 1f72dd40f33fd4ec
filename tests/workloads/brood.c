/*
 * brood
 * A process with descendants who keep on making children: three below each other, each with a child
 * every two milliseconds, 1500 in all at most. Prints `growing` when the first is there. After a line on
 * standard input it makes no more and prints how many processes there are, itself included; after the
 * next one all end with 0, the youngest first.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define GENERATIONS 3
#define PROCESSES_MAX 1500

struct shared {
	int count;
	int enough; /* no more children */
	int idle;   /* generations that make no more */
};

static struct shared *shared;
static int end[2]; /* closed by the first process: the end of all */

static void live(void)
{
	char byte;

	close(end[1]);
	_exit(read(end[0], &byte, 1) == 0 ? 0 : 1);
}

static int born(void)
{
	if (__atomic_add_fetch(&shared->count, 1, __ATOMIC_SEQ_CST) <= PROCESSES_MAX)
		return 1;
	__atomic_sub_fetch(&shared->count, 1, __ATOMIC_SEQ_CST);
	return 0;
}

static void grow(void)
{
	int generation = 1;
	char byte;

	close(end[1]);
	/* Only the child goes on with this. */
	while (generation < GENERATIONS && born() && fork() == 0)
		generation++;
	while (!__atomic_load_n(&shared->enough, __ATOMIC_SEQ_CST) && born()) {
		if (fork() == 0)
			live();
		usleep(2000);
	}
	__atomic_add_fetch(&shared->idle, 1, __ATOMIC_SEQ_CST);
	if (read(end[0], &byte, 1) != 0)
		_exit(1);
	while (wait(NULL) > 0)
		;
	_exit(0);
}

int main(void)
{
	char line[16];

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || pipe(end))
		return 1;
	shared->count = 2;
	if (fork() == 0)
		grow();
	puts("growing");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 1;
	__atomic_store_n(&shared->enough, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&shared->idle, __ATOMIC_SEQ_CST) < GENERATIONS)
		usleep(1000);
	printf("%d\n", shared->count);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 1;
	close(end[1]);
	while (wait(NULL) > 0)
		;
	return 0;
}
