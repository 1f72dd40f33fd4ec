/* Executes a copy of a program from a file that has no name: `exec_nameless memfd|deleted PROGRAM
 * [ARG...]`. The copy of `deleted` is made in the working directory. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

extern char **environ;

int main(int argc, char **argv)
{
	char buffer[65536];
	int memfd, from, to, fd;
	ssize_t got;

	if (argc < 3)
		return 2;
	memfd = strcmp(argv[1], "memfd") == 0;
	from = open(argv[2], O_RDONLY);
	to = memfd ? memfd_create("nameless", MFD_CLOEXEC) : open("copy", O_CREAT | O_WRONLY, 0755);
	if (from < 0 || to < 0)
		return 3;
	while ((got = read(from, buffer, sizeof(buffer))) > 0)
		if (write(to, buffer, got) != got)
			return 4;
	/* A file that is open for writing cannot be executed. */
	fd = to;
	if (!memfd) {
		close(to);
		fd = open("copy", O_RDONLY | O_CLOEXEC);
		unlink("copy");
	}
	fexecve(fd, argv + 2, environ);
	perror("fexecve");
	return 5;
}
