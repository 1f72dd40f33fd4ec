/*
 * crowd processes|threads|names|mappings|forks COUNT
 * Very many of one thing. `processes`: COUNT children that wait; `threads`: COUNT that wait; `names`: COUNT that
 * take a name of their own again and again and burn a moment as that; `mappings`: COUNT executable mappings of
 * its own program, apart from each other; `forks`: forks without end, children too, for
 * COUNT milliseconds. All but the last print `ready` and how many there are, burn CPU until standard input
 * ends, and then end with 0 and take everybody with them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void *wait_for_ever(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static int processes(int count)
{
	int made = 0;

	for (; made < count; made++) {
		pid_t child = fork();

		if (child < 0)
			break;
		if (child == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			wait_for_ever(NULL);
		}
	}
	return made;
}

static void *change_names(void *unused)
{
	static int made;
	const struct timespec pause = {0, 300000000};
	int own = __atomic_fetch_add(&made, 1, __ATOMIC_RELAXED);
	volatile unsigned long work = 0;

	for (int round = 0;; round++) {
		char name[16];

		snprintf(name, sizeof(name), "%d of %d", round % 10000, own % 10000);
		prctl(PR_SET_NAME, name);
		for (int i = 0; i < 100000; i++)
			work += i;
		nanosleep(&pause, NULL);
	}
	return unused;
}

static int threads(int count, void *(*run)(void *))
{
	pthread_attr_t attributes;
	pthread_t thread;
	int made = 0;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 65536);
	while (made < count && pthread_create(&thread, &attributes, run, NULL) == 0)
		made++;
	return made;
}

static int mappings(int count)
{
	int file = open("/proc/self/exe", O_RDONLY);
	int made = 0;

	/* Of one page at the same offset each: neighbours of that kind are not joined. */
	while (made < count &&
	       mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0) != MAP_FAILED)
		made++;
	return made;
}

static int forks(long until)
{
	signal(SIGCHLD, SIG_IGN);
	while (milliseconds() < until)
		if (fork() < 0)
			usleep(1000);
	return 0;
}

int main(int argc, char **argv)
{
	struct pollfd input = { .fd = 0, .events = POLLIN };
	volatile unsigned long work = 0;
	int count, made;

	if (argc != 3)
		return 2;
	count = atoi(argv[2]);
	if (strcmp(argv[1], "forks") == 0)
		return forks(milliseconds() + count);
	made = strcmp(argv[1], "processes") == 0 ? processes(count) :
	       strcmp(argv[1], "threads") == 0	 ? threads(count, wait_for_ever) :
	       strcmp(argv[1], "names") == 0	 ? threads(count, change_names) :
						   mappings(count);
	printf("ready %d\n", made);
	fflush(stdout);
	while (poll(&input, 1, 0) == 0)
		for (int i = 0; i < 1000000; i++)
			work += i;
	return 0;
}
