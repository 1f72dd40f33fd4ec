/*
 * A line of JSON from the bytes of a record. What the line is made of comes as steps from JavaScript, which knows
 * records and fields (packages/core/src/plugins/event-output/line-steps.ts): a field's name, and how its value
 * is written. Nothing here knows a record.
 *
 * Only what is usual is written: text is ASCII that a JSON string holds as it is, paths lie inside of the record, and
 * the year has four digits. For all else the result is 0, and the line is made of the event in JavaScript.
 */
#include "line-text.h"

#define BILLION 1000000000ULL
/* Above it, a number of JavaScript is not exact. */
#define MAX_SAFE_INTEGER ((1ULL << 53) - 1)
/* The first second of the year 10,000. */
#define LAST_SECOND 253402300800ULL
/* dev_t inside the kernel (include/linux/kdev_t.h) */
#define MINOR_BITS 20
/* include/uapi/linux/stat.h */
#define FILE_TYPE 0170000
#define FILE_IS_SOCKET 0140000
#define INODE_BYTES 8
/* standard_state of packages/bpf/bpf/lifecycle/records.h */
#define STANDARD_READS 1
#define STANDARD_WRITES 2
#define STANDARD_APPENDS 4
#define STANDARD_NAMELESS 8
#define STANDARD_AS_BEFORE 16
#define STANDARD_CUT 32
#define STANDARD_FILES 3

/* The next bytes of the payload; NULL where the record does not have them. */
static const uint8_t *take(struct line *line, uint64_t length)
{
	const uint8_t *from = line->payload;

	if ((uint64_t)(line->record_end - from) < length)
		return NULL;
	line->payload += length;
	return from;
}

/* As standardFilesOf() of packages/events has it. */
static int put_standard_file(struct line *line, uint32_t state, const uint8_t *from, uint64_t length)
{
	int reads = state & STANDARD_READS, writes = state & STANDARD_WRITES;
	uint64_t inode = 0;

	if (!state) {
		put(line, '-');
		return 1;
	}
	/* What stands there for a path whose beginning is missing is no ASCII. */
	if (state & STANDARD_CUT)
		return 0;
	if (reads)
		put(line, '<');
	if (writes)
		put(line, '>');
	if (writes && !reads && state & STANDARD_APPENDS)
		put(line, '>');
	if (!(state & STANDARD_NAMELESS))
		return put_path(line, from, length);
	if ((state & FILE_TYPE) == FILE_IS_SOCKET)
		put_bytes(line, "socket:[", 8);
	else
		put_bytes(line, "pipe:[", 6);
	for (uint64_t at = length < INODE_BYTES ? length : INODE_BYTES; at > 0; at--)
		inode = inode << 8 | from[at - 1];
	put_number(line, inode);
	put(line, ']');
	return 1;
}

/* Three states, and behind them three lengths. */
static int put_standard_files(struct line *line, const uint8_t *states)
{
	const uint8_t *before = NULL, *begin;

	put(line, '[');
	for (int file = 0; file < STANDARD_FILES; file++) {
		uint32_t state = u32_at(states + 4 * file);
		uint64_t length = u32_at(states + 4 * (STANDARD_FILES + file));
		const uint8_t *from = take(line, length);

		if (!from || !has_room(line, 2 * STEP_BYTES))
			return 0;
		if (file)
			put(line, ',');
		begin = line->out;
		if (state & STANDARD_AS_BEFORE && before) {
			uint64_t same = line->out - 1 - before;

			if (!has_room(line, same + STEP_BYTES))
				return 0;
			put_bytes(line, before, same);
		} else {
			put(line, '"');
			if (!put_standard_file(line, state & STANDARD_AS_BEFORE ? 0 : state, from, length))
				return 0;
			put(line, '"');
		}
		before = begin;
	}
	put(line, ']');
	return 1;
}

/* RFC 3339. Days to a date: Howard Hinnant, chrono-compatible low-level date algorithms, civil_from_days(). */
static int put_time(struct line *line, uint64_t boot_ns)
{
	uint64_t seconds, of_day, days, era, of_era, year, of_year, month;
	int64_t ns;

	if (boot_ns > INT64_MAX || __builtin_add_overflow((int64_t)boot_ns, line->request->realtime_offset, &ns) ||
	    ns < 0)
		return 0;
	seconds = ns / BILLION;
	if (seconds >= LAST_SECOND)
		return 0;
	of_day = seconds % 86400;
	days = seconds / 86400 + 719468;
	era = days / 146097;
	of_era = days % 146097;
	year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	of_year = of_era - (365 * year + year / 4 - year / 100);
	month = (5 * of_year + 2) / 153;
	put_padded(line, year + era * 400 + (month >= 10), 4);
	put(line, '-');
	put_padded(line, month < 10 ? month + 3 : month - 9, 2);
	put(line, '-');
	put_padded(line, of_year - (153 * month + 2) / 5 + 1, 2);
	put(line, 'T');
	put_padded(line, of_day / 3600, 2);
	put(line, ':');
	put_padded(line, of_day / 60 % 60, 2);
	put(line, ':');
	put_padded(line, of_day % 60, 2);
	put(line, '.');
	put_padded(line, ns % BILLION, 9);
	put(line, 'Z');
	return 1;
}

/* A process's image: the boot's id, pid, start and number of the exec. */
static int put_id(struct line *line, uint32_t pid, uint64_t start, uint64_t exec_id)
{
	const struct waggle_line_request *request = line->request;

	if (!has_room(line, request->boot_id_length + STEP_BYTES) || exec_id > MAX_SAFE_INTEGER)
		return 0;
	put_bytes(line, request->texts + request->boot_id, request->boot_id_length);
	put(line, '-');
	put_number(line, pid);
	put(line, '-');
	put_number(line, start);
	put(line, '-');
	put_number(line, exec_id);
	return 1;
}

static void put_device(struct line *line, uint32_t device)
{
	put(line, '"');
	put_number(line, device >> MINOR_BITS);
	put(line, ':');
	put_number(line, device & ((1U << MINOR_BITS) - 1));
	put(line, '"');
}

/* 1, or 0 where the line is not one of the usual ones. */
static int put_value(struct line *line, const struct waggle_line_step *step)
{
	const struct waggle_line_request *request = line->request;
	const uint8_t *field = line->record + step->field, *from;
	const int32_t *place;
	uint64_t value, length;

	switch (step->form) {
	case WAGGLE_LINE_NAME:
		return 1;
	case WAGGLE_LINE_U32:
		put_number(line, u32_at(field));
		return 1;
	case WAGGLE_LINE_U32_OR_NULL:
		if (u32_at(field) == step->extra)
			put_null(line);
		else
			put_number(line, u32_at(field));
		return 1;
	case WAGGLE_LINE_U53:
		value = u64_at(field);
		put_number(line, value);
		return value <= MAX_SAFE_INTEGER;
	case WAGGLE_LINE_U64:
		put_quoted_number(line, u64_at(field));
		return 1;
	case WAGGLE_LINE_U64_BARE:
		put_number(line, u64_at(field));
		return 1;
	case WAGGLE_LINE_SINCE:
		value = u64_at(line->record + step->extra);
		put_quoted_number(line, u64_at(field) - value);
		return u64_at(field) >= value;
	case WAGGLE_LINE_BITS:
		put_number(line, u32_at(field) >> (step->extra & 31) & 0xff);
		return 1;
	case WAGGLE_LINE_FLAG:
		put_flag(line, (u32_at(field) & step->extra) != 0);
		return 1;
	case WAGGLE_LINE_DEVICE:
		put_device(line, u32_at(field));
		return 1;
	case WAGGLE_LINE_DEVICE_OR_NULL:
		if (u32_at(field))
			put_device(line, u32_at(field));
		else
			put_null(line);
		return 1;
	case WAGGLE_LINE_NAMED:
		from = memchr(field, 0, step->extra);
		return put_text(line, field, from ? (uint64_t)(from - field) : step->extra);
	case WAGGLE_LINE_TIME:
		return put_time(line, u64_at(field));
	case WAGGLE_LINE_ID:
		return put_id(line, u32_at(field), u64_at(line->record + step->extra),
			      u64_at(line->record + step->more));
	case WAGGLE_LINE_PIECE:
		place = request->pieces + 2 * step->extra;
		if (!has_room(line, (uint64_t)place[1] + STEP_BYTES))
			return 0;
		put_bytes(line, request->texts + place[0], place[1]);
		return 1;
	case WAGGLE_LINE_PAYLOAD:
		if (step->field > (uint64_t)(line->record_end - line->record))
			return 0;
		line->payload = field;
		return 1;
	case WAGGLE_LINE_SKIP:
		return take(line, u32_at(field)) != NULL;
	case WAGGLE_LINE_STANDARD_FILES:
		return put_standard_files(line, field);
	case WAGGLE_LINE_TEXT:
	case WAGGLE_LINE_TEXT_OR_NULL:
	case WAGGLE_LINE_LIST:
	case WAGGLE_LINE_PATH:
		length = u32_at(field);
		from = take(line, length);
		if (!from)
			return 0;
		if (step->form == WAGGLE_LINE_LIST)
			return put_list(line, from, length);
		if (step->form == WAGGLE_LINE_PATH) {
			put(line, '"');
			if (!put_path(line, from, length))
				return 0;
			put(line, '"');
			return 1;
		}
		if (length || step->form == WAGGLE_LINE_TEXT)
			return put_text(line, from, length);
		put_null(line);
		return 1;
	case WAGGLE_LINE_OTHER_TEXT:
	case WAGGLE_LINE_OTHER_LIST:
		place = request->others + 2 * step->extra;
		if (place[1] < 0) {
			put_null(line);
			return 1;
		}
		from = request->memory + place[0];
		return step->form == WAGGLE_LINE_OTHER_TEXT ? put_text(line, from, place[1])
							    : put_list(line, from, place[1]);
	}
	return 0;
}

int32_t waggle_write_line(const struct waggle_line_request *request, const struct waggle_line_step *steps,
			  uint32_t count, uint8_t *out, uint32_t room)
{
	const uint8_t *record = request->memory + request->record;
	struct line line = {
		.request = request,
		.record = record,
		.payload = record,
		.record_end = record + request->record_bytes,
		.out = out,
		.end = out + room,
	};

	for (uint32_t at = 0; at < count; at++) {
		const struct waggle_line_step *step = &steps[at];

		if (step->form == WAGGLE_LINE_LEAVE_OUT_IF || step->form == WAGGLE_LINE_LEAVE_OUT_UNLESS) {
			int has = (u32_at(record + step->field) & step->extra) != 0;

			if (has == (step->form == WAGGLE_LINE_LEAVE_OUT_IF))
				at += step->more;
			continue;
		}
		if (!has_room(&line, step->name_length + 2 * STEP_BYTES))
			return 0;
		put_bytes(&line, request->texts + step->name, step->name_length);
		if (!put_value(&line, step))
			return 0;
	}
	return (int32_t)(line.out - out);
}
