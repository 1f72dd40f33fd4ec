#include <limits.h>
#include <pthread.h>
#include <signal.h>

#include "thread.h"

int start_thread(void *(*run)(void *), void *argument)
{
	pthread_attr_t attributes;
	pthread_t thread;
	sigset_t all, before;
	int problem;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	/* The least that libc takes, and room for what it keeps there itself. */
	pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN + 65536);
	/* Signals for the process are for the threads that handle them. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	problem = pthread_create(&thread, &attributes, run, argument);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return -problem;
}
