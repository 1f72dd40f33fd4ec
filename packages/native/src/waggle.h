/*
 * What waggle's library offers beside libbpf's own functions: what must not happen in JavaScript, or costs
 * too much there. packages/ffi/src/native/symbols.ts binds it; exports.map is the list of what can be bound.
 * Functions return 0 or more, or a negative errno, as libbpf's do.
 */
#ifndef WAGGLE_H
#define WAGGLE_H

#include <stdint.h>

/* All else is hidden: -fvisibility=hidden. */
#pragma GCC visibility push(default)

struct bpf_link;
struct bpf_object;
struct bpf_program;
struct sqlite3;
struct sqlite3_api_routines;
struct waggle_poll;

/* log.c: what libbpf and the verifier said on this thread since the last clear, but for debug messages. */
const char *waggle_log_text(void);
uint64_t waggle_log_length(void);
void waggle_log_clear(void);

/* load.c: bpf_object__load() that no signal interrupts. */
int waggle_object_load(struct bpf_object *object);

/*
 * attach.c: links, or NULL and errno. A cookie is what the program reads by bpf_get_attach_cookie(). Offsets
 * are those in the file; a semaphore's too, 0 for none. All processes: those that come later as well.
 */
struct bpf_link *waggle_attach_perf_event(const struct bpf_program *program, int32_t event, uint64_t cookie);
struct bpf_link *waggle_attach_uprobes(const struct bpf_program *program, const char *path,
				       const uint64_t *offsets, const uint64_t *semaphores,
				       const uint64_t *cookies, uint32_t count, uint32_t at_return);
struct bpf_link *waggle_attach_uprobe(const struct bpf_program *program, const char *path, uint64_t offset,
				      uint64_t semaphore, uint64_t cookie, uint32_t at_return);
struct bpf_link *waggle_attach_kprobes(const struct bpf_program *program, const uint64_t *addresses,
				       const uint64_t *cookies, uint32_t count, uint32_t at_return);
struct bpf_link *waggle_attach_kprobe(const struct bpf_program *program, const char *function, uint64_t offset,
				      uint64_t cookie, uint32_t at_return);
struct bpf_link *waggle_attach_raw_tracepoint(const struct bpf_program *program, const char *name, uint64_t cookie);
struct bpf_link *waggle_attach_tracepoint(const struct bpf_program *program, const char *system, const char *name,
					  uint64_t cookie);

/* kernel-types.c: while somebody holds them, the kernel's types are read once for all objects. */
void waggle_kernel_types_hold(void);
void waggle_kernel_types_release(void);

/*
 * poll.c. Open gives NULL and errno for a descriptor that cannot be polled. A thread owns what it was started
 * with, and gives the descriptor of a socket: a byte written to it asks for one wait, a byte from it answers,
 * closing it ends the thread. Before that, stop ends the wait.
 */
struct waggle_poll *waggle_poll_open(const int32_t *descriptors, uint32_t count);
int waggle_poll_wait(struct waggle_poll *poll);
void waggle_poll_stop(struct waggle_poll *poll);
void waggle_poll_free(struct waggle_poll *poll);
int waggle_poll_thread(struct waggle_poll *poll);

/*
 * deadline.c: disables perf events when so much time has passed. Gives a descriptor; closing it before then
 * means that they are left as they are.
 */
int waggle_disable_events(const int32_t *events, uint32_t count, uint64_t nanoseconds);

/* program-text.c: what is resident of the program's code goes, until it is used again. */
int waggle_release_program_text(void);

/*
 * bound-sqlite.c: what SQLite calls with a connection when it loads the library as an extension. From then on the connection
 * takes a bounded CPU time for each row, and has a bounded number of rows in each answer; what is beyond is SQLITE_INTERRUPT.
 * `SELECT waggle_bound(MILLISECONDS, ROWS)` says how much.
 */
int waggle_bound_sqlite(struct sqlite3 *database, char **message, const struct sqlite3_api_routines *routines);

/* spawn.c */
#define WAGGLE_SPAWN_PASS_ONLY 1
#define WAGGLE_SPAWN_MASK 2
#define WAGGLE_SPAWN_STOPPED 4
#define WAGGLE_SPAWN_USER 8
/* The descriptor for standard output is a terminal, and becomes its own: of a new session, and all three. */
#define WAGGLE_SPAWN_TERMINAL 16
/* In place of a descriptor for standard output: /dev/null. */
#define WAGGLE_SPAWN_NULL (-1)

struct waggle_spawn {
	/* Bit n - 1 for signal n: ignored from the start, where all others have their default action. */
	uint64_t ignored;
	/* With WAGGLE_SPAWN_MASK: those that are blocked. */
	uint64_t blocked;
	uint32_t flags;
	int32_t stdout_descriptor;
	uint32_t argument_count;
	uint32_t variable_count;
	/* With WAGGLE_SPAWN_PASS_ONLY: above 2, ascending; all others are closed. */
	uint32_t descriptor_count;
	uint32_t limit_count;
	/* With WAGGLE_SPAWN_USER: whose it is. The supplementary groups follow the descriptors. */
	uint32_t uid;
	uint32_t gid;
	uint32_t group_count;
	uint32_t reserved;
};

struct waggle_soft_limit {
	uint64_t resource;
	uint64_t soft;
};

/*
 * The pid of the new process, or why its program could not be started. Arguments and environment are strings
 * that lie one after the other, each with its NUL.
 */
int waggle_spawn(const struct waggle_spawn *request, const char *arguments, const char *environment,
		 const int32_t *descriptors, const struct waggle_soft_limit *limits);

/* record-line.c: how a value is written. Fields are offsets in the record. */
enum waggle_line_form {
	WAGGLE_LINE_NAME = 0,
	WAGGLE_LINE_U32 = 1,
	WAGGLE_LINE_U32_OR_NULL = 2,     /* null where it is `extra` */
	WAGGLE_LINE_U53 = 3,
	WAGGLE_LINE_U64 = 4,             /* in quotes */
	WAGGLE_LINE_U64_BARE = 5,        /* inside of a string */
	WAGGLE_LINE_SINCE = 6,           /* u64 less that at `extra`, in quotes */
	WAGGLE_LINE_BITS = 7,            /* eight bits of a u32, from bit `extra` on */
	WAGGLE_LINE_FLAG = 8,            /* whether a u32 has a bit of `extra` */
	WAGGLE_LINE_DEVICE = 9,
	WAGGLE_LINE_DEVICE_OR_NULL = 10, /* null where it is 0 */
	WAGGLE_LINE_NAMED = 11,          /* up to `extra` bytes, up to a NUL */
	WAGGLE_LINE_TIME = 12,           /* ns of CLOCK_BOOTTIME */
	WAGGLE_LINE_ID = 13,             /* u32 pid, u64 start at `extra`, u53 exec id at `more` */
	WAGGLE_LINE_PIECE = 14,          /* JSON of the request: its number is `extra` */
	WAGGLE_LINE_PAYLOAD = 15,        /* texts are read from `field` on */
	WAGGLE_LINE_SKIP = 16,           /* so many bytes of them */
	WAGGLE_LINE_TEXT = 17,           /* so many bytes: a string */
	WAGGLE_LINE_TEXT_OR_NULL = 18,
	WAGGLE_LINE_LIST = 19,           /* strings, a NUL behind each */
	WAGGLE_LINE_PATH = 20,           /* components, the leaf first, a NUL behind each */
	WAGGLE_LINE_STANDARD_FILES = 21, /* three states and three lengths */
	WAGGLE_LINE_OTHER_TEXT = 22,     /* bytes beside the record: their number is `extra` */
	WAGGLE_LINE_OTHER_LIST = 23,
	WAGGLE_LINE_LEAVE_OUT_IF = 24,   /* `more` steps, where a u32 has a bit of `extra` */
	WAGGLE_LINE_LEAVE_OUT_UNLESS = 25, /* where it has none of these */
};

struct waggle_line_step {
	uint32_t form;
	/* What is written before the value: a place in the texts, and bytes. */
	uint32_t name;
	uint32_t name_length;
	uint32_t field;
	uint32_t extra;
	uint32_t more;
};

#define WAGGLE_LINE_PIECES 5
#define WAGGLE_LINE_OTHERS 2

struct waggle_line_request {
	/* What records and other bytes are in. */
	const uint8_t *memory;
	/* Names and pieces. */
	const uint8_t *texts;
	int64_t realtime_offset;
	uint32_t record;
	uint32_t record_bytes;
	uint32_t boot_id;
	uint32_t boot_id_length;
	/* A place and bytes, of each. */
	int32_t pieces[2 * WAGGLE_LINE_PIECES];
	/* The same; -1 bytes: there is none, and null is written. */
	int32_t others[2 * WAGGLE_LINE_OTHERS];
};

/* The bytes that were written; 0 where the line is not usual, or longer than there is room. */
int32_t waggle_write_line(const struct waggle_line_request *request, const struct waggle_line_step *steps,
			  uint32_t count, uint8_t *out, uint32_t room);

#pragma GCC visibility pop

#endif
