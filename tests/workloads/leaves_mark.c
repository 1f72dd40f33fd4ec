/* leaves_mark: a library that makes the file named by $LEAVES_MARK as soon as it is loaded. What
 * somebody leaves in a folder for root to load. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((constructor)) static void loaded(void)
{
	const char *path = getenv("LEAVES_MARK");
	int fd = path ? open(path, O_CREAT | O_WRONLY, 0644) : -1;

	if (fd >= 0)
		close(fd);
}
