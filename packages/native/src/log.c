/*
 * Keeps what libbpf prints, in place of its own printing to stderr: an error then carries what goes with it.
 * Each thread has its own text, as it has its own errno. A verifier's log may have megabytes; its memory goes
 * back with the next clear.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <libbpf.h>

#include "waggle.h"

/* What is kept for the next call; a longer text is freed. */
#define KEPT_BYTES 65536

static _Thread_local struct {
	char *text;
	size_t length;
	size_t size;
} log_;

static int collect(enum libbpf_print_level level, const char *format, va_list arguments)
{
	va_list again;
	int length;

	if (level == LIBBPF_DEBUG)
		return 0;
	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length <= 0)
		return length;
	if (log_.length + (size_t)length + 1 > log_.size) {
		size_t size = (log_.length + (size_t)length + 1) * 2;
		char *text = realloc(log_.text, size);

		/* Without memory the message is lost, and the call fails for itself. */
		if (!text)
			return 0;
		log_.text = text;
		log_.size = size;
	}
	vsnprintf(log_.text + log_.length, log_.size - log_.length, format, arguments);
	log_.length += (size_t)length;
	return length;
}

__attribute__((constructor)) static void install(void)
{
	libbpf_set_print(collect);
}

const char *waggle_log_text(void)
{
	return log_.text;
}

uint64_t waggle_log_length(void)
{
	return log_.length;
}

void waggle_log_clear(void)
{
	log_.length = 0;
	if (log_.size > KEPT_BYTES) {
		free(log_.text);
		log_.text = NULL;
		log_.size = 0;
	}
}
