/*
 * Exports the tables that libjvm.so of Java 21 does and is none: structures that lie, and change while they are read. By
 * its first argument; the second is how many milliseconds. x86-64 alone: its generated code is bytes.
 *
 * sound      `False.outer`, interpreted, calls `False.inner`, compiled: what the others damage
 * garbage    methods, and what they lead to, are anything but
 * structs    offsets of fields are anything, as far as they are believed, and beyond
 * scopes     what is inlined leads in a circle, its places are 2^31, names are of 65,535 bytes at nowhere
 * segments   the map of code leads in a circle, and code is said to be everywhere
 * frames     the interpreted frame's caller is itself
 * changing   all of it, changed by a thread all the time
 */
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

/* Layouts of its own: offsets are what the tables say. The walk reads up to 512 bytes of each. */
struct symbol {
	uint16_t length;
	uint16_t hash[2];
	char body[58];
};

struct class {
	uint64_t unused[2];
	struct symbol *name;
	struct pool *pool;
};

struct pool {
	uint64_t unused[2];
	struct class *holder;
	uint16_t source_file;
	uint8_t rest[46];
	struct symbol *constants[12];
};

struct const_method {
	uint64_t unused;
	struct pool *pool;
	int32_t words;
	uint16_t code_bytes;
	uint32_t flags;
	uint16_t name;
	uint16_t signature;
	uint8_t code[96];
};

struct method {
	uint64_t unused;
	struct const_method *constant;
};

struct place {
	int32_t offset;
	int32_t scope;
	uint64_t unused;
};

struct blob {
	const char *name;
	int32_t frame_words;
	int32_t complete;
	char *begin;
	char *end;
	struct method *method;
	char *handler;
	uint8_t *scopes;
	int32_t compilation;
	int32_t original;
	int32_t metadata;
	int32_t places;
	int32_t places_end;
	uint8_t rest[160];
};

struct space {
	char *low;
	char *high;
};

struct heap {
	struct space memory;
	struct space segments;
	int32_t segment_shift;
};

struct array {
	int32_t length;
	struct heap **data;
};

#define BLOCK_BYTES 8192
#define HEADER_BYTES 16
#define SEGMENT_SHIFT 6
#define CODE_AT 512
#define METADATA_AT 2048
#define PLACES_AT 3072

/* src/hotspot/share/runtime/vmStructs.hpp */
struct field_entry {
	const char *class_name;
	const char *name;
	const char *type;
	int32_t is_static;
	uint64_t offset;
	void *address;
};

struct type_entry {
	const char *name;
	const char *super;
	int32_t is_oop;
	int32_t is_integer;
	int32_t is_unsigned;
	uint64_t size;
};

static struct array *heaps;
static int32_t major = 21;

#define FIELD(class, name, structure, member) { class, name, "", 0, offsetof(struct structure, member), NULL }

static struct field_entry fields[] = {
	{ "Abstract_VM_Version", "_vm_major_version", "", 1, 0, &major },
	{ "CodeCache", "_heaps", "", 1, 0, &heaps },
	FIELD("CodeBlob", "_name", blob, name),
	FIELD("CodeBlob", "_frame_complete_offset", blob, complete),
	FIELD("CodeBlob", "_frame_size", blob, frame_words),
	FIELD("CodeBlob", "_code_begin", blob, begin),
	FIELD("CodeBlob", "_code_end", blob, end),
	FIELD("CompiledMethod", "_method", blob, method),
	FIELD("CompiledMethod", "_deopt_handler_begin", blob, handler),
	FIELD("CompiledMethod", "_scopes_data_begin", blob, scopes),
	FIELD("nmethod", "_compile_id", blob, compilation),
	FIELD("nmethod", "_orig_pc_offset", blob, original),
	FIELD("nmethod", "_metadata_offset", blob, metadata),
	FIELD("nmethod", "_scopes_pcs_offset", blob, places),
	FIELD("nmethod", "_dependencies_offset", blob, places_end),
	FIELD("CodeHeap", "_memory", heap, memory),
	FIELD("CodeHeap", "_segmap", heap, segments),
	FIELD("CodeHeap", "_log2_segment_size", heap, segment_shift),
	FIELD("VirtualSpace", "_low_boundary", space, low),
	FIELD("VirtualSpace", "_high_boundary", space, high),
	FIELD("GrowableArrayBase", "_len", array, length),
	FIELD("GrowableArray<int>", "_data", array, data),
	FIELD("Method", "_constMethod", method, constant),
	FIELD("ConstMethod", "_constants", const_method, pool),
	FIELD("ConstMethod", "_constMethod_size", const_method, words),
	FIELD("ConstMethod", "_code_size", const_method, code_bytes),
	FIELD("ConstMethod", "_flags._flags", const_method, flags),
	FIELD("ConstMethod", "_name_index", const_method, name),
	FIELD("ConstMethod", "_signature_index", const_method, signature),
	FIELD("ConstantPool", "_pool_holder", pool, holder),
	FIELD("ConstantPool", "_source_file_name_index", pool, source_file),
	FIELD("InstanceKlass", "_constants", class, pool),
	FIELD("Klass", "_name", class, name),
	FIELD("Symbol", "_length", symbol, length),
	FIELD("Symbol", "_body[0]", symbol, body),
	FIELD("PcDesc", "_pc_offset", place, offset),
	FIELD("PcDesc", "_scope_decode_offset", place, scope),
	{ NULL, NULL, NULL, 0, 0, NULL },
};

static struct type_entry types[] = {
	{ "nmethod", "CompiledMethod", 0, 0, 0, sizeof(struct blob) },
	{ "HeapBlock", NULL, 0, 0, 0, HEADER_BYTES },
	{ "ConstMethod", "MetaspaceObj", 0, 0, 0, offsetof(struct const_method, code) },
	{ "ConstantPool", "Metadata", 0, 0, 0, offsetof(struct pool, constants) },
	{ "PcDesc", NULL, 0, 0, 0, sizeof(struct place) },
	{ NULL, NULL, 0, 0, 0, 0 },
};

struct field_entry *gHotSpotVMStructs = fields;
struct type_entry *gHotSpotVMTypes = types;

enum { CLASS_NAME = 1, SIGNATURE, SOURCE_FILE, OUTER, INNER };

static struct symbol symbols[8];
static struct class class;
static struct pool pool;
static struct const_method constants[2];
static struct method methods[2];
static struct heap heap, *heap_list[1] = { &heap };
static struct array array = { 1, heap_list };
static uint8_t segments[2 * BLOCK_BYTES >> SEGMENT_SHIFT];
static uint8_t scopes[64];
static char *memory;
static volatile int going = 1;
static volatile uint64_t burnt;
static double until;

/* An interpreted frame of a method, as src/hotspot/cpu/x86/frame_x86.hpp has it: calls its second argument. */
static const uint8_t INTERPRETED[] = {
	0x55,				/* push %rbp */
	0x48, 0x89, 0xe5,		/* mov %rsp, %rbp */
	0x48, 0x8d, 0x44, 0x24, 0x10,	/* lea 16(%rsp), %rax */
	0x50,				/* push %rax: what the caller's stack pointer was */
	0x6a, 0x00,			/* push $0 */
	0x57,				/* push %rdi: the method */
	0x6a, 0x00, 0x6a, 0x00, 0x6a, 0x00, 0x6a, 0x00, 0x6a, 0x00,
	0xff, 0xd6,			/* call *%rsi */
	0x48, 0x89, 0xec,		/* mov %rbp, %rsp */
	0x5d, 0xc3,			/* pop %rbp; ret */
};
/* A compiled one, of four words: calls its third argument. */
static const uint8_t COMPILED[] = {
	0x55,				/* push %rbp */
	0x48, 0x83, 0xec, 0x10,		/* sub $16, %rsp */
	0xff, 0xd2,			/* call *%rdx */
	0x48, 0x83, 0xc4, 0x10,		/* add $16, %rsp */
	0x5d, 0xc3,			/* pop %rbp; ret */
};

typedef void java_call(struct method *, void *, void (*)(void));

static void symbol_is(int index, const char *text)
{
	symbols[index].length = strlen(text);
	memcpy(symbols[index].body, text, strlen(text));
	pool.constants[index] = &symbols[index];
}

static struct blob *blob_of(int block)
{
	return (struct blob *)(memory + block * BLOCK_BYTES + HEADER_BYTES);
}

static void make_blob(int block, const char *name, const uint8_t *code, size_t bytes)
{
	struct blob *blob = blob_of(block);

	memset(blob, 0, sizeof(*blob));
	blob->name = name;
	blob->begin = memory + block * BLOCK_BYTES + CODE_AT;
	blob->end = blob->begin + bytes;
	blob->method = &methods[1];
	blob->frame_words = 4;
	blob->scopes = scopes;
	blob->compilation = 7;
	blob->metadata = METADATA_AT;
	blob->places = PLACES_AT;
	blob->places_end = PLACES_AT + sizeof(struct place);
	if (memcmp(blob->begin, code, bytes))
		memcpy(blob->begin, code, bytes);
	*(struct method **)((char *)blob + METADATA_AT) = &methods[1];
	*(struct place *)((char *)blob + PLACES_AT) = (struct place){ .offset = 4096, .scope = 1 };
}

static void make(void)
{
	symbol_is(CLASS_NAME, "False");
	symbol_is(SIGNATURE, "()V");
	symbol_is(SOURCE_FILE, "False.java");
	symbol_is(OUTER, "outer");
	symbol_is(INNER, "inner");
	class.name = &symbols[CLASS_NAME];
	class.pool = &pool;
	pool.holder = &class;
	pool.source_file = SOURCE_FILE;
	for (int i = 0; i < 2; i++) {
		constants[i].pool = &pool;
		constants[i].words = sizeof(constants[i]) / 8;
		constants[i].code_bytes = 8;
		constants[i].name = OUTER + i;
		constants[i].signature = SIGNATURE;
		methods[i].constant = &constants[i];
	}
	/* The caller of the scope: none. The first of the metadata, and bytecode 0: numbers without zeros. */
	scopes[1] = 1;
	scopes[2] = 2;
	scopes[3] = 2;
	heap.memory.low = memory;
	heap.memory.high = memory + 2 * BLOCK_BYTES;
	heap.segments.low = (char *)segments;
	heap.segments.high = (char *)segments + sizeof(segments);
	heap.segment_shift = SEGMENT_SHIFT;
	for (size_t i = 0; i < sizeof(segments); i++)
		segments[i] = i % (BLOCK_BYTES >> SEGMENT_SHIFT);
	array.length = 1;
	heaps = &array;
	make_blob(0, "Interpreter", INTERPRETED, sizeof(INTERPRETED));
	make_blob(1, "nmethod", COMPILED, sizeof(COMPILED));
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

/* Called by the interpreted frame alone, whose caller becomes itself. Nothing returns from it. */
static void burn_in_circle(void)
{
	uint64_t *frame = __builtin_frame_address(0);
	uint64_t *interpreted = (uint64_t *)frame[0];

	interpreted[0] = (uint64_t)interpreted;
	interpreted[1] = frame[1];
	interpreted[-1] = (uint64_t)interpreted;
	burn();
	exit(0);
}

/* Any word of any of them becomes another pointer, a number, or what it was. Code stays, or nothing runs. */
static void *change(void *unused)
{
	uint64_t *places[] = { (uint64_t *)&class,	  (uint64_t *)&pool,	   (uint64_t *)&constants[0],
			       (uint64_t *)&constants[1], (uint64_t *)&methods,	   (uint64_t *)blob_of(0),
			       (uint64_t *)blob_of(1),	  (uint64_t *)symbols,	   (uint64_t *)scopes,
			       (uint64_t *)segments,	  (uint64_t *)&heap,	   (uint64_t *)&fields[20],
			       (uint64_t *)&fields[2],	  (uint64_t *)(memory + BLOCK_BYTES + HEADER_BYTES + PLACES_AT) };
	unsigned seed = 1;

	(void)unused;
	while (going) {
		uint64_t *place = places[rand_r(&seed) % 14];
		uint64_t values[] = { 0, 1, (uint64_t)&methods[1], (uint64_t)&constants[0], (uint64_t)blob_of(1),
				      (uint64_t)&symbols[2], ~0ULL, (uint64_t)rand_r(&seed) << 16 | rand_r(&seed) };

		/* The table's own texts are for userspace, which has read them. */
		if (place >= (uint64_t *)fields && place < (uint64_t *)(fields + sizeof(fields) / sizeof(*fields)))
			place[4] = values[rand_r(&seed) % 8];
		else
			place[rand_r(&seed) % 8] = values[rand_r(&seed) % 8];
		if (rand_r(&seed) % 4 == 0)
			make();
	}
	return NULL;
}

static void damage(const char *how)
{
	if (!strcmp(how, "garbage")) {
		methods[0].constant = (void *)0x4141414141414148ULL;
		memset(&class, 0x41, sizeof(class));
	} else if (!strcmp(how, "structs")) {
		for (size_t i = 2; fields[i].name; i++)
			fields[i].offset = i % 3 == 0 ? 4088 - i : i * 37;
	} else if (!strcmp(how, "scopes")) {
		/* Each scope is called by itself, and by one behind it. */
		memset(scopes, 2, sizeof(scopes));
		blob_of(1)->places_end = 0x7fffffff;
		symbols[OUTER].length = 65535;
		pool.constants[INNER] = (void *)1;
		pool.constants[SOURCE_FILE] = (void *)~1ULL;
	} else if (!strcmp(how, "segments")) {
		memset(segments, 0xfe, sizeof(segments));
		heap.memory.low = (char *)8;
		heap.memory.high = (char *)~7ULL;
	}
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "sound";
	pthread_t changing;
	java_call *interpreted;
	void *compiled;

	until = now() + (argc > 2 ? atof(argv[2]) : 1000);
	memory = mmap(NULL, 2 * BLOCK_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return 1;
	make();
	interpreted = (java_call *)(uintptr_t)blob_of(0)->begin;
	compiled = blob_of(1)->begin;
	damage(how);
	if (!strcmp(how, "changing"))
		pthread_create(&changing, NULL, change, NULL);
	if (!strcmp(how, "frames"))
		interpreted(&methods[0], (void *)(uintptr_t)burn_in_circle, NULL);
	else
		interpreted(&methods[0], compiled, burn);
	going = 0;
	if (!strcmp(how, "changing"))
		pthread_join(changing, NULL);
	return 0;
}
