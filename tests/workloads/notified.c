/*
 * notified ADDRESS: what a service manager is told by sd_notify(3), as systemd receives it: datagrams with the sender's
 * credentials, at a path or at an abstract name behind '@'. A line for each: the pid of the sender, and the message with
 * ' | ' in place of newlines. Prints "bound" first.
 */
#define _GNU_SOURCE
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;
	size_t length;

	if (argc != 2 || fd < 0 || strlen(argv[1]) >= sizeof(address.sun_path))
		return 2;
	strcpy(address.sun_path, argv[1]);
	length = offsetof(struct sockaddr_un, sun_path) + strlen(argv[1]);
	if (argv[1][0] == '@')
		address.sun_path[0] = 0;
	else
		length++;
	if (bind(fd, (struct sockaddr *)&address, length) || setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on))) {
		perror("bind");
		return 1;
	}
	puts("bound");
	fflush(stdout);
	for (;;) {
		char text[4096], control[CMSG_SPACE(sizeof(struct ucred))];
		struct iovec part = { .iov_base = text, .iov_len = sizeof(text) - 1 };
		struct msghdr message = {
			.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control),
		};
		ssize_t got = recvmsg(fd, &message, 0);
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		struct ucred sender = { 0 };

		if (got < 0)
			return 1;
		if (header && header->cmsg_type == SCM_CREDENTIALS)
			memcpy(&sender, CMSG_DATA(header), sizeof(sender));
		text[got] = 0;
		printf("%d ", sender.pid);
		for (char *at = text; *at; at++) {
			if (*at == '\n')
				fputs(" | ", stdout);
			else
				putchar(*at);
		}
		putchar('\n');
		fflush(stdout);
	}
}
