/* plt_calls MILLISECONDS: calls a function of the C library through the linkage table, over and over. */
#include <stdlib.h>
#include <time.h>

static volatile unsigned long sink;

__attribute__((noinline, noclone)) void calling(void)
{
	static const char number[] = "7";

	for (int i = 0; i < 20000; i++)
		sink += labs(sink) + (unsigned long)atoi(number);
}

int main(int argc, char **argv)
{
	clock_t end = clock() + (argc > 1 ? atol(argv[1]) : 300) * (CLOCKS_PER_SEC / 1000);

	while (clock() < end)
		calling();
	return 0;
}
