#include "core/billing.h"

#include <inttypes.h>
#include <stdio.h>

#define KEY(literal) {literal, sizeof(literal) - 1}
#define PROVIDER_MAX 64
#define GEO_MAX 32

const struct text billed_names[BILLED_PARTS] = {
	[BILLED_WRITE_1H] = KEY("write_1h"),         [BILLED_AUDIO_IN] = KEY("audio_in"),
	[BILLED_IMAGE_IN] = KEY("image_in"),         [BILLED_VIDEO_IN] = KEY("video_in"),
	[BILLED_AUDIO_CACHED] = KEY("audio_cached"), [BILLED_IMAGE_CACHED] = KEY("image_cached"),
	[BILLED_AUDIO_OUT] = KEY("audio_out"),       [BILLED_IMAGE_OUT] = KEY("image_out"),
	[BILLED_VIDEO_OUT] = KEY("video_out"),       [BILLED_CITATIONS] = KEY("citations"),
	[BILLED_SEARCHES] = KEY("searches"),         [BILLED_REQUESTS] = KEY("requests"),
	[BILLED_OVER] = KEY("over"),
};

/* A value as logged, without the separators of members. */
static size_t put_word(char *out, const char *key, struct text word, size_t most) {
	size_t len = strlen(key), from = len;

	if (word.len == 0) {
		return 0;
	}
	memcpy(out, key, len);
	for (size_t i = 0; i < word.len && len - from < most; i++) {
		unsigned char c = (unsigned char)word.at[i];
		out[len++] = c <= ' ' || c == ';' || c == '=' || c == 127 ? '_' : (char)c;
	}
	out[len++] = ';';
	return len;
}

static size_t put_terms(const struct billing *b, const char *provider_key, char *out) {
	size_t len = put_word(out, provider_key, b->provider, PROVIDER_MAX);

	len += put_word(out + len, "geo=", b->geo, GEO_MAX);
	return len + put_word(out + len, "speed=", b->fast ? T("fast") : T(""), GEO_MAX);
}

size_t billing_print(const struct billing *b, char out[BILLING_TEXT_MAX]) {
	size_t len = put_terms(b, "provider=", out);

	for (int i = 0; i < BILLED_PARTS; i++) {
		if (b->part[i] > 0) {
			len += (size_t)snprintf(out + len, BILLING_TEXT_MAX - len, "%s=%" PRId64 ";", billed_names[i].at, b->part[i]);
		}
	}
	return len > 0 ? len - 1 : 0;
}

static int part_named(struct text name) {
	for (int i = 0; i < BILLED_PARTS; i++) {
		if (text_eq(billed_names[i], name)) {
			return i;
		}
	}
	return BILLED_PARTS;
}

/* The next "key=value" of the text; false at its end. */
static bool next_member(struct text *t, struct text *key, struct text *value) {
	size_t end = text_find_byte(*t, ';');
	struct text member = text_cut(*t, 0, end == SIZE_MAX ? t->len : end);
	size_t equals = text_find_byte(member, '=');

	if (t->len == 0) {
		return false;
	}
	*t = text_cut(*t, member.len + (end != SIZE_MAX), t->len);
	*key = text_cut(member, 0, equals == SIZE_MAX ? member.len : equals);
	*value = equals == SIZE_MAX ? T("") : text_cut(member, equals + 1, member.len);
	return true;
}

/* The part that "part=" names, or BILLED_PARTS. */
static int parse(struct text t, struct billing *out) {
	struct text key, value;
	int named = BILLED_PARTS, part;
	int64_t n;

	*out = (struct billing){.fast = false};
	while (next_member(&t, &key, &value)) {
		if (text_eq(key, T("provider"))) {
			out->provider = value;
		} else if (value.len == 0) {
			out->provider = key; /* as in a pool's name */
		} else if (text_eq(key, T("geo"))) {
			out->geo = value;
		} else if (text_eq(key, T("speed"))) {
			out->fast = text_eq(value, T("fast"));
		} else if (text_eq(key, T("part"))) {
			named = part_named(value);
		} else if ((part = part_named(key)) < BILLED_PARTS && text_to_i64(value, &n) && n > 0) {
			out->part[part] = n;
		}
	}
	return named;
}

void billing_parse(struct text t, struct billing *out) {
	(void)parse(t, out);
}

bool billing_is_pool(struct text pool) {
	return text_eq(pool, T(BILLING_POOL)) || text_starts(pool, T(BILLING_POOL " "));
}

size_t billing_print_pool(const struct billing *b, int part, char out[BILLING_TEXT_MAX]) {
	size_t len = sizeof BILLING_POOL, start = len;

	memcpy(out, BILLING_POOL " ", len);
	len += put_terms(b, "", out + len);
	if (part < BILLED_PARTS) {
		len += (size_t)snprintf(out + len, BILLING_TEXT_MAX - len, "part=%s;", billed_names[part].at);
	}
	return len > start ? len - 1 : sizeof BILLING_POOL - 1;
}

int billing_parse_pool(struct text pool, struct billing *out) {
	text_skip(&pool, T(BILLING_POOL));
	text_skip(&pool, T(" "));
	return parse(pool, out);
}
