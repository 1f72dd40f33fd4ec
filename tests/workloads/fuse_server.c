/*
 * fuse_server PROGRAM FOLDER
 * A file system in user space, mounted at FOLDER, with one file in it, `program`, that holds what PROGRAM
 * holds; it belongs to nobody, as that of a user belongs to him. Prints `up` when it is mounted. SIGUSR1: from
 * then on every request is taken and none is answered, which is when not even SIGKILL ends a process that waits
 * (request_wait_answer() of fs/fuse/dev.c). It ends with its stdin, and with it every wait. Spoken is the kernel's own protocol, <linux/fuse.h>.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define PROGRAM_NODE 2
#define MAX_REQUEST (256 * 1024)

static volatile sig_atomic_t is_mute;
static int device, program;
static struct stat program_stat;

static void mute(int signal)
{
	(void)signal;
	is_mute = 1;
}

static void answer(unsigned long long unique, int error, const void *body, size_t length)
{
	struct fuse_out_header header = {
		.len = sizeof(header) + length, .error = -error, .unique = unique,
	};
	struct iovec parts[] = { { &header, sizeof(header) }, { (void *)body, length } };

	if (writev(device, parts, 2) < 0 && errno != ENOENT)
		exit(1);
}

/* Nothing is kept by the kernel: each look at the file is a question. */
static struct fuse_attr attributes(unsigned long long node)
{
	struct fuse_attr attr = { .ino = node, .nlink = 1, .blksize = 4096 };

	if (node == PROGRAM_NODE) {
		attr.mode = S_IFREG | 0755;
		attr.size = program_stat.st_size;
		attr.mtime = attr.ctime = program_stat.st_mtime;
	} else {
		attr.mode = S_IFDIR | 0755;
	}
	return attr;
}

static void handle(const struct fuse_in_header *request)
{
	const void *body = request + 1;

	switch (request->opcode) {
	case FUSE_INIT: {
		const struct fuse_init_in *in = body;
		struct fuse_init_out out = {
			.major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION,
			.max_readahead = in->max_readahead, .max_write = 4096, .max_background = 16,
		};

		answer(request->unique, 0, &out, sizeof(out));
		return;
	}
	case FUSE_LOOKUP: {
		struct fuse_entry_out out = { .nodeid = PROGRAM_NODE, .attr = attributes(PROGRAM_NODE) };

		if (strcmp(body, "program"))
			answer(request->unique, ENOENT, NULL, 0);
		else
			answer(request->unique, 0, &out, sizeof(out));
		return;
	}
	case FUSE_GETATTR: {
		struct fuse_attr_out out = { .attr = attributes(request->nodeid) };

		answer(request->unique, 0, &out, sizeof(out));
		return;
	}
	case FUSE_OPEN: {
		struct fuse_open_out out = { .fh = 1 };

		answer(request->unique, 0, &out, sizeof(out));
		return;
	}
	case FUSE_READ: {
		const struct fuse_read_in *in = body;
		static char bytes[MAX_REQUEST];
		ssize_t length = pread(program, bytes, in->size < MAX_REQUEST ? in->size : MAX_REQUEST, in->offset);

		answer(request->unique, 0, bytes, length < 0 ? 0 : length);
		return;
	}
	/* Asked by who puts another file system on top. */
	case FUSE_STATFS: {
		struct fuse_statfs_out out = { .st = { .bsize = 4096, .namelen = 255 } };

		answer(request->unique, 0, &out, sizeof(out));
		return;
	}
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		return;
	case FUSE_RELEASE:
	/* Its nodes are what they are, with a name or without. */
	case FUSE_UNLINK:
		answer(request->unique, 0, NULL, 0);
		return;
	default:
		answer(request->unique, ENOSYS, NULL, 0);
	}
}

int main(int argc, char **argv)
{
	static char request[MAX_REQUEST];
	char options[128];

	if (argc != 3)
		return 2;
	signal(SIGUSR1, mute);
	program = open(argv[1], O_RDONLY);
	device = open("/dev/fuse", O_RDWR);
	if (program < 0 || device < 0 || fstat(program, &program_stat))
		return 1;
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=65534,group_id=65534,allow_other", device);
	if (mount("fuse_server", argv[2], "fuse", 0, options))
		return 1;
	for (;;) {
		struct pollfd ready[] = { { device, POLLIN, 0 }, { STDIN_FILENO, POLLIN, 0 } };

		if (poll(ready, 2, -1) < 0)
			continue;
		if (ready[1].revents || ready[0].revents & POLLERR)
			return 0;
		if (read(device, request, sizeof(request)) <= 0)
			continue;
		if (!is_mute)
			handle((struct fuse_in_header *)request);
		if (((struct fuse_in_header *)request)->opcode == FUSE_INIT) {
			puts("up");
			fflush(stdout);
		}
	}
}
