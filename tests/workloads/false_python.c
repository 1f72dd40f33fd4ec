/*
 * Exports what CPython 3.11 does and is none: structures that lie, and change while they are read. By its first
 * argument; the second is how many milliseconds.
 *
 * sound      a chain of two functions, `outer` and `inner` of /false/python.py: what the others damage
 * cycle      a frame whose caller is itself
 * garbage    code objects that are anything but
 * texts      names of enormous and negative lengths, of kinds that there are none of, and at addresses of nothing
 * changing   all of it, changed by a thread all the time
 * threads    a list of threads that leads in a circle and has none of ours
 */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* Offsets of 3.11: packages/profiler/src/interpreters/cpython/layouts.ts. */
uint64_t _PyRuntime[64];
uint64_t PyCode_Type[64];
const uint64_t Py_Version = 0x030b07f0;

static uint64_t interpreter[64], thread[64], cframe[4];
static uint64_t frames[2][16], code[2][32];
static struct {
	uint64_t head[6]; /* ob_refcnt, ob_type, length, hash, state, wstr */
	char text[64];
} file, names[2];
static volatile int going = 1;
static volatile uint64_t burnt;

static void text(void *to, const char *characters)
{
	uint64_t *head = to;

	head[2] = strlen(characters);
	head[3] = 0x1234567 + head[2];
	head[4] = 1 << 2 | 1 << 5 | 1 << 6 | 1 << 7; /* kind 1, compact, ascii, ready */
	strcpy((char *)(head + 6), characters);
}

static void make(void)
{
	text(&file, "/false/python.py");
	text(&names[0], "inner");
	text(&names[1], "outer");
	_PyRuntime[40 / 8] = (uint64_t)interpreter;
	interpreter[16 / 8] = (uint64_t)thread;
	thread[152 / 8] = (uint64_t)pthread_self();
	thread[56 / 8] = (uint64_t)cframe;
	cframe[8 / 8] = (uint64_t)frames[0];
	for (int i = 0; i < 2; i++) {
		code[i][8 / 8] = (uint64_t)PyCode_Type;
		code[i][112 / 8] = (uint64_t)&file;
		code[i][128 / 8] = (uint64_t)&names[i];
		code[i][72 / 8] = 10 + i;
		frames[i][32 / 8] = (uint64_t)code[i];
		frames[i][48 / 8] = i == 0 ? (uint64_t)frames[1] : 0;
		*((char *)frames[i] + 68) = i; /* is_entry */
	}
}

static double now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1e3 + at.tv_nsec / 1e6;
}

__attribute__((noinline)) void _PyEval_EvalFrameDefault(double until)
{
	while (now() < until)
		for (int i = 0; i < 10000; i++)
			burnt += i;
}

/* Any word of any of them becomes another pointer, a number, or what it was. */
static void *change(void *unused)
{
	uint64_t *places[] = { frames[0], frames[1], code[0], code[1], file.head, names[0].head, names[1].head, cframe };
	unsigned seed = 1;

	(void)unused;
	while (going) {
		uint64_t *place = places[rand_r(&seed) % 8];
		int at = rand_r(&seed) % (place == cframe ? 4 : 6);
		uint64_t values[] = { 0, 8, (uint64_t)frames[1], (uint64_t)code[1], (uint64_t)&names[1], ~0ULL,
				      1ULL << 40, (uint64_t)rand_r(&seed) };

		place[at] = values[rand_r(&seed) % 8];
		if (rand_r(&seed) % 4 == 0)
			make();
	}
	return NULL;
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "sound";
	double until = now() + (argc > 2 ? atof(argv[2]) : 1000);
	pthread_t changing;

	make();
	if (!strcmp(how, "cycle")) {
		frames[0][48 / 8] = (uint64_t)frames[0];
	} else if (!strcmp(how, "garbage")) {
		for (int i = 0; i < 32; i++)
			code[1][i] = 0x4141414141414141ULL * (i + 1);
		frames[1][48 / 8] = (uint64_t)main;
		*((char *)frames[1] + 68) = 0;
	} else if (!strcmp(how, "texts")) {
		names[0].head[2] = ~0ULL;
		names[1].head[2] = 1 << 20;
		file.head[4] |= 7 << 2;
	} else if (!strcmp(how, "threads")) {
		thread[152 / 8] = 1;
		thread[8 / 8] = (uint64_t)thread;
	} else if (!strcmp(how, "changing")) {
		pthread_create(&changing, NULL, change, NULL);
	}
	_PyEval_EvalFrameDefault(until);
	going = 0;
	if (!strcmp(how, "changing"))
		pthread_join(changing, NULL);
	return 0;
}
