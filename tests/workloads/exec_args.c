/*
 * exec_args PROGRAM
 * Executes PROGRAM with the arguments that stand on standard input, NUL behind each: any bytes, as
 * many as the kernel takes, none at all when the input is empty. argv[0] is the first of them.
 * Says on stderr why it could not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	/* A quarter of the stack limit is what all arguments together may have. */
	struct rlimit stack = { 32 << 20, RLIM_INFINITY };
	size_t size = 0, room = 8 << 20, count = 0;
	char *environment[] = { NULL };
	char *text = malloc(room);
	char **arguments;
	ssize_t got;

	if (argc != 2 || !text)
		return 2;
	while ((got = read(0, text + size, room - size)) > 0)
		size += got;
	for (size_t i = 0; i < size; i++)
		count += text[i] == '\0';
	arguments = calloc(count + 1, sizeof(*arguments));
	for (size_t i = 0, at = 0; i < count; i++, at += strlen(text + at) + 1)
		arguments[i] = text + at;
	setrlimit(RLIMIT_STACK, &stack);
	execve(argv[1], arguments, environment);
	perror("execve");
	return 1;
}
