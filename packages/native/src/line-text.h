/*
 * What a line of JSON is written with: numbers, texts and lists, into a buffer with an end. Text is written where it
 * is ASCII that a JSON string holds as it is; for all else these return 0.
 */
#ifndef WAGGLE_LINE_TEXT_H
#define WAGGLE_LINE_TEXT_H

#include <string.h>

#include "waggle.h"

/* A number with its quotes, a date, an id: each step writes less, but for its name and texts of any length. */
#define STEP_BYTES 192

struct line {
	const struct waggle_line_request *request;
	const uint8_t *record;
	/* What the record has of any length is read one behind the other. */
	const uint8_t *payload;
	const uint8_t *record_end;
	uint8_t *out;
	uint8_t *end;
};

static inline uint32_t u32_at(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline uint64_t u64_at(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline int is_plain(uint8_t byte)
{
	return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

static inline int has_room(const struct line *line, uint64_t bytes)
{
	return (uint64_t)(line->end - line->out) >= bytes;
}

static inline void put(struct line *line, char character)
{
	*line->out++ = (uint8_t)character;
}

static inline void put_bytes(struct line *line, const void *bytes, uint64_t length)
{
	memcpy(line->out, bytes, length);
	line->out += length;
}

static inline void put_number(struct line *line, uint64_t value)
{
	uint8_t digits[20];
	int at = sizeof(digits);

	do {
		digits[--at] = (uint8_t)('0' + value % 10);
		value /= 10;
	} while (value);
	put_bytes(line, digits + at, sizeof(digits) - at);
}

static inline void put_padded(struct line *line, uint64_t value, int digits)
{
	for (int at = digits - 1; at >= 0; at--) {
		line->out[at] = (uint8_t)('0' + value % 10);
		value /= 10;
	}
	line->out += digits;
}

static inline void put_quoted_number(struct line *line, uint64_t value)
{
	put(line, '"');
	put_number(line, value);
	put(line, '"');
}

static inline void put_flag(struct line *line, int value)
{
	if (value)
		put_bytes(line, "true", 4);
	else
		put_bytes(line, "false", 5);
}

/* So many bytes as they are, with nothing around them. */
static inline int put_plain(struct line *line, const uint8_t *text, uint64_t length)
{
	if (!has_room(line, length + STEP_BYTES))
		return 0;
	for (uint64_t at = 0; at < length; at++) {
		if (!is_plain(text[at]))
			return 0;
		line->out[at] = text[at];
	}
	line->out += length;
	return 1;
}

static inline int put_text(struct line *line, const uint8_t *text, uint64_t length)
{
	put(line, '"');
	if (!put_plain(line, text, length))
		return 0;
	put(line, '"');
	return 1;
}

/* Strings with a NUL behind each, but for a last one that was cut. */
static inline int put_list(struct line *line, const uint8_t *from, uint64_t length)
{
	const uint8_t *stop = from + length;

	put(line, '[');
	if (length) {
		if (!stop[-1])
			stop--;
		for (;;) {
			const uint8_t *end = from;

			while (end < stop && *end)
				end++;
			if (!put_text(line, from, end - from))
				return 0;
			if (end >= stop)
				break;
			put(line, ',');
			from = end + 1;
		}
	}
	put(line, ']');
	return 1;
}

/* Components with a NUL behind each, the leaf first. */
static inline int put_path(struct line *line, const uint8_t *from, uint64_t length)
{
	const uint8_t *end = from + length;

	if (!length) {
		put(line, '/');
		return 1;
	}
	if (!end[-1])
		end--;
	for (;;) {
		const uint8_t *at = end;

		while (at > from && at[-1])
			at--;
		put(line, '/');
		if (!put_plain(line, at, end - at))
			return 0;
		if (at == from)
			return 1;
		end = at - 1;
	}
}

static inline void put_null(struct line *line)
{
	put_bytes(line, "null", 4);
}

#endif
