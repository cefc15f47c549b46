#define _GNU_SOURCE /* vasprintf */
#include "core/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int fault_set(struct fault *f, int code, const char *format, ...) {
	va_list args;

	va_start(args, format);
	vsnprintf(f->message, sizeof f->message, format, args);
	va_end(args);
	f->next[0] = '\0';
	f->option = NULL;
	return code;
}

int fault_option(struct fault *f, const char *option, const char *format, ...) {
	va_list args;

	va_start(args, format);
	vsnprintf(f->message, sizeof f->message, format, args);
	va_end(args);
	f->next[0] = '\0';
	f->option = option;
	return ERROR_CONFIG;
}

int fault_next(struct fault *f, int code, const char *next) {
	snprintf(f->next, sizeof f->next, "%s", next);
	return code;
}

enum exit_status error_exit_status(int code) {
	return code == ERROR_NONE ? EXIT_TIED_OUT : code == ERROR_CONFIG ? EXIT_USAGE : EXIT_FAILED;
}

_Noreturn void die_out_of_memory(void) {
	static const char sentence[] = "tollbook: out of memory\n";

	if (write(STDERR_FILENO, sentence, sizeof sentence - 1) < 0) {
		_exit(EXIT_FAILED); /* nothing more can be done */
	}
	_exit(EXIT_FAILED);
}

void *must_alloc(unsigned long bytes) {
	void *got = malloc(bytes > 0 ? bytes : 1);

	if (!got) {
		die_out_of_memory();
	}
	return got;
}

void *must_calloc(unsigned long count, unsigned long bytes) {
	void *got = calloc(count > 0 ? count : 1, bytes > 0 ? bytes : 1);

	if (!got) {
		die_out_of_memory();
	}
	return got;
}

void *must_realloc(void *old, unsigned long bytes) {
	void *got = realloc(old, bytes > 0 ? bytes : 1);

	if (!got) {
		die_out_of_memory();
	}
	return got;
}

char *must_copy(const char *s) {
	unsigned long bytes = strlen(s) + 1;

	return memcpy(must_alloc(bytes), s, bytes);
}

char *must_print(const char *format, va_list args) {
	char *s;

	if (vasprintf(&s, format, args) < 0) {
		die_out_of_memory();
	}
	return s;
}
