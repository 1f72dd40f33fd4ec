/*
 * Waits until the kernel wakes the readers of a ring, on a thread that runs no JavaScript. On Bun it is a
 * thread of our own that tells the event loop through a socket; on Deno, whose calls may block on a thread of
 * its pool, the call that waits. Why, and what was measured: docs/adr/0001-waiting.md.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "thread.h"
#include "waggle.h"

struct waggle_poll {
	int epoll;
	/* Wakes the one who waits, for good. */
	int stop;
	/* The thread's end of the pair. */
	int socket;
};

static int watch(int epoll, int descriptor)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) ? -errno : 0;
}

void waggle_poll_free(struct waggle_poll *poll)
{
	if (poll->epoll >= 0)
		close(poll->epoll);
	if (poll->stop >= 0)
		close(poll->stop);
	if (poll->socket >= 0)
		close(poll->socket);
	free(poll);
}

struct waggle_poll *waggle_poll_open(const int32_t *descriptors, uint32_t count)
{
	struct waggle_poll *poll = malloc(sizeof(*poll));
	int problem = 0;

	if (!poll)
		return NULL;
	poll->socket = -1;
	poll->epoll = epoll_create1(EPOLL_CLOEXEC);
	poll->stop = eventfd(0, EFD_CLOEXEC);
	if (poll->epoll < 0 || poll->stop < 0)
		problem = -errno;
	else
		problem = watch(poll->epoll, poll->stop);
	for (uint32_t i = 0; i < count && !problem; i++)
		problem = watch(poll->epoll, descriptors[i]);
	if (!problem)
		return poll;
	waggle_poll_free(poll);
	errno = -problem;
	return NULL;
}

int waggle_poll_wait(struct waggle_poll *poll)
{
	struct epoll_event event;

	return epoll_wait(poll->epoll, &event, 1, -1) < 0 ? -errno : 0;
}

void waggle_poll_stop(struct waggle_poll *poll)
{
	uint64_t one = 1;
	ssize_t written = write(poll->stop, &one, sizeof(one));

	(void)written;
}

/* A byte asks for one wait, a byte answers it. The other end is closed when nobody asks any more. */
static void *serve(void *argument)
{
	struct waggle_poll *poll = argument;
	char byte;

	prctl(PR_SET_NAME, "waggle poll");
	for (;;) {
		ssize_t got = read(poll->socket, &byte, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		waggle_poll_wait(poll);
		if (send(poll->socket, &byte, 1, MSG_NOSIGNAL) != 1)
			break;
	}
	waggle_poll_free(poll);
	return NULL;
}

int waggle_poll_thread(struct waggle_poll *poll)
{
	int pair[2], problem;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	poll->socket = pair[1];
	problem = start_thread(serve, poll);
	if (!problem)
		return pair[0];
	close(pair[0]);
	return problem;
}
