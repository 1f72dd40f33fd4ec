/*
 * Ends events when their time is over, on a thread that only sleeps until then. A host that is busy with
 * samples of a high frequency gives the thread that takes them in no CPU, but wakes a sleeper in time.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "thread.h"
#include "waggle.h"

struct deadline {
	struct timespec at;
	/* Its other end is closed when nobody wants the end any more. */
	int cancelled;
	uint32_t count;
	int32_t events[];
};

/* The descriptors are our own: they stay the same events whatever the caller closes. */
static void release(struct deadline *deadline)
{
	for (uint32_t i = 0; i < deadline->count; i++)
		close(deadline->events[i]);
	if (deadline->cancelled >= 0)
		close(deadline->cancelled);
	free(deadline);
}

static int64_t left(const struct deadline *deadline)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (deadline->at.tv_sec - now.tv_sec) * 1000000000LL + deadline->at.tv_nsec - now.tv_nsec;
}

static void *sleep_until(void *argument)
{
	struct deadline *deadline = argument;
	struct pollfd cancelled = { .fd = deadline->cancelled };
	int64_t rest;

	prctl(PR_SET_NAME, "waggle deadline");
	while ((rest = left(deadline)) > 0) {
		struct timespec timeout = { .tv_sec = rest / 1000000000, .tv_nsec = rest % 1000000000 };

		if (ppoll(&cancelled, 1, &timeout, NULL) > 0)
			goto out;
	}
	for (uint32_t i = 0; i < deadline->count; i++)
		ioctl(deadline->events[i], PERF_EVENT_IOC_DISABLE, 0);
out:
	release(deadline);
	return NULL;
}

int waggle_disable_events(const int32_t *events, uint32_t count, uint64_t nanoseconds)
{
	struct deadline *deadline = malloc(sizeof(*deadline) + count * sizeof(*events));
	int ends[2], problem;

	if (!deadline)
		return -ENOMEM;
	deadline->cancelled = -1;
	deadline->count = 0;
	clock_gettime(CLOCK_MONOTONIC, &deadline->at);
	deadline->at.tv_sec += nanoseconds / 1000000000;
	deadline->at.tv_nsec += nanoseconds % 1000000000;
	while (deadline->count < count) {
		int own = fcntl(events[deadline->count], F_DUPFD_CLOEXEC, 0);

		if (own < 0) {
			problem = -errno;
			goto fail;
		}
		deadline->events[deadline->count++] = own;
	}
	if (pipe2(ends, O_CLOEXEC)) {
		problem = -errno;
		goto fail;
	}
	deadline->cancelled = ends[0];
	problem = start_thread(sleep_until, deadline);
	if (!problem)
		return ends[1];
	close(ends[1]);
fail:
	release(deadline);
	return problem;
}
