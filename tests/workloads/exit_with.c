/*
 * exit_with --id=N [ANYTHING...]
 * The smallest program that execs: ends at once with exit code N mod 251, so that a trace can be
 * checked against its own arguments. Without --id it ends with 0.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (argv[i] && strncmp(argv[i], "--id=", 5) == 0)
			_exit(atoi(argv[i] + 5) % 251);
	_exit(0);
}
