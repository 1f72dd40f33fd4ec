/*
 * An interpreter of our own, small enough to be read: bytecode, functions with names and lines, frames that are a list. Its
 * program `shares` burns CPU in `heavy` and `light`, 60 to 40 by a count of operations, called by `main`; in `recurse` a
 * function has called itself 40 times at most, and each of those calls `leaf`; in `back` bytecode calls a native function that
 * runs bytecode, in a loop of its own; `ring` is as `shares`, behind frames without an end, half of whose code is none.
 *
 *   tiny SECONDS [PROGRAM [THREADS]]     PROGRAM: shares (default), recurse, back, ring
 *
 * What a profiler has to know stands in `tiny_offsets`, in the order of enum tiny_offset.
 */
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TINY_MAGIC 0x796e6974 /* "tiny" */

enum operation { OP_CALL, OP_NATIVE, OP_BURN, OP_RETURN };

struct text {
	uint32_t length;
	char bytes[60];
};

struct function {
	uint32_t magic;
	uint32_t line;
	struct text *name;
	const char *file;
	uint8_t code[16]; /* operations with an operand each */
};

struct closure {
	void *unused;
	struct function *function;
};

struct frame {
	struct closure *closure;
	struct frame *previous;
	uint32_t flags; /* FRAME_BEGINS */
	uint32_t at;
};

#define FRAME_BEGINS 4

struct thread {
	void *unused;
	struct frame *frame;
};

enum tiny_offset { IN_THREAD, IN_FRAME_PREVIOUS, IN_FRAME_FLAGS, IN_CLOSURE_FUNCTION, IN_FUNCTION_NAME, OFFSETS };

__attribute__((used)) const uint32_t tiny_offsets[OFFSETS] = {
	[IN_THREAD] = offsetof(struct thread, frame),
	[IN_FRAME_PREVIOUS] = offsetof(struct frame, previous),
	[IN_FRAME_FLAGS] = offsetof(struct frame, flags),
	[IN_CLOSURE_FUNCTION] = offsetof(struct closure, function),
	[IN_FUNCTION_NAME] = offsetof(struct function, name),
};

_Thread_local struct thread *tiny_thread;

enum function_number { F_MAIN, F_HEAVY, F_LIGHT, F_BURN, F_RECURSE, F_LEAF, F_CALLS_BACK, F_BACK, FUNCTIONS };

static struct closure closures[FUNCTIONS];
static uint64_t ends_at;
static int is_ring;

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

__attribute__((noinline)) void tiny_run(struct closure *closure);

/* Bytecode calls C, which calls bytecode: a loop above a loop. */
__attribute__((noinline)) void tiny_native(int number)
{
	tiny_run(&closures[number]);
	__asm__ volatile("");
}

__attribute__((noinline)) void tiny_run(struct closure *closure)
{
	struct thread *thread = tiny_thread;
	struct frame frames[160];
	struct frame *frame = &frames[0], *before = thread->frame;
	volatile uint64_t sum = 0;

	*frame = (struct frame){ .closure = closure, .previous = before, .flags = FRAME_BEGINS };
	thread->frame = frame;
	for (;;) {
		uint8_t *code = &frame->closure->function->code[frame->at];

		frame->at += 2;
		switch (code[0]) {
		case OP_CALL:
			/* A recursion comes to an end. */
			if (frame - frames >= 40 && &closures[code[1]] == frame->closure)
				break;
			frame[1] = (struct frame){ .closure = &closures[code[1]], .previous = frame };
			thread->frame = ++frame;
			break;
		case OP_NATIVE:
			tiny_native(code[1]);
			break;
		case OP_BURN:
			for (uint64_t i = 0; i < code[1] * 10000ULL; i++)
				sum += i;
			break;
		case OP_RETURN:
			thread->frame = frame->previous;
			if (frame == frames)
				return;
			frame--;
			break;
		}
	}
}

static void define(int number, const char *name, int line, const uint8_t *code, size_t bytes)
{
	struct function *function = calloc(1, sizeof(*function));
	struct text *text = calloc(1, sizeof(*text));

	text->length = strlen(name);
	memcpy(text->bytes, name, text->length);
	/* No zero ends it. */
	text->bytes[text->length] = '!';
	*function = (struct function){ .magic = TINY_MAGIC, .line = line, .name = text, .file = "/srv/app.tiny" };
	memcpy(function->code, code, bytes);
	closures[number].function = function;
}

#define DEFINE(number, name, line, ...) \
	define(number, name, line, (const uint8_t[]){ __VA_ARGS__, OP_RETURN, 0 }, \
	       sizeof((const uint8_t[]){ __VA_ARGS__, OP_RETURN, 0 }))

static void *run(void *unused)
{
	struct thread thread = { 0 };
	struct closure garbage = { .function = (void *)8 };
	struct frame ring[2] = { { .closure = &closures[F_LEAF], .previous = &ring[1] },
				 { .closure = &garbage, .previous = &ring[0] } };

	if (is_ring)
		thread.frame = ring;
	tiny_thread = &thread;
	while (now() < ends_at)
		tiny_run(&closures[F_MAIN]);
	return unused;
}

int main(int argc, char **argv)
{
	const char *program = argc > 2 ? argv[2] : "shares";
	int threads = argc > 3 ? atoi(argv[3]) : 0;
	pthread_t others[16];

	ends_at = (argc > 1 ? atof(argv[1]) : 1) * 1e9;
	DEFINE(F_HEAVY, "heavy", 10, OP_BURN, 30, OP_BURN, 30);
	DEFINE(F_LIGHT, "light", 20, OP_BURN, 20, OP_CALL, F_BURN);
	DEFINE(F_BURN, "burn", 30, OP_BURN, 20);
	DEFINE(F_RECURSE, "recurse", 40, OP_CALL, F_RECURSE, OP_CALL, F_LEAF);
	DEFINE(F_LEAF, "leaf", 50, OP_BURN, 1);
	DEFINE(F_CALLS_BACK, "calls_back", 60, OP_NATIVE, F_BACK);
	DEFINE(F_BACK, "back", 70, OP_CALL, F_BURN);
	is_ring = !strcmp(program, "ring");
	if (!strcmp(program, "recurse"))
		DEFINE(F_MAIN, "main", 1, OP_CALL, F_RECURSE);
	else if (!strcmp(program, "back"))
		DEFINE(F_MAIN, "main", 1, OP_CALL, F_CALLS_BACK);
	else
		DEFINE(F_MAIN, "main", 1, OP_CALL, F_HEAVY, OP_CALL, F_LIGHT);
	for (int i = 0; i < threads && i < 16; i++)
		pthread_create(&others[i], NULL, run, NULL);
	run(NULL);
	for (int i = 0; i < threads && i < 16; i++)
		pthread_join(others[i], NULL);
	return 0;
}
