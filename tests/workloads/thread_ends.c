/*
 * thread_ends MODE [PROGRAM]: the ways in which a group of threads ends.
 *   leader-first   the leader ends, a worker goes on for 100 ms and then ends the process with 9
 *   leader-code    the leader alone ends with 3 (exit, not exit_group), the last worker with 5
 *   worker-exit    a worker calls exit(42) while the leader waits
 *   worker-exec    a worker executes PROGRAM --id=77 while the leader waits
 *   race           20 threads call exit_group at the same moment, with codes 1 to 20
 *   wait           50 threads wait; prints `ready` when all run (to be killed from outside)
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_barrier_t barrier;
static char *program;

static void exit_thread(int code)
{
	syscall(SYS_exit, code);
}

static void *end_process_later(void *unused)
{
	usleep(100 * 1000);
	_exit(9);
	return unused;
}

static void *end_thread_later(void *unused)
{
	usleep(20 * 1000);
	exit_thread(5);
	return unused;
}

static void *exit_42(void *unused)
{
	exit(42);
	return unused;
}

static void *execute(void *unused)
{
	execl(program, program, "--id=77", (char *)NULL);
	_exit(127);
	return unused;
}

static void *race(void *code)
{
	pthread_barrier_wait(&barrier);
	_exit((int)(long)code);
	return NULL;
}

static void *wait_for_ever(void *unused)
{
	pthread_barrier_wait(&barrier);
	for (;;)
		pause();
	return unused;
}

static void start(void *(*body)(void *), long argument)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 64 * 1024);
	if (pthread_create(&thread, &attributes, body, (void *)argument))
		_exit(1);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	program = argc > 2 ? argv[2] : "";
	if (strcmp(mode, "leader-first") == 0) {
		start(end_process_later, 0);
		exit_thread(0);
	} else if (strcmp(mode, "leader-code") == 0) {
		start(end_thread_later, 0);
		exit_thread(3);
	} else if (strcmp(mode, "worker-exit") == 0) {
		start(exit_42, 0);
	} else if (strcmp(mode, "worker-exec") == 0) {
		start(execute, 0);
	} else if (strcmp(mode, "race") == 0) {
		pthread_barrier_init(&barrier, NULL, 20);
		for (long code = 2; code <= 20; code++)
			start(race, code);
		race((void *)1L);
	} else if (strcmp(mode, "wait") == 0) {
		pthread_barrier_init(&barrier, NULL, 51);
		for (int i = 0; i < 50; i++)
			start(wait_for_ever, 0);
		pthread_barrier_wait(&barrier);
		puts("ready");
		fflush(stdout);
	} else {
		return 2;
	}
	for (;;)
		pause();
}
