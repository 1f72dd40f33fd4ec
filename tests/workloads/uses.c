/*
 * Uses a known amount of what a process can use, in one of several ways:
 *
 *   uses mixed N        N says how much of each: CPU time N % 8 ms, memory N % 13 MiB, system calls or not,
 *                       storage 4 KiB * (N % 4) into FILE
 *   uses joined         eight threads burn and write 1 to 8 blocks of 4 KiB, and are joined; then 9 blocks
 *   uses parent         the same, with a child between that burns and writes 100 blocks
 *   uses child          no thread, and such a child; then 9 blocks
 *   uses leader         the leader burns, writes 5 blocks and ends; then a thread burns and writes 3
 *   uses many           eight threads run until the process ends by exit(3) in its leader
 *
 * Files are made in the folder USES_FOLDER, and removed.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char block[4096 * 100];

static void burn(long ms, int calls)
{
	struct timespec start, now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
	do {
		for (volatile int i = 0; i < 2000; i++)
			;
		if (calls)
			getppid();
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	} while ((now.tv_sec - start.tv_sec) * 1000000000L + now.tv_nsec - start.tv_nsec < ms * 1000000L);
}

static void write_blocks(long blocks)
{
	char path[4096];
	int file;

	snprintf(path, sizeof(path), "%s/uses.%d.%d", getenv("USES_FOLDER"), getpid(), gettid());
	file = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
	if (file < 0 || write(file, block, 4096 * blocks) != 4096 * blocks)
		_exit(99);
	close(file);
	unlink(path);
}

static void *burn_and_write(void *blocks)
{
	burn(3, 0);
	write_blocks((long)blocks);
	return NULL;
}

static void *burn_on(void *unused)
{
	(void)unused;
	burn(600000, 0);
	return NULL;
}

static void *after_leader(void *leader)
{
	pthread_join((pthread_t)leader, NULL);
	burn(4, 0);
	write_blocks(3);
	return NULL;
}

static void use_threads(void)
{
	pthread_t threads[8];

	for (long i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, burn_and_write, (void *)(i + 1));
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
}

static void use_child(void)
{
	if (fork() == 0) {
		burn(20, 0);
		write_blocks(100);
		_exit(0);
	}
	wait(NULL);
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "";
	pthread_t thread;

	if (strcmp(way, "mixed") == 0) {
		int n = argc > 2 ? atoi(argv[2]) : 0;
		size_t bytes = (size_t)(n % 13) << 20;
		volatile char *memory = malloc(bytes + 1);

		for (size_t i = 0; i < bytes; i += 4096)
			memory[i] = 1;
		burn(n % 8, n % 3 == 0);
		if (n % 4)
			write_blocks(n % 4);
		return 0;
	}
	if (strcmp(way, "joined") == 0 || strcmp(way, "parent") == 0)
		use_threads();
	if (strcmp(way, "parent") == 0 || strcmp(way, "child") == 0)
		use_child();
	if (strcmp(way, "leader") == 0) {
		burn(8, 0);
		write_blocks(5);
		pthread_create(&thread, NULL, after_leader, (void *)pthread_self());
		pthread_exit(NULL);
	}
	if (strcmp(way, "many") == 0) {
		for (int i = 0; i < 8; i++)
			pthread_create(&thread, NULL, burn_on, NULL);
		burn(10, 0);
		exit(3);
	}
	write_blocks(9);
	return 0;
}
