/*
 * frozen_terminal COMMAND [ARG...]
 * Runs a command on a terminal of its own that nobody reads, as a window that has frozen: what it writes there
 * waits as soon as the terminal's buffer is full, of which stderr is told once. SIGTERM and SIGINT are handed on, SIGHUP hangs the terminal
 * up. The command's last words, which come when it has ended, go to stdout; its exit code is ours.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOK_EVERY_NS 20000000
#define FULL_LOOKS 10

static volatile sig_atomic_t pending;

static void note(int signal)
{
	pending = signal;
}

static pid_t start(char **argv, int *master, int *slave)
{
	const struct winsize size = { .ws_row = 30, .ws_col = 100 };
	pid_t child;

	*master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*master < 0 || grantpt(*master) || unlockpt(*master) || ioctl(*master, TIOCSWINSZ, &size))
		exit(125);
	/* To see whether it takes more. It is nobody's controlling terminal by that. */
	*slave = open(ptsname(*master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*slave < 0)
		exit(125);
	child = fork();
	if (child == 0) {
		int own;

		setsid();
		own = open(ptsname(*master), O_RDWR);
		if (own < 0 || dup2(own, 0) < 0 || dup2(own, 1) < 0 || dup2(own, 2) < 0)
			_exit(125);
		if (own > 2)
			close(own);
		execvp(argv[0], argv);
		_exit(127);
	}
	return child;
}

/* Until the child has ended. */
static int wait_for(pid_t child, int master, int slave)
{
	const struct timespec pause = {0, LOOK_EVERY_NS};
	struct pollfd room = {.fd = slave, .events = POLLOUT};
	int status, looks = 0;

	while (waitpid(child, &status, WNOHANG) != child) {
		int signal = pending;

		pending = 0;
		if (signal == SIGHUP)
			close(master);
		else if (signal)
			kill(child, signal);
		/* Whoever is writing at this moment takes the room as well. */
		if (looks < FULL_LOOKS) {
			looks = poll(&room, 1, 0) == 0 ? looks + 1 : 0;
			if (looks == FULL_LOOKS)
				fputs("frozen_terminal: full\n", stderr);
		}
		nanosleep(&pause, NULL);
	}
	return status;
}

int main(int argc, char **argv)
{
	const int handed_on[] = { SIGTERM, SIGINT, SIGHUP };
	struct sigaction action = { .sa_handler = note };
	static char words[1 << 17];
	int status, master, slave;
	ssize_t length;
	pid_t child;

	if (argc < 2)
		return 2;
	for (int i = 0; i < 3; i++)
		sigaction(handed_on[i], &action, NULL);
	child = start(argv + 1, &master, &slave);
	status = wait_for(child, master, slave);
	if (fcntl(master, F_SETFL, O_NONBLOCK) == 0)
		while ((length = read(master, words, sizeof(words))) > 0)
			fwrite(words, 1, length, stdout);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
