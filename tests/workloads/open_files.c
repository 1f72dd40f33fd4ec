/* open_files FOUND MISSING: opens a file that is there so many times, and one that is not. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int found = argc > 1 ? atoi(argv[1]) : 0, missing = argc > 2 ? atoi(argv[2]) : 0;

	for (int i = 0; i < found; i++) {
		int fd = open("/dev/null", O_RDONLY);

		if (fd < 0)
			return 1;
		close(fd);
	}
	for (int i = 0; i < missing; i++)
		if (open("/nonexistent", O_RDONLY) >= 0)
			return 1;
	return 0;
}
