/*
 * jit_unwinding HOW MILLISECONDS
 * Burns that CPU time in `burn`, reached through generated code without frame pointers, which leaves a
 * number in their register: main - jit_outer - middle - jit_inner - burn. A fifth of it is burnt in
 * generated code itself, `jit_leaf`, which burn calls. All is described in a jitdump of the working directory, with
 * JIT_CODE_UNWINDING_INFO:
 *   at-once    before it is executed
 *   late       when the program ends, the file's header included
 *   copy       jit_outer before it is executed; jit_inner, a copy of it, never, and there is no jit_leaf
 *   growing    as at-once; every 20 ms all code is generated anew, elsewhere
 *   replaced   as growing, but where the code was before, with frames of another size
 *   fork       as at-once; a child burns the time
 *   memfd      as at-once; the code lies in a file of memory
 *   frames     as at-once, but jit_inner has a frame pointer, and no call frame information
 *   silent     as frames, and so has jit_outer
 * Half a second passes before the first code runs, so that whoever watches has heard of the file. x86-64
 * alone.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cpu_ms.h"

#define AREA_BYTES (1 << 20)
#define PIECE_BYTES 64

typedef void function(void);
typedef void caller(function *called);

struct code {
	uint8_t bytes[PIECE_BYTES];
	unsigned int size;
	uint8_t rules[32]; /* of the function, DWARF 5 section 6.4.2 */
	unsigned int rules_size;
};

static uint8_t *area, *writable;
static unsigned int used;
static FILE *dump;
static caller *outer, *inner;
static function *leaf;

static uint64_t monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static void put32(uint32_t value)
{
	fwrite(&value, sizeof(value), 1, dump);
}

static void put64(uint64_t value)
{
	fwrite(&value, sizeof(value), 1, dump);
}

static void open_dump(int buffered)
{
	static char buffer[1 << 16];
	char path[64];

	snprintf(path, sizeof(path), "jit-%d.dump", getpid());
	dump = fopen(path, "w+");
	if (!dump || setvbuf(dump, buffer, _IOFBF, sizeof(buffer)) != 0)
		exit(7);
	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fileno(dump), 0) == MAP_FAILED)
		exit(8);
	/* tools/perf/Documentation/jitdump-specification.txt */
	put32(0x4a695444);
	put32(1);
	put32(40);
	put32(62);
	put32(0);
	put32(getpid());
	put64(monotonic());
	put64(0);
	if (!buffered)
		fflush(dump);
}

/* An .eh_frame behind code of that size, aligned to 8 bytes, and no .eh_frame_hdr: nobody needs it. */
static void put_unwinding(const struct code *code)
{
	/* Version 1, "zR", factors 1 and -8, return address 16, relative addresses of 4 bytes; CFA is the
	 * stack pointer and 8, the return address is 8 below. */
	static const uint8_t cie[] = { 20, 0, 0, 0, 0,  0,    0, 0, 1, 'z', 'R', 0,
				       1,  0x78, 16, 1, 0x1b, 0x0c, 7, 8, 0x90, 1, 0, 0 };
	uint8_t fde[64] = { 0 };
	uint32_t length = 4 + 8 + 1 + code->rules_size;
	uint32_t padded = (length + 7) / 8 * 8 + 4;
	int32_t start = -(int32_t)((code->size + 7) / 8 * 8 + sizeof(cie) + 8);
	uint32_t cie_distance = sizeof(cie) + 4;
	uint32_t size = sizeof(cie) + 4 + padded + 4;

	memcpy(fde, &padded, 4);
	memcpy(fde + 4, &cie_distance, 4);
	memcpy(fde + 8, &start, 4);
	memcpy(fde + 12, &code->size, 4);
	memcpy(fde + 17, code->rules, code->rules_size);
	put32(4);
	put32(40 + size);
	put64(monotonic());
	put64(size);
	put64(0);
	put64(0);
	fwrite(cie, sizeof(cie), 1, dump);
	fwrite(fde, 4 + padded, 1, dump);
	put32(0);
}

static void put_load(const struct code *code, const char *name, const uint8_t *place)
{
	static uint64_t index;

	put32(0);
	put32(56 + strlen(name) + 1 + code->size);
	put64(monotonic());
	put32(getpid());
	put32(getpid());
	put64((uint64_t)place);
	put64((uint64_t)place);
	put64(code->size);
	put64(index++);
	fwrite(name, strlen(name) + 1, 1, dump);
	fwrite(code->bytes, code->size, 1, dump);
}

/* Calls what it is given, with a frame of so many bytes below what it has pushed. */
static struct code caller_code(uint8_t frame)
{
	struct code code = {
		.bytes = {
			0x55,                         /* push %rbp */
			0xbd, 0x10, 0, 0, 0,          /* mov $16, %ebp */
			0x48, 0x83, 0xec, frame,      /* sub $frame, %rsp */
			0xff, 0xd7,                   /* call *%rdi */
			0x48, 0x83, 0xc4, frame,      /* add $frame, %rsp */
			0x5d,                         /* pop %rbp */
			0xc3,                         /* ret */
		},
		.size = 18,
		.rules = {
			0x41, 0x0e, 16, 0x86, 2,      /* CFA: 16 above, %rbp at CFA - 16 */
			0x49, 0x0e, 16 + frame,
			0x46, 0x0e, 16,
			0x41, 0x0e, 8, 0xc6,
		},
		.rules_size = 15,
	};

	return code;
}

static struct code framed_code(void)
{
	struct code code = {
		.bytes = {
			0x55,                         /* push %rbp */
			0x48, 0x89, 0xe5,             /* mov %rsp, %rbp */
			0xff, 0xd7,                   /* call *%rdi */
			0x5d,                         /* pop %rbp */
			0xc3,                         /* ret */
		},
		.size = 8,
	};

	return code;
}

static struct code leaf_code(void)
{
	struct code code = {
		.bytes = {
			0x55,                         /* push %rbp */
			0xbd, 0x10, 0, 0, 0,          /* mov $16, %ebp */
			0xb9, 0x00, 0x00, 0x04, 0x00, /* mov $0x40000, %ecx */
			0xff, 0xc9,                   /* dec %ecx */
			0x75, 0xfc,                   /* jnz dec */
			0x5d,                         /* pop %rbp */
			0xc3,                         /* ret */
		},
		.size = 17,
		.rules = {
			0x41, 0x0e, 16, 0x86, 2,
			0x4f, 0x0e, 8, 0xc6,
		},
		.rules_size = 9,
	};

	return code;
}

static void open_area(int in_file)
{
	if (!in_file) {
		area = writable = mmap(NULL, AREA_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC,
				       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		return;
	}
	int file = memfd_create("code", 0);

	if (file < 0 || ftruncate(file, AREA_BYTES) != 0)
		exit(3);
	writable = mmap(NULL, AREA_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	area = mmap(NULL, AREA_BYTES, PROT_READ | PROT_EXEC, MAP_SHARED, file, 0);
}

/* Described unless it has no name. */
static void *generate(struct code code, const char *name)
{
	uint8_t *place = area + used;

	memcpy(writable + used, code.bytes, code.size);
	used = (used + 2 * PIECE_BYTES) % AREA_BYTES;
	if (name && code.rules_size)
		put_unwinding(&code);
	if (name)
		put_load(&code, name, place);
	return place;
}

static void generate_all(const char *how, unsigned int turn)
{
	int framed = strcmp(how, "frames") == 0 || strcmp(how, "silent") == 0;
	int copied = strcmp(how, "copy") == 0;

	outer = strcmp(how, "silent") == 0 ? generate(framed_code(), "jit_outer") :
					     generate(caller_code(turn % 2 ? 24 : 40), "jit_outer");
	inner = framed ? generate(framed_code(), "jit_inner") :
		copied ? generate(caller_code(40), NULL) :
			 generate(caller_code(turn % 2 ? 88 : 72), "jit_inner");
	leaf = copied || framed ? NULL : generate(leaf_code(), "jit_leaf");
	if (strcmp(how, "late") != 0)
		fflush(dump);
}

__attribute__((noinline, noclone)) static void burn(void)
{
	double begun = cpu_ms();
	volatile unsigned long sum = 0;

	while (cpu_ms() < begun + 4)
		for (unsigned long i = 0; i < 20000; i++)
			sum += i ^ sum;
	if (!leaf)
		return;
	for (begun = cpu_ms(); cpu_ms() < begun + 1;)
		leaf();
}

__attribute__((noinline, noclone)) static void middle(void)
{
	inner(burn);
	/* No jump to it. */
	__asm__ volatile("" ::: "memory");
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "at-once";
	double ends = argc > 2 ? atof(argv[2]) : 100;
	int renews = strcmp(how, "growing") == 0 || strcmp(how, "replaced") == 0;
	double renewed = 0;

	open_area(strcmp(how, "memfd") == 0);
	if (area == MAP_FAILED)
		return 4;
	open_dump(strcmp(how, "late") == 0);
	generate_all(how, 0);
	usleep(500000);
	if (strcmp(how, "fork") == 0 && fork() != 0)
		return wait(NULL) < 0;
	for (unsigned int turn = 1; cpu_ms() < ends;) {
		outer(middle);
		if (!renews || cpu_ms() < renewed + 20)
			continue;
		renewed = cpu_ms();
		if (strcmp(how, "replaced") == 0)
			used = 0;
		generate_all(how, turn++);
	}
	/* What is in the buffer is never written. */
	if (strcmp(how, "late") != 0)
		_exit(0);
	fclose(dump);
	return 0;
}
