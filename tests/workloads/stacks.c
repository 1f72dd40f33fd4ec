/*
 * stacks altstack|nested|coroutine|threads MILLISECONDS
 * Burns that much CPU time on stacks that are not simply the program's own:
 *   altstack   main > interrupted > on_own_stack, a handler on a stack of sigaltstack, after a
 *              sixth of the time in main > burn
 *   nested     main > interrupted > first_handler > second_handler, a signal within a signal
 *   coroutine  coroutine > burn, on a stack of makecontext, entered again each 20,000 rounds
 *   threads    in_thread > burn, in threads that last 2 ms each
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "cpu_ms.h"

#define NOINLINE __attribute__((noinline, noclone))
#define STACK_BYTES 65536

static volatile unsigned long sink;
static double wanted_ms;

NOINLINE void rounds(void)
{
	for (int i = 0; i < 20000; i++)
		sink += i ^ sink;
}

NOINLINE void burn(double ms)
{
	double end = cpu_ms() + ms;

	while (cpu_ms() < end)
		rounds();
	sink++;
}

NOINLINE void on_own_stack(int signal)
{
	(void)signal;
	burn(wanted_ms);
	sink++;
}

NOINLINE void second_handler(int signal)
{
	(void)signal;
	burn(wanted_ms);
	sink++;
}

NOINLINE void first_handler(int signal)
{
	(void)signal;
	raise(SIGUSR2);
	sink++;
}

NOINLINE void interrupted(void)
{
	raise(SIGUSR1);
	sink++;
}

static void handle(int signal, void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	sigaction(signal, &action, NULL);
}

static ucontext_t outside, inside;

NOINLINE void coroutine(void)
{
	for (;;) {
		rounds();
		swapcontext(&inside, &outside);
	}
}

static void enter_coroutine(void)
{
	double end = cpu_ms() + wanted_ms;

	getcontext(&inside);
	inside.uc_stack.ss_sp = malloc(STACK_BYTES);
	inside.uc_stack.ss_size = STACK_BYTES;
	inside.uc_link = NULL;
	makecontext(&inside, coroutine, 0);
	while (cpu_ms() < end)
		swapcontext(&outside, &inside);
}

NOINLINE void *in_thread(void *unused)
{
	burn(2);
	sink++;
	return unused;
}

static void start_threads(void)
{
	double end = cpu_ms() + wanted_ms;
	pthread_t thread;

	while (cpu_ms() < end) {
		pthread_create(&thread, NULL, in_thread, NULL);
		pthread_join(thread, NULL);
	}
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	wanted_ms = atof(argv[2]);
	if (strcmp(argv[1], "altstack") == 0) {
		stack_t stack = { .ss_sp = malloc(STACK_BYTES), .ss_size = STACK_BYTES };

		sigaltstack(&stack, NULL);
		handle(SIGUSR1, on_own_stack, SA_ONSTACK);
		burn(wanted_ms / 6);
		interrupted();
	} else if (strcmp(argv[1], "nested") == 0) {
		handle(SIGUSR1, first_handler, 0);
		handle(SIGUSR2, second_handler, 0);
		interrupted();
	} else if (strcmp(argv[1], "coroutine") == 0) {
		enter_coroutine();
	} else if (strcmp(argv[1], "threads") == 0) {
		start_threads();
	} else {
		return 2;
	}
	return 0;
}
