/*
 * claims_arguments MEBIBYTES SECONDS [FORKS]
 * Tells the kernel that its arguments and its environment are so many mebibytes of memory without content,
 * as anybody may (PR_SET_MM_MAP): as many empty arguments as bytes, at no cost of its own. Prints `claimed`, then
 * starts so many children a second, which end at once, and ends after so many seconds.
 */
#define _GNU_SOURCE
#include <linux/prctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* proc_pid_stat(5) */
enum { START_CODE = 26, END_CODE = 27, START_STACK = 28, START_DATA = 45, END_DATA = 46, START_BRK = 47, FIELDS = 52 };

static void read_layout(unsigned long long *fields)
{
	char text[4096];
	FILE *file = fopen("/proc/self/stat", "r");
	size_t length = fread(text, 1, sizeof(text) - 1, file);
	int number = 3;

	fclose(file);
	text[length] = 0;
	for (char *field = strtok(strrchr(text, ')') + 2, " "); field && number <= FIELDS; field = strtok(NULL, " "))
		fields[number++] = strtoull(field, NULL, 10);
}

int main(int argc, char **argv)
{
	unsigned long long fields[FIELDS + 1] = {0};
	struct prctl_mm_map map = {0};
	size_t size;
	char *claimed;
	int forks;
	time_t end;

	if (argc < 3)
		return 2;
	size = strtoul(argv[1], NULL, 10) << 20;
	end = time(NULL) + atoi(argv[2]);
	forks = argc > 3 ? atoi(argv[3]) : 0;
	claimed = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (claimed == MAP_FAILED)
		return 3;
	read_layout(fields);
	map.start_code = fields[START_CODE];
	map.end_code = fields[END_CODE];
	map.start_stack = fields[START_STACK];
	map.start_data = fields[START_DATA];
	map.end_data = fields[END_DATA];
	map.start_brk = fields[START_BRK];
	map.brk = (unsigned long)sbrk(0);
	map.arg_start = map.env_start = (unsigned long)claimed;
	map.arg_end = map.env_end = (unsigned long)claimed + size;
	map.exe_fd = -1;
	if (prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0) != 0)
		return 4;
	printf("claimed\n");
	fflush(stdout);
	while (time(NULL) < end) {
		if (forks > 0 && fork() == 0)
			_exit(0);
		usleep(forks > 0 ? 1000000 / forks : 100000);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	return 0;
}
