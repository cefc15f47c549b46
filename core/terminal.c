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

/* ---- text of logs and command lines, for people ---- */

struct characters {
	uint32_t first, last;
};

/* Not safe for a terminal: C1 controls, and marks that hide or reverse text. */
static const struct characters unsafe[] = {
    {0x80, 0x9F},     {0xAD, 0xAD},     {0x61C, 0x61C},   {0x200B, 0x200F},   {0x2028, 0x202E},
    {0x2060, 0x206F}, {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE007F},
};

static bool is_unsafe(uint32_t c) {
	for (size_t i = 0; i < sizeof unsafe / sizeof *unsafe; i++) {
		if (c >= unsafe[i].first && c <= unsafe[i].last) {
			return true;
		}
	}
	return c < 0x20 || c == 0x7F;
}

/* One character, or one byte that is not a character, in its safe form; returns the bytes of `t` that it represents. */
static size_t show(struct text t, char out[16], size_t *shown) {
	uint32_t c = 0;
	size_t len = text_character(t, &c);

	if (len == 0 || (len == 1 && is_unsafe(c))) {
		*shown = (size_t)snprintf(out, 16, "\\x%02X", (unsigned char)t.at[0]);
		return 1;
	}
	if (is_unsafe(c)) {
		*shown = (size_t)snprintf(out, 16, "\\u{%X}", (unsigned)c);
		return len;
	}
	memcpy(out, t.at, len);
	*shown = len;
	return len;
}

size_t printable(struct text t, char *out, size_t size) {
	size_t len = 0;

	while (t.len > 0) {
		char one[16];
		size_t shown, used = show(t, one, &shown);
		if (len + shown + 1 > size) {
			break;
		}
		memcpy(out + len, one, shown);
		len += shown;
		t = text_cut(t, used, t.len);
	}
	out[len] = '\0';
	return len;
}

/* `markup`: characters that get a backslash. */
static void put_shown(FILE *out, struct text t, const char *markup) {
	while (t.len > 0) {
		char one[16];
		size_t shown, used = show(t, one, &shown);
		for (size_t i = 0; i < shown; i++) {
			fputs(strchr(markup, one[i]) ? "\\" : "", out);
			fputc(one[i], out);
		}
		t = text_cut(t, used, t.len);
	}
}

void printable_put(FILE *out, struct text t) {
	put_shown(out, t, "");
}

void markdown_put(FILE *out, struct text t) {
	put_shown(out, t, "|\\`*_<>[]#");
}

size_t printable_width(const char *s) {
	size_t width = 0;
	for (; *s; s++) {
		width += ((unsigned char)*s >> 6) != 2;
	}
	return width;
}
