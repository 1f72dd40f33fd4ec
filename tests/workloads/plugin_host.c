/*
 * plugin_host
 * Does what the lines on its standard input say, and answers each with one: `open LIBRARY` (answers
 * where the library's burn() is), `burn MILLISECONDS` in the library, `close`. Ends with its input,
 * by _exit: the library may have been written over, and none of its code must run then.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
	char line[4096];
	void *library = NULL;
	void (*burn)(double) = NULL;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		if (strncmp(line, "open ", 5) == 0) {
			library = dlopen(line + 5, RTLD_NOW);
			if (!library) {
				printf("failed: %s\n", dlerror());
				continue;
			}
			burn = (void (*)(double))dlsym(library, "burn");
			printf("opened at %p\n", (void *)burn);
		} else if (strncmp(line, "burn ", 5) == 0 && burn) {
			burn(atof(line + 5));
			puts("burnt");
		} else if (strcmp(line, "close") == 0 && library) {
			dlclose(library);
			puts("closed");
		} else {
			puts("failed: what?");
		}
	}
	_exit(0);
}
