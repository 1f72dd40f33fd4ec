/*
 * Loading with signals held back. The kernel's verifier gives up with EAGAIN when a signal is pending
 * (kernel/bpf/verifier.c, do_check), and both runtimes send signals to the threads that run JavaScript: for
 * garbage collection, and for CPU profiles a thousand times a second. Whoever sent one waits until it is
 * taken, so the mask must be gone again before any JavaScript runs: it is set and taken back in one call.
 */
#include <pthread.h>
#include <signal.h>

#include <libbpf.h>

#include "waggle.h"

int waggle_object_load(struct bpf_object *object)
{
	sigset_t held, before;
	int result;

	sigfillset(&held);
	/* Those that our own faults raise: blocked, they would end the process without a word. */
	sigdelset(&held, SIGSEGV);
	sigdelset(&held, SIGBUS);
	sigdelset(&held, SIGFPE);
	sigdelset(&held, SIGILL);
	sigdelset(&held, SIGTRAP);
	pthread_sigmask(SIG_SETMASK, &held, &before);
	/* The index is worth it for one object too. */
	waggle_kernel_types_hold();
	result = bpf_object__load(object);
	waggle_kernel_types_release();
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return result;
}
