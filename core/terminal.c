#include "core/terminal.h"

#include <stdarg.h>
#include <stdlib.h>

#include "core/error.h"

static void say(const struct terminal *t, enum terminal_voice voice, const char *format, va_list args) {
	if (!t->say) {
		return;
	}
	char *message = must_print(format, args);
	t->say(t->context, voice, message);
	free(message);
}

void terminal_error(const struct terminal *t, const char *format, ...) {
	va_list args;

	va_start(args, format);
	say(t, TERMINAL_ERROR, format, args);
	va_end(args);
}

void terminal_warning(const struct terminal *t, const char *format, ...) {
	va_list args;

	va_start(args, format);
	say(t, TERMINAL_WARNING, format, args);
	va_end(args);
}

void terminal_hint(const struct terminal *t, const char *format, ...) {
	va_list args;

	va_start(args, format);
	say(t, TERMINAL_HINT, format, args);
	va_end(args);
}
