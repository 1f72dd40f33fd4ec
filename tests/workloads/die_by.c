/*
 * die_by SIGNAL [core]
 * Ends itself with the signal of that number; with `core` it asks for a core file first, without
 * it forbids one. Where the kernel puts the file is up to core_pattern: start it in a folder that
 * may be written.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct rlimit limit = { 0, 0 };
	int number = argc > 1 ? atoi(argv[1]) : 0;

	if (argc > 2)
		limit.rlim_cur = limit.rlim_max = RLIM_INFINITY;
	if (setrlimit(RLIMIT_CORE, &limit))
		return 1;
	signal(number, SIG_DFL);
	kill(getpid(), number);
	pause();
	return 2;
}
