/*
 * Prints everything that a process inherits, one line each, but not who it is: two runs in the same
 * place print the same, whoever starts them. With arguments `wait` and a file's name it then waits for its
 * end, counting the signals it gets into the file; `clean MS` ends with 7 that long after the first one.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

extern char **environ;

static void print_signals(const char *name)
{
	char line[256];
	FILE *status = fopen("/proc/self/status", "r");

	while (status && fgets(line, sizeof(line), status))
		if (!strncmp(line, name, strlen(name)))
			printf("%s", line);
	if (status)
		fclose(status);
}

static void print_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	struct dirent *entry;
	char path[300], target[300];

	while (folder && (entry = readdir(folder))) {
		int fd = atoi(entry->d_name);
		ssize_t length;

		if (entry->d_name[0] == '.' || fd == dirfd(folder))
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		length = readlink(path, target, sizeof(target) - 1);
		target[length < 0 ? 0 : length] = 0;
		/* Standard output may be another, on purpose. */
		if (fd == 1)
			printf("fd 1 open\n");
		else
			printf("fd %d %s flags %o fd-flags %d\n", fd, target, fcntl(fd, F_GETFL),
			       fcntl(fd, F_GETFD));
	}
	if (folder)
		closedir(folder);
}

static void print_terminal(void)
{
	struct termios modes;
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);

	if (tty < 0) {
		printf("no terminal\n");
		return;
	}
	tcgetattr(tty, &modes);
	printf("terminal: foreground %d, modes %x %x %x %x\n", tcgetpgrp(tty) == getpgrp(),
	       modes.c_iflag, modes.c_oflag, modes.c_cflag, modes.c_lflag);
	close(tty);
}

static volatile int signals[65];
static const char *counts;
static int clean_ms = -1;

static void note(int signal)
{
	char line[64];
	int fd = open(counts, O_WRONLY | O_CREAT | O_APPEND, 0600);

	signals[signal]++;
	if (write(fd, line, snprintf(line, sizeof(line), "%d\n", signal)) < 0)
		_exit(99);
	close(fd);
	if (clean_ms >= 0 && signal != SIGUSR1 && signal != SIGUSR2 && signal != SIGHUP) {
		usleep(clean_ms * 1000);
		_exit(7);
	}
}

int main(int argc, char **argv)
{
	cpu_set_t cpus;

	printf("arguments");
	for (int i = 1; i < argc; i++)
		printf(" [%s]", argv[i]);
	printf("\nargv[0] %s\n", argv[0]);
	for (char **variable = environ; *variable; variable++)
		printf("environment %s\n", *variable);
	printf("group %d session %d\n", getpgrp(), getsid(0));
	printf("nice %d policy %d umask %o personality %x\n", getpriority(PRIO_PROCESS, 0),
	       sched_getscheduler(0), umask(0), personality(0xffffffff));
	for (int resource = 0; resource < RLIM_NLIMITS; resource++) {
		struct rlimit limit;

		getrlimit(resource, &limit);
		printf("limit %d %lx %lx\n", resource, limit.rlim_cur, limit.rlim_max);
	}
	printf("slack %d dumpable %d death signal ", prctl(PR_GET_TIMERSLACK), prctl(PR_GET_DUMPABLE));
	int death = -1;
	prctl(PR_GET_PDEATHSIG, &death);
	printf("%d new-privileges %d thp %d\n", death, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0),
	       prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
	CPU_ZERO(&cpus);
	sched_getaffinity(0, sizeof(cpus), &cpus);
	printf("cpus %d\n", CPU_COUNT(&cpus));
	char folder[4096];
	printf("folder %s\n", getcwd(folder, sizeof(folder)));
	FILE *score = fopen("/proc/self/oom_score_adj", "r");
	int adjustment = 0;
	if (score && fscanf(score, "%d", &adjustment) == 1)
		printf("oom %d\n", adjustment);
	if (score)
		fclose(score);
	print_signals("SigPnd");
	print_signals("ShdPnd");
	print_signals("SigBlk");
	print_signals("SigIgn");
	print_signals("SigCgt");
	print_signals("Cap");
	print_signals("Seccomp");
	print_descriptors();
	print_terminal();
	fflush(stdout);
	if (argc >= 3 && !strcmp(argv[1], "wait")) {
		counts = argv[2];
		if (argc >= 5 && !strcmp(argv[3], "clean"))
			clean_ms = atoi(argv[4]);
		for (int signal = 1; signal < 32; signal++)
			if (signal == SIGINT || signal == SIGTERM || signal == SIGHUP ||
			    signal == SIGQUIT || signal == SIGUSR1 || signal == SIGUSR2) {
				struct sigaction action = { .sa_handler = note };
				struct sigaction before;

				sigaction(signal, NULL, &before);
				if (before.sa_handler != SIG_IGN)
					sigaction(signal, &action, NULL);
			}
		close(open(counts, O_WRONLY | O_CREAT | O_APPEND, 0600));
		for (;;)
			pause();
	}
	return 0;
}
