/*
 * Bounds what SQLite does with a file that may be anybody's. Some pages that each have the next one as all of their children
 * are rows without an end, in a file of a hundred kilobytes, and the thread that asks for them does nothing else: no signal
 * is heard. SQLite loads this as one of its extensions (https://sqlite.org/loadext.html), which are told of its connection.
 */
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "waggle.h"

/* Of sqlite3.h. */
#define SQLITE_OK 0
#define SQLITE_NOMEM 7
#define SQLITE_UTF8 1
#define SQLITE_DETERMINISTIC 0x800
/* No view and no trigger of the file calls it. */
#define SQLITE_DIRECTONLY 0x80000
/* They may. */
#define SQLITE_INNOCUOUS 0x200000
#define SQLITE_TRACE_STMT 1
#define SQLITE_TRACE_ROW 4

struct sqlite3;
struct sqlite3_context;
struct sqlite3_value;

typedef void (*unused)(void);

/* The beginning of sqlite3_api_routines of sqlite3ext.h, which has only ever grown at its end. */
struct sqlite3_api_routines {
	void *(*aggregate_context)(struct sqlite3_context *, int bytes);
	unused before_interrupt[63];
	void (*interrupt)(struct sqlite3 *);
	unused before_progress_handler[10];
	void (*progress_handler)(struct sqlite3 *, int instructions, int (*)(void *), void *);
	unused before_result_int64[7];
	void (*result_int64)(struct sqlite3_context *, int64_t);
	unused before_user_data[17];
	void *(*user_data)(struct sqlite3_context *);
	unused before_value_int64[5];
	int64_t (*value_int64)(struct sqlite3_value *);
	unused before_create_function[54];
	int (*create_function)(struct sqlite3 *, const char *name, int arguments, int flags, void *data,
			       void (*call)(struct sqlite3_context *, int, struct sqlite3_value **), unused step,
			       unused final, void (*release)(void *));
	unused before_trace[51];
	int (*trace)(struct sqlite3 *, unsigned int events, int (*)(unsigned int, void *, void *, void *), void *);
	unused before_create_window_function[24];
	int (*create_window_function)(struct sqlite3 *, const char *name, int arguments, int flags, void *data,
				      void (*step)(struct sqlite3_context *, int, struct sqlite3_value **),
				      void (*final)(struct sqlite3_context *),
				      void (*value)(struct sqlite3_context *),
				      void (*inverse)(struct sqlite3_context *, int, struct sqlite3_value **),
				      void (*release)(void *));
};

/* Less than a millisecond of them. */
#define INSTRUCTIONS 10000
/* Those that are asked by turns are fewer. */
#define STATEMENTS 16
/* A schema is some rows, and is read before anybody has said what may be. */
#define FIRST_NANOSECONDS 1000000000ULL
#define FIRST_ROWS 10000

struct statement {
	const void *is;
	uint64_t rows;
	uint64_t seen;
};

struct bounds {
	struct sqlite3 *database;
	uint64_t nanoseconds;
	uint64_t rows;
	/* The CPU time of this thread when the next row was asked for; 0 until somebody looks. */
	uint64_t begun;
	uint64_t events;
	struct statement statements[STATEMENTS];
};

/* The same for all of a process. */
static const struct sqlite3_api_routines *sqlite;

static int is_beyond(void *argument)
{
	struct bounds *bounds = argument;
	struct timespec time;
	uint64_t now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	now = (uint64_t)time.tv_sec * 1000000000ULL + (uint64_t)time.tv_nsec;
	if (!bounds->begun)
		bounds->begun = now;
	return now - bounds->begun > bounds->nanoseconds;
}

/* A new one takes the place of the one that was not seen for longest. */
static struct statement *statement_of(struct bounds *bounds, const void *is)
{
	struct statement *oldest = bounds->statements;

	for (int i = 0; i < STATEMENTS; i++) {
		struct statement *each = &bounds->statements[i];

		if (each->is == is)
			return each;
		if (each->seen < oldest->seen)
			oldest = each;
	}
	oldest->is = is;
	oldest->rows = 0;
	return oldest;
}

static int on_event(unsigned int event, void *argument, void *is, void *detail)
{
	struct bounds *bounds = argument;
	struct statement *statement = statement_of(bounds, is);

	(void)detail;
	statement->seen = ++bounds->events;
	statement->rows = event == SQLITE_TRACE_STMT ? 0 : statement->rows + 1;
	bounds->begun = 0;
	/* Until none is being asked any more. */
	if (statement->rows > bounds->rows)
		sqlite->interrupt(bounds->database);
	return 0;
}

/* waggle_bound(MILLISECONDS, ROWS): what is asked from now on takes so much CPU time for a row, and has so many rows. */
static void set_bounds(struct sqlite3_context *context, int count, struct sqlite3_value **values)
{
	struct bounds *bounds = sqlite->user_data(context);

	(void)count;
	bounds->nanoseconds = (uint64_t)sqlite->value_int64(values[0]) * 1000000;
	bounds->rows = (uint64_t)sqlite->value_int64(values[1]);
}

/*
 * count(*), row by row. SQLite's own goes through all pages of a table in a single instruction, between which and the next
 * nobody is asked whether it has been too long.
 */
static void count_row(struct sqlite3_context *context, int count, struct sqlite3_value **values)
{
	int64_t *rows = sqlite->aggregate_context(context, sizeof(*rows));

	(void)count;
	(void)values;
	if (rows)
		++*rows;
}

static void uncount_row(struct sqlite3_context *context, int count, struct sqlite3_value **values)
{
	int64_t *rows = sqlite->aggregate_context(context, sizeof(*rows));

	(void)count;
	(void)values;
	if (rows)
		--*rows;
}

static void counted_rows(struct sqlite3_context *context)
{
	/* There is none where there was no row. */
	const int64_t *rows = sqlite->aggregate_context(context, 0);

	sqlite->result_int64(context, rows ? *rows : 0);
}

int waggle_bound_sqlite(struct sqlite3 *database, char **message, const struct sqlite3_api_routines *routines)
{
	struct bounds *bounds = calloc(1, sizeof(*bounds));
	int problem;

	(void)message;
	if (!bounds)
		return SQLITE_NOMEM;
	sqlite = routines;
	bounds->database = database;
	bounds->nanoseconds = FIRST_NANOSECONDS;
	bounds->rows = FIRST_ROWS;
	/* Frees them, also when it fails. */
	problem = sqlite->create_function(database, "waggle_bound", 2, SQLITE_UTF8 | SQLITE_DIRECTONLY, bounds,
					  set_bounds, NULL, NULL, free);
	if (problem)
		return problem;
	problem = sqlite->create_window_function(database, "count", 0,
						 SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, NULL, count_row,
						 counted_rows, counted_rows, uncount_row, NULL);
	if (problem)
		return problem;
	sqlite->progress_handler(database, INSTRUCTIONS, is_beyond, bounds);
	return sqlite->trace(database, SQLITE_TRACE_STMT | SQLITE_TRACE_ROW, on_event, bounds);
}
