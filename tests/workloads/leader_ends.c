/*
 * A process whose leader ends at once while a worker goes on until it is killed: with the ids that
 * are given, if any are, set by the worker after that.
 *
 *   leader_ends [UID]
 *
 * Prints "ready" from the worker once it is alone.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_t leader;

static void *work(void *argument)
{
	const char *uid = argument;

	/* Not before the leader has left: a join returns when its thread is gone. */
	pthread_join(leader, NULL);
	/* The system call changes this thread alone. */
	if (uid && syscall(SYS_setresuid, atoi(uid), atoi(uid), atoi(uid)) != 0)
		return NULL;
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t worker;

	leader = pthread_self();
	if (pthread_create(&worker, NULL, work, argc > 1 ? argv[1] : NULL) != 0)
		return 1;
	pthread_exit(NULL);
}
