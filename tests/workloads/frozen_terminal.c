/*
 * frozen_terminal COMMAND [ARG...]
 * Runs a command on a terminal of its own that nobody reads, as a window that has frozen: what it writes there
 * waits as soon as the terminal's buffer is full. SIGTERM and SIGINT are handed on, SIGHUP hangs the terminal
 * up. The command's last words, which come when it has ended, go to stdout; its exit code is ours.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t pending;

static void note(int signal)
{
	pending = signal;
}

static pid_t start(char **argv, int *master)
{
	const struct winsize size = { .ws_row = 30, .ws_col = 100 };
	pid_t child;

	*master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*master < 0 || grantpt(*master) || unlockpt(*master) || ioctl(*master, TIOCSWINSZ, &size))
		exit(125);
	child = fork();
	if (child == 0) {
		int slave;

		setsid();
		slave = open(ptsname(*master), O_RDWR);
		if (slave < 0 || dup2(slave, 0) < 0 || dup2(slave, 1) < 0 || dup2(slave, 2) < 0)
			_exit(125);
		if (slave > 2)
			close(slave);
		execvp(argv[0], argv);
		_exit(127);
	}
	return child;
}

int main(int argc, char **argv)
{
	const int handed_on[] = { SIGTERM, SIGINT, SIGHUP };
	struct sigaction action = { .sa_handler = note };
	static char words[1 << 17];
	int status, master;
	ssize_t length;
	pid_t child;

	if (argc < 2)
		return 2;
	for (int i = 0; i < 3; i++)
		sigaction(handed_on[i], &action, NULL);
	child = start(argv + 1, &master);
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return 125;
		if (pending == SIGHUP)
			close(master);
		else
			kill(child, pending);
	}
	if (fcntl(master, F_SETFL, O_NONBLOCK) == 0)
		while ((length = read(master, words, sizeof(words))) > 0)
			fwrite(words, 1, length, stdout);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
