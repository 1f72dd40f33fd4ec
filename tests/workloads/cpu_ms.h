/* CPU time of this process, in milliseconds: how long a workload has burnt. */
#ifndef CPU_MS_H
#define CPU_MS_H

#include <time.h>

static double cpu_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

#endif
