/*
 * family PROGRAM
 * A process with a child and a grandchild. Prints `PARENT CHILD GRANDCHILD` (pids) when all run.
 * For each line on standard input each of the three runs PROGRAM once, with --id=1 (parent),
 * --id=2 (child) and --id=3 (grandchild), and the parent's new child's new child runs it with
 * --id=4; then it prints `done`. At the end of the input all three end with 0.
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void run(const char *program, int id)
{
	char argument[16];
	pid_t child = fork();

	if (child == 0) {
		snprintf(argument, sizeof(argument), "--id=%d", id);
		execl(program, program, argument, (char *)NULL);
		_exit(127);
	}
	waitpid(child, NULL, 0);
}

/* Passes each round on to the next generation, does its own part, and answers. */
static int serve(const char *program, int id, int in, int out, int next_in, int next_out)
{
	char byte;

	while (read(in, &byte, 1) == 1) {
		if (next_out >= 0 && (write(next_out, "x", 1) != 1 || read(next_in, &byte, 1) != 1))
			return 1;
		run(program, id);
		if (write(out, "x", 1) != 1)
			return 1;
	}
	if (next_out >= 0) {
		close(next_out);
		wait(NULL);
	}
	return 0;
}

int main(int argc, char **argv)
{
	int to_child[2], from_child[2], to_grandchild[2], from_grandchild[2], names[2];
	pid_t child, grandchild;
	char line[64];

	if (argc != 2 || pipe(to_child) || pipe(from_child) || pipe(to_grandchild) ||
	    pipe(from_grandchild) || pipe(names))
		return 2;
	child = fork();
	if (child == 0) {
		close(to_child[1]);
		grandchild = fork();
		if (grandchild == 0) {
			close(to_grandchild[1]);
			_exit(serve(argv[1], 3, to_grandchild[0], from_grandchild[1], -1, -1));
		}
		if (write(names[1], &grandchild, sizeof(grandchild)) != sizeof(grandchild))
			_exit(1);
		_exit(serve(argv[1], 2, to_child[0], from_child[1], from_grandchild[0],
			    to_grandchild[1]));
	}
	close(to_grandchild[1]);
	if (read(names[0], &grandchild, sizeof(grandchild)) != sizeof(grandchild))
		return 1;
	printf("%d %d %d\n", getpid(), child, grandchild);
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		char byte;
		pid_t new_child;

		if (write(to_child[1], "x", 1) != 1 || read(from_child[0], &byte, 1) != 1)
			return 1;
		run(argv[1], 1);
		new_child = fork();
		if (new_child == 0) {
			run(argv[1], 4);
			_exit(0);
		}
		waitpid(new_child, NULL, 0);
		puts("done");
		fflush(stdout);
	}
	close(to_child[1]);
	waitpid(child, NULL, 0);
	return 0;
}
