// forged_callers MS: burns MS milliseconds of CPU in a function whose return address is, while it burns, one after
// the other of words that no address of user space is. Built with frame pointers.
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

static const uint64_t words[] = {
	1ULL << 62, 1ULL << 62 | 7, 1ULL << 62 | 9ULL << 32 | 7, 1ULL << 63 | 0x401000, 1ULL << 61 | 0x401000,
	1ULL << 53, ~0ULL, 0xdeadbeefcafef00dULL,
};

static uint64_t cpu_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

__attribute__((noinline)) void forged(uint64_t word)
{
	uint64_t *volatile frame = __builtin_frame_address(0);
	uint64_t caller = frame[1];

	*(volatile uint64_t *)&frame[1] = word;
	for (volatile int i = 0; i < 1000000; i++)
		;
	*(volatile uint64_t *)&frame[1] = caller;
}

int main(int argc, char **argv)
{
	uint64_t until = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000;

	for (unsigned round = 0; cpu_ms() < until; round++)
		forged(words[round % (sizeof(words) / sizeof(words[0]))]);
	return 0;
}
