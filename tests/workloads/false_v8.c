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
 * The others have code in memory without a file, which `inner` was inlined into, with tables that say so:
 *
 * inlined    as it is
 * circle     what stands for operations of the table are others of it
 * endless    the table has more operations than anybody reads
 * shuffled   all of it, changed by a thread all the time
 *
 * With -DMAJOR=14 it says that it is newer, and with -DSILENT nothing of where functions have what they are called.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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
SAYS(type_Code__CODE_TYPE, 187);
SAYS(type_InstructionStream__INSTRUCTION_STREAM_TYPE, 192);
SAYS(type_ProtectedFixedArray__PROTECTED_FIXED_ARRAY_TYPE, 193);
SAYS(class_InstructionStream__instruction_start__uintptr_t, 32);
SAYS(CodeKindBaseline, 10);
#ifndef SILENT
SAYS(class_JSFunction__shared__SharedFunctionInfo, 32);
#endif
SAYS(class_SharedFunctionInfo__name_or_scope_info__Tagged_NameOrScopeInfoT_, 24);
SAYS(class_SharedFunctionInfo__script__Tagged_HeapObject_, 40);

#define OBJECT(pointer) ((uint64_t)(pointer) + 1)
#define SMALL(number) ((uint64_t)(number) << 32)

enum {
	STRING_MAP,
	CONS_MAP,
	FUNCTION_MAP,
	SHARED_MAP,
	SCOPE_MAP,
	SCRIPT_MAP,
	ARRAY_MAP,
	CODE_MAP,
	STREAM_MAP,
	DATA_MAP,
	MAPS
};

static uint64_t maps[MAPS][4];
static uint64_t functions[2][8], shared[2][8], scopes[2][12], script[12], ends[8];
static struct {
	uint64_t map;
	uint32_t hash;
	uint32_t length;
	char text[32];
} __attribute__((aligned(8))) file, names[2];
static uint64_t cons[4];
/* Of code that others were inlined into. */
static uint64_t code[16], data[20], literals[4];
static struct {
	uint64_t map;
	uint64_t length;
	uint8_t operations[1 << 16];
} translations;
static uint8_t *page; /* that the code is in */
static volatile int going = 1;
static volatile uint64_t burnt;
static double until;

/* Code that V8 would have generated: a frame with a function and a context, which calls. Its size is said beside it. */
void js_call(uint64_t function, uint64_t context, void (*callee)(void));
extern const uint8_t js_call_returns[], js_call_end[];
typedef void js_code(uint64_t function, uint64_t context, void (*callee)(void));
#if defined(__x86_64__)
__asm__(".text\n.globl v8_Default_embedded_blob_code_\n.type v8_Default_embedded_blob_code_, @function\n"
	"v8_Default_embedded_blob_code_:\n.globl js_call\njs_call:\n"
	"push %rbp\nmov %rsp, %rbp\npush %rsi\npush %rdi\ncall *%rdx\n.globl js_call_returns\njs_call_returns:\n"
	"mov %rbp, %rsp\npop %rbp\nret\n.globl js_call_end\njs_call_end:\n"
	".Lend:\n.section .rodata\n.globl v8_Default_embedded_blob_code_size_\n"
	"v8_Default_embedded_blob_code_size_:\n.long .Lend - v8_Default_embedded_blob_code_\n.text\n");
#else
__asm__(".text\n.globl v8_Default_embedded_blob_code_\n.type v8_Default_embedded_blob_code_, %function\n"
	"v8_Default_embedded_blob_code_:\n.globl js_call\njs_call:\n"
	"stp x29, x30, [sp, #-16]!\nmov x29, sp\nstp x0, x1, [sp, #-16]!\nblr x2\n.globl js_call_returns\n"
	"js_call_returns:\nmov sp, x29\nldp x29, x30, [sp], #16\nret\n.globl js_call_end\njs_call_end:\n"
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
	static const uint16_t types[MAPS] = { 8, 9, 2065, 282, 280, 167, 205, 187, 192, 193 };

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

/* Values of 24: packages/profiler/src/interpreters/v8/inlining.ts. */
#define STREAM_BYTES 32
#define CODE_ALIGNMENT 64
#define BEGINS 14
#define FUNCTION 1
#define OPTIMIZED_OUT 37
#define OPERATIONS 45
#define SIGNED(number) ((number) << 1)

/* `outer`, which `inner` was inlined into, where it calls. */
static void make_code(const char *how)
{
	static const uint8_t inlined[] = {
		BEGINS,	  0, SIGNED(2), SIGNED(2), /* functions */
		FUNCTION, 0, SIGNED(1), 0,	   0, /* the second literal: `outer` */
		FUNCTION, 0, SIGNED(0), 0,	   0,
	};
	uint8_t *start = page + CODE_ALIGNMENT;
	uint64_t *stream = (uint64_t *)(start - STREAM_BYTES);
	uint32_t size = js_call_end - (const uint8_t *)js_call;
	uint32_t head[3] = { 0, 1, 1 | 2 << 4 | 1 << 7 }; /* one entry: addresses of two bytes, numbers of one */
	uint8_t entry[5] = { js_call_returns - (const uint8_t *)js_call, 0, 1 };

	stream[0] = OBJECT(maps[STREAM_MAP]);
	stream[1] = OBJECT(code);
	memcpy(start, (const void *)js_call, size);
	memcpy(start + size, head, sizeof(head));
	memcpy(start + size + sizeof(head), entry, sizeof(entry));
	code[0] = OBJECT(maps[CODE_MAP]);
	code[1] = OBJECT(data);
	code[5] = (uint64_t)start;
	code[6] = SMALL(12 | 16); /* by TurboFan */
	code[7] = size;
	data[0] = OBJECT(maps[DATA_MAP]);
	data[1] = SMALL(18);
	data[2] = OBJECT(&translations);
	data[3] = SMALL(1);
	data[5] = OBJECT(literals);
	data[8] = SMALL(7);
	data[15] = 0; /* of the entry's translation */
	literals[0] = OBJECT(maps[ARRAY_MAP]);
	literals[1] = SMALL(2);
	literals[2] = OBJECT(shared[0]);
	literals[3] = OBJECT(shared[1]);
	translations.length = SMALL(sizeof(inlined));
	memcpy(translations.operations, inlined, sizeof(inlined));
	if (!strcmp(how, "circle")) {
		translations.length = SMALL(sizeof(translations.operations));
		memset(translations.operations + 9, OPERATIONS + 100, 1000);
	} else if (!strcmp(how, "endless")) {
		translations.length = SMALL(sizeof(translations.operations));
		memset(translations.operations + 9, OPTIMIZED_OUT, sizeof(translations.operations) - 9);
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

/* The same of what was inlined, and bytes of its table. */
static void *shuffle(void *unused)
{
	uint64_t *stream = (uint64_t *)(page + CODE_ALIGNMENT - STREAM_BYTES);
	uint64_t *places[] = { code, data, literals, stream, &translations.map };
	const unsigned words[] = { 8, 16, 4, 2, 2 };
	unsigned seed = 1;

	(void)unused;
	while (going) {
		unsigned place = rand_r(&seed) % 5;
		uint64_t values[] = { 0,	   1,	  OBJECT(code),	   OBJECT(shared[0]),	  OBJECT(maps[DATA_MAP]),
				      SMALL(1 << 29), ~0ULL, OBJECT(&translations), SMALL(rand_r(&seed)) };

		places[place][rand_r(&seed) % words[place]] = values[rand_r(&seed) % 9];
		translations.operations[rand_r(&seed) % 16] = rand_r(&seed);
		if (rand_r(&seed) % 4 == 0)
			make_code("inlined");
	}
	return NULL;
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
	} else if (!strcmp(how, "inlined") || !strcmp(how, "circle") || !strcmp(how, "endless") || !strcmp(how, "shuffled")) {
		page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		make_code(how);
	}
	if (!strcmp(how, "shuffled"))
		pthread_create(&changing, NULL, shuffle, NULL);
	if (!strcmp(how, "frames"))
		js_call(OBJECT(functions[0]), OBJECT(scopes[0]), burn_in_circle);
	else if (page)
		((js_code *)(page + CODE_ALIGNMENT))(OBJECT(functions[1]), OBJECT(scopes[1]), burn);
	else
		js_call(OBJECT(functions[1]), OBJECT(scopes[1]), call_inner);
	going = 0;
	if (!strcmp(how, "changing") || !strcmp(how, "shuffled"))
		pthread_join(changing, NULL);
	return 0;
}
