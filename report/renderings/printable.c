/* Converts arbitrary bytes to characters that are safe for a terminal. */
#include "report/renderings/renderings.h"

struct run {
	uint32_t first, last;
};

/* Not safe for a terminal: C1 controls, and marks that hide or reverse text. */
static const struct run unsafe[] = {
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

size_t printable_width(const char *s) {
	size_t width = 0;
	for (; *s; s++) {
		width += ((unsigned char)*s >> 6) != 2;
	}
	return width;
}
