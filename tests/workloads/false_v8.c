/*
 * Exports what V8 of Node.js 24 does and is none: objects that lie, and change while they are read. By its first
 * argument; the second is how many milliseconds.
 *
 * sound      `outer` of /false/script.js calls `inner`: what the others damage
 * garbage    functions and what they lead to are anything but
 * texts      names of enormous lengths, of pieces that lead in a circle, and at addresses of nothing
 * changing   all of it, changed by a thread all the time
 * frames     frame pointers that lead in a circle
 *
 * With -DMAJOR=14 it says that it is newer, and with -DSILENT nothing of where functions have what they are called.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Values of 24: packages/profiler/src/interpreters/v8/recorded-symbols.ts. */
#define SAYS(name, value) extern const int32_t v8dbg_##name; const int32_t v8dbg_##name = value
extern const int32_t major __asm__("_ZN2v88internal7Version6major_E");
extern const int32_t minor __asm__("_ZN2v88internal7Version6minor_E");
#ifndef MAJOR
#define MAJOR 13
#endif
const int32_t major = MAJOR;
const int32_t minor = 6;
SAYS(HeapObjectTag, 1);
SAYS(HeapObjectTagMask, 3);
SAYS(SmiTag, 0);
SAYS(SmiTagMask, 1);
SAYS(SmiShiftSize, 31);
SAYS(StringRepresentationMask, 7);
SAYS(SeqStringTag, 0);
SAYS(ConsStringTag, 1);
SAYS(ExternalStringTag, 2);
SAYS(SlicedStringTag, 3);
SAYS(ThinStringTag, 5);
SAYS(OneByteStringTag, 8);
SAYS(TwoByteStringTag, 0);
SAYS(class_HeapObject__map__Map, 0);
SAYS(class_String__length__int32_t, 12);
SAYS(class_SeqOneByteString__chars__char, 16);
SAYS(class_SeqTwoByteString__chars__char, 16);
SAYS(class_ConsString__first__String, 16);
SAYS(class_ConsString__second__String, 24);
SAYS(class_ThinString__actual__String, 16);
SAYS(class_SlicedString__parent__String, 16);
SAYS(class_SlicedString__offset__SMI, 24);
SAYS(class_FixedArrayBase__length__SMI, 8);
SAYS(class_FixedArray__data__uintptr_t, 16);
SAYS(off_fp_context, -8);
SAYS(off_fp_function, -16);
SAYS(class_Map__instance_type__uint16_t, 12);
SAYS(FirstNonstringType, 128);
SAYS(scopeinfo_idx_ncontextlocals, 2);
SAYS(scopeinfo_idx_first_vars, 5);
SAYS(class_Script__source__Object, 8);
SAYS(class_Script__name__Object, 16);
SAYS(class_Script__line_ends__Object, 56);
SAYS(type_SharedFunctionInfo__SHARED_FUNCTION_INFO_TYPE, 282);
SAYS(type_ScopeInfo__SCOPE_INFO_TYPE, 280);
SAYS(type_Script__SCRIPT_TYPE, 167);
SAYS(type_FixedArray__FIXED_ARRAY_TYPE, 205);
SAYS(type_JSFunction__JS_FUNCTION_TYPE, 2065);
SAYS(FirstJSFunctionType, 2065);
SAYS(LastJSFunctionType, 2081);
#ifndef SILENT
SAYS(class_JSFunction__shared__SharedFunctionInfo, 32);
#endif
SAYS(class_SharedFunctionInfo__name_or_scope_info__Tagged_NameOrScopeInfoT_, 24);
SAYS(class_SharedFunctionInfo__script__Tagged_HeapObject_, 40);

#define OBJECT(pointer) ((uint64_t)(pointer) + 1)
#define SMALL(number) ((uint64_t)(number) << 32)

enum { STRING_MAP, CONS_MAP, FUNCTION_MAP, SHARED_MAP, SCOPE_MAP, SCRIPT_MAP, ARRAY_MAP, MAPS };

static uint64_t maps[MAPS][4];
static uint64_t functions[2][8], shared[2][8], scopes[2][12], script[12], ends[8];
static struct {
	uint64_t map;
	uint32_t hash;
	uint32_t length;
	char text[32];
} __attribute__((aligned(8))) file, names[2];
static uint64_t cons[4];
static volatile int going = 1;
static volatile uint64_t burnt;
static double until;

/* Code that V8 would have generated: a frame with a function and a context, which calls. Its size is said beside it. */
void js_call(uint64_t function, uint64_t context, void (*callee)(void));
#if defined(__x86_64__)
__asm__(".text\n.globl v8_Default_embedded_blob_code_\n.type v8_Default_embedded_blob_code_, @function\n"
	"v8_Default_embedded_blob_code_:\n.globl js_call\njs_call:\n"
	"push %rbp\nmov %rsp, %rbp\npush %rsi\npush %rdi\ncall *%rdx\nmov %rbp, %rsp\npop %rbp\nret\n"
	".Lend:\n.section .rodata\n.globl v8_Default_embedded_blob_code_size_\n"
	"v8_Default_embedded_blob_code_size_:\n.long .Lend - v8_Default_embedded_blob_code_\n.text\n");
#else
__asm__(".text\n.globl v8_Default_embedded_blob_code_\n.type v8_Default_embedded_blob_code_, %function\n"
	"v8_Default_embedded_blob_code_:\n.globl js_call\njs_call:\n"
	"stp x29, x30, [sp, #-16]!\nmov x29, sp\nstp x0, x1, [sp, #-16]!\nblr x2\nmov sp, x29\n"
	"ldp x29, x30, [sp], #16\nret\n"
	".Lend:\n.section .rodata\n.globl v8_Default_embedded_blob_code_size_\n"
	"v8_Default_embedded_blob_code_size_:\n.long .Lend - v8_Default_embedded_blob_code_\n.text\n");
#endif

static void text(void *to, const char *characters)
{
	uint64_t *head = to;

	head[0] = OBJECT(maps[STRING_MAP]);
	head[1] = SMALL(strlen(characters)) | 0x1234567;
	strcpy((char *)(head + 2), characters);
}

static void make(void)
{
	static const uint16_t types[MAPS] = { 8, 9, 2065, 282, 280, 167, 205 };

	for (int i = 0; i < MAPS; i++)
		((uint16_t *)maps[i])[6] = types[i];
	text(&file, "/false/script.js");
	text(&names[0], "inner");
	text(&names[1], "outer");
	ends[0] = OBJECT(maps[ARRAY_MAP]);
	ends[1] = SMALL(3);
	for (int i = 0; i < 3; i++)
		ends[2 + i] = SMALL(10 * (i + 1));
	script[0] = OBJECT(maps[SCRIPT_MAP]);
	script[1] = OBJECT(&file);
	script[2] = OBJECT(&file);
	script[7] = OBJECT(ends);
	for (int i = 0; i < 2; i++) {
		functions[i][0] = OBJECT(maps[FUNCTION_MAP]);
		functions[i][4] = OBJECT(shared[i]);
		shared[i][0] = OBJECT(maps[SHARED_MAP]);
		shared[i][3] = OBJECT(scopes[i]);
		shared[i][5] = OBJECT(script);
		scopes[i][0] = OBJECT(maps[SCOPE_MAP]);
		scopes[i][1] = 4 | 3 << 12; /* of a function, which has a name */
		scopes[i][3] = 0;
		scopes[i][4] = SMALL(5 + 10 * i);
		scopes[i][6] = OBJECT(&names[i]);
	}
}

static double now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1e3 + at.tv_nsec / 1e6;
}

static __attribute__((noinline)) void burn(void)
{
	while (now() < until)
		for (int i = 0; i < 10000; i++)
			burnt += i;
}

static void call_inner(void)
{
	js_call(OBJECT(functions[0]), OBJECT(scopes[0]), burn);
}

/* Its caller's frame is its own. Nothing returns from it. */
static void burn_in_circle(void)
{
	uint64_t *frame = __builtin_frame_address(0);
	uint64_t **caller = (uint64_t **)frame[0];

	*caller = (uint64_t *)caller;
	burn();
	exit(0);
}

/* Any word of any of them becomes another pointer, a number, or what it was. */
static void *change(void *unused)
{
	uint64_t *places[] = { functions[0], functions[1], shared[0], shared[1], scopes[0],
			       scopes[1],    script,	   ends,      &names[0].map, &file.map };
	unsigned seed = 1;

	(void)unused;
	while (going) {
		uint64_t *place = places[rand_r(&seed) % 10];
		uint64_t values[] = { 0, 1, OBJECT(functions[1]), OBJECT(scopes[1]), OBJECT(&names[1]), ~0ULL,
				      SMALL(1 << 29), SMALL(rand_r(&seed)) };

		place[rand_r(&seed) % 6] = values[rand_r(&seed) % 8];
		if (rand_r(&seed) % 4 == 0)
			make();
	}
	return NULL;
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "sound";
	pthread_t changing;

	until = now() + (argc > 2 ? atof(argv[2]) : 1000);
	make();
	if (!strcmp(how, "garbage")) {
		for (int i = 0; i < 8; i++)
			shared[0][i] = 0x4141414141414141ULL * (i + 1);
		functions[1][4] = OBJECT(main);
	} else if (!strcmp(how, "texts")) {
		cons[0] = OBJECT(maps[CONS_MAP]);
		cons[1] = SMALL(1 << 28) | 7;
		cons[2] = cons[3] = OBJECT(cons);
		scopes[0][6] = OBJECT(cons);
		names[1].length = 1 << 30;
		script[2] = 1;
	} else if (!strcmp(how, "changing")) {
		pthread_create(&changing, NULL, change, NULL);
	}
	if (!strcmp(how, "frames"))
		js_call(OBJECT(functions[0]), OBJECT(scopes[0]), burn_in_circle);
	else
		js_call(OBJECT(functions[1]), OBJECT(scopes[1]), call_inner);
	going = 0;
	if (!strcmp(how, "changing"))
		pthread_join(changing, NULL);
	return 0;
}
