#include "core/model/modelspec_read.h"

#include <stdarg.h>
#include <stdio.h>

int spec_wrong(struct spec_reader *r, json_at at, const char *format, ...) {
	char what[300];
	int line, column;
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof what, format, args);
	va_end(args);
	text_place(r->bytes, json_offset(r->json, at), &line, &column);
	return fault_set(r->why, ERROR_CONFIG, "%s:%d:%d: %s", r->path, line, column, what);
}

int spec_parse(struct spec_reader *r, const char *like) {
	size_t bad = 0;
	int line, column;

	if (!json_parse(r->json, r->bytes, &bad)) {
		text_place(r->bytes, bad, &line, &column);
		return fault_set(r->why, ERROR_CONFIG, "%s:%d:%d: not valid JSON here, expected one such as %s", r->path, line,
		                 column, like);
	}
	if (json_type(r->json, 0) != JSON_OBJECT) {
		return spec_wrong(r, 0, "not an object, expected one such as %s", like);
	}
	return 0;
}

json_at spec_get(struct spec_reader *r, json_at object, const char *key) {
	json_at v = json_get(r->json, object, text_of(key));

	return json_type(r->json, v) == JSON_NULL ? JSON_ABSENT : v;
}

bool spec_in_range(const struct spec_reader *r, json_at v, int64_t min, int64_t max, int64_t *out) {
	int64_t n;
	bool fits = json_i64(r->json, v, &n) && n >= min && n <= max;

	*out = fits ? n : *out;
	return fits;
}

int spec_int_if(struct spec_reader *r, json_at object, const char *key, int64_t min, int64_t max, int64_t *out) {
	json_at v = spec_get(r, object, key);

	if (v == JSON_ABSENT) {
		return 0;
	}
	if (!spec_in_range(r, v, min, max, out)) {
		return spec_wrong(r, v, "\"%s\" is out of range, expected a whole number from %lld to %lld", key,
		                  (long long)min, (long long)max);
	}
	return 0;
}

int spec_int(struct spec_reader *r, json_at object, const char *key, int64_t min, int64_t max, int64_t *out) {
	if (spec_get(r, object, key) == JSON_ABSENT) {
		return spec_wrong(r, object, "\"%s\" is missing here, expected a whole number from %lld to %lld", key,
		                  (long long)min, (long long)max);
	}
	return spec_int_if(r, object, key, min, max, out);
}

int spec_bool_if(struct spec_reader *r, json_at object, const char *key, bool *out) {
	json_at v = spec_get(r, object, key);

	if (v != JSON_ABSENT && !json_bool(r->json, v, out)) {
		return spec_wrong(r, v, "\"%s\" is not a boolean, expected true or false", key);
	}
	return 0;
}

int spec_name(struct spec_reader *r, json_at v, char *out, size_t size) {
	struct text t = json_string(r->json, v, out, size);

	if (json_type(r->json, v) != JSON_STRING || t.len == 0) {
		return spec_wrong(r, v, "not a name, expected a text in quotes");
	}
	size_t len = t.len < size - 1 ? t.len : size - 1;
	memmove(out, t.at, len);
	out[len] = '\0';
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)out[i] < 0x20 || out[i] == 0x7f) {
			return spec_wrong(r, v, "a control character in a name, expected printable text");
		}
	}
	return 0;
}
