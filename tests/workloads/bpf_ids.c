/*
 * bpf_ids
 * Prints `prog ID`, `map ID` and `link ID` for everything of BPF that the kernel holds: what
 * `bpftool prog`, `map` and `link` list, by the same commands of bpf(2).
 */
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void list(const char *kind, int command)
{
	union bpf_attr attributes;
	unsigned int id = 0;

	for (;;) {
		memset(&attributes, 0, sizeof(attributes));
		attributes.start_id = id;
		if (syscall(__NR_bpf, command, &attributes, sizeof(attributes)))
			return;
		id = attributes.next_id;
		printf("%s %u\n", kind, id);
	}
}

int main(void)
{
	list("prog", BPF_PROG_GET_NEXT_ID);
	list("map", BPF_MAP_GET_NEXT_ID);
	list("link", BPF_LINK_GET_NEXT_ID);
	return 0;
}
