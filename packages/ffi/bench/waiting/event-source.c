/* Runs a loaded BPF program at random moments, RATE times a second on average, for SECONDS:
 * event-source PROGRAM_ID RATE SECONDS. Prints "<runs> <own CPU seconds>". Above 1000 a second
 * the runs come in groups, one group a millisecond. */
#include <bpf/bpf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static void sleep_until(double deadline)
{
	struct timespec time = {.tv_sec = deadline, .tv_nsec = (deadline - (long)deadline) * 1e9};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
}

int main(int argc, char **argv)
{
	char packet[64] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = packet, .data_size_in = sizeof(packet));
	double rate, end, next;
	struct rusage usage;
	long runs = 0;
	int program;

	if (argc != 4)
		return 2;
	program = bpf_prog_get_fd_by_id(atoi(argv[1]));
	if (program < 0)
		return 1;
	rate = atof(argv[2]);
	run.repeat = rate > 1000 ? rate / 1000 : 1;
	prctl(PR_SET_TIMERSLACK, 1);
	next = now();
	end = next + atof(argv[3]);
	for (;;) {
		/* Exponential gaps: processes do not start in step with anybody's timer. */
		next += -log(1 - drand48()) * run.repeat / rate;
		if (next > end)
			break;
		sleep_until(next);
		if (bpf_prog_test_run_opts(program, &run))
			return 1;
		runs += run.repeat;
	}
	sleep_until(end);
	getrusage(RUSAGE_SELF, &usage);
	printf("%ld %.6f\n", runs,
	       usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
		       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
	return 0;
}
