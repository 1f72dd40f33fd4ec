/*
 * in_memory PROGRAM ARGUMENTS...
 * Executes a copy of PROGRAM that is in no file system: memfd_create(2), fexecve(3).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

extern char **environ;

int main(int argc, char **argv)
{
	int memory = memfd_create("program", MFD_CLOEXEC);
	int file = argc > 1 ? open(argv[1], O_RDONLY) : -1;

	if (memory < 0 || file < 0)
		return 2;
	while (sendfile(memory, file, NULL, 1 << 20) > 0)
		;
	fexecve(memory, argv + 1, environ);
	return 3;
}
