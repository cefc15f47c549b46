#include "ingest/envelope.h"

#include <stdlib.h>

#include "core/error.h"
#include "core/instant.h"

/* Deeper than any chain of collectors; a line made of prefixes alone must end somewhere. */
#define DEPTH_MAX 8

/* A line in parts; stdout and stderr of a container are mixed in one file. */
struct joint {
	char *at;
	size_t len, room;
	int64_t stamp_ns;
	bool too_long;
};

enum stream { STREAM_OUT, STREAM_ERR, STREAMS };

struct envelope {
	size_t max_line_bytes;
	struct json *json;
	struct joint joints[STREAMS];
	char *scratch[DEPTH_MAX]; /* the line with escapes resolved or colours removed, a buffer per depth */
	size_t scratch_room[DEPTH_MAX];
};

/* A line on its way out of its wrappings. */
struct peeling {
	struct text text;
	int64_t stamp_ns;
	int depth;
	bool part;       /* the wrapping says that the line goes on */
	bool in_parts;   /* the wrapping knows of parts at all */
	enum stream stream;
	bool stamped;    /* a time stamp was taken off just before */
};

struct envelope *envelope_new(size_t max_line_bytes) {
	struct envelope *e = must_calloc(1, sizeof *e);

	e->max_line_bytes = max_line_bytes;
	e->json = json_new();
	return e;
}

void envelope_free(struct envelope *e) {
	if (!e) {
		return;
	}
	for (int i = 0; i < DEPTH_MAX; i++) {
		free(e->scratch[i]);
	}
	for (int i = 0; i < STREAMS; i++) {
		free(e->joints[i].at);
	}
	json_free(e->json);
	free(e);
}

/* Room for a changed copy of the line; of each depth its own, as one is read while the next is written. */
static char *scratch_for(struct envelope *e, const struct peeling *p, size_t bytes) {
	char **at = &e->scratch[p->depth];

	if (e->scratch_room[p->depth] < bytes) {
		e->scratch_room[p->depth] = bytes < 4096 ? 4096 : bytes;
		*at = must_realloc(*at, e->scratch_room[p->depth]);
	}
	return *at;
}

static void set_stamp(struct peeling *p, int64_t ns) {
	if (p->stamp_ns == UNKNOWN) {
		p->stamp_ns = ns;
	}
}

static bool is_digit(char c) {
	return c >= '0' && c <= '9';
}

/* "2026-05-12T08:50:00.123456789Z " of docker logs -t, kubectl logs --timestamps, journalctl -o short-iso */
static bool strip_rfc3339(struct envelope *e, struct peeling *p) {
	struct text t = p->text;
	int64_t ns;

	(void)e;
	if (t.len < 21 || !is_digit(t.at[0]) || t.at[4] != '-' || t.at[10] != 'T' || !instant_take(&t, &ns, NULL) ||
	    !text_skip(&t, T(" "))) {
		return false;
	}
	set_stamp(p, ns);
	p->text = t;
	p->stamped = true;
	return true;
}

/* "stdout F ", "stderr P " behind the stamp of a container log of Kubernetes (CRI) */
static bool strip_cri(struct envelope *e, struct peeling *p) {
	static const struct {
		struct text words;
		enum stream stream;
	} streams[] = {{{"stdout ", 7}, STREAM_OUT}, {{"stderr ", 7}, STREAM_ERR}};
	struct text t = p->text;

	(void)e;
	for (size_t i = 0; p->stamped && i < sizeof streams / sizeof *streams; i++) {
		/* Tags after the first letter are allowed by CRI ("F:x"), none are in use. */
		if (text_skip(&t, streams[i].words) && t.len >= 2 && (t.at[0] == 'F' || t.at[0] == 'P') && t.at[1] == ' ') {
			p->part = t.at[0] == 'P';
			p->in_parts = true;
			p->stream = streams[i].stream;
			p->text = text_cut(t, 2, t.len);
			p->stamped = false;
			return true;
		}
		t = p->text;
	}
	return false;
}

/* "host unit[123]: " behind a stamp: journalctl, syslog. Only with the process number, as engines write words too. */
static bool strip_unit(struct envelope *e, struct peeling *p) {
	struct text t = p->text, host, unit;
	int64_t pid;

	(void)e;
	if (!p->stamped || !text_until(&t, T(" "), &host) || host.len == 0 || host.at[0] == '[' || host.at[0] == '(' ||
	    !text_until(&t, T("["), &unit) || unit.len == 0 || text_find_byte(unit, ' ') != SIZE_MAX ||
	    !text_take_i64(&t, &pid) || !text_skip(&t, T("]: "))) {
		return false;
	}
	p->text = t;
	p->stamped = false;
	return true;
}

/* "Nov 24 01:02:03 ": the traditional stamp. No year and no zone in it, so it is taken off and not used. */
static bool strip_syslog(struct envelope *e, struct peeling *p) {
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct text t = p->text;

	(void)e;
	if (t.len < 17 || t.at[3] != ' ' || t.at[6] != ' ' || t.at[9] != ':' || t.at[12] != ':' || t.at[15] != ' ' ||
	    !is_digit(t.at[5]) || !is_digit(t.at[14])) {
		return false;
	}
	for (size_t m = 0; m < 12; m++) {
		if (memcmp(months + 3 * m, t.at, 3) == 0) {
			p->text = text_cut(t, 16, t.len);
			p->stamped = true;
			return true;
		}
	}
	return false;
}

/*
 * JSON around a line: the key of the line, the key of the stamp, and the key by which
 * one sees at the beginning of an object that it is one, in any order of keys.
 * {"log":"a line\n","stream":"stderr","time":"2026-05-12T08:50:00.123456789Z"}      docker json-file
 * {"MESSAGE":"a line","__REALTIME_TIMESTAMP":"1786406365055238",…}                  journalctl -o json
 */
static const struct wrapper {
	struct text line, stamp;
	bool stamp_is_us;  /* Unix microseconds in a string, not RFC 3339 */
	bool newline_ends; /* a line without "\n" at its end goes on in the next object */
} wrappers[] = {
	{{"log", 3}, {"time", 4}, false, true},
	{{"MESSAGE", 7}, {"__REALTIME_TIMESTAMP", 20}, true, false},
};

/* The keys with which a wrapper's object may begin: cheap to look at, and no engine's own. */
static bool may_be_wrapper(struct text t) {
	static const struct text first_keys[] = {{"log\"", 4}, {"stream\"", 7}, {"time\"", 5}, {"attrs\"", 6},
	                                         {"MESSAGE\"", 8}, {"_", 1}, {"PRIORITY\"", 9}, {"SYSLOG_", 7}};

	if (!text_skip(&t, T("{\""))) {
		return false;
	}
	for (size_t i = 0; i < sizeof first_keys / sizeof *first_keys; i++) {
		if (text_starts(t, first_keys[i])) {
			return true;
		}
	}
	return false;
}

static void take_wrapper_stamp(const struct json *j, const struct wrapper *w, struct peeling *p) {
	char buffer[64];
	struct text t = json_string(j, json_get(j, 0, w->stamp), buffer, sizeof buffer);
	int64_t ns;

	if (w->stamp_is_us ? text_to_i64(t, &ns) && !__builtin_mul_overflow(ns, 1000, &ns) : instant_parse(t, &ns)) {
		set_stamp(p, ns);
	}
}

static bool strip_json(struct envelope *e, struct peeling *p) {
	if (!may_be_wrapper(p->text) || !json_parse(e->json, p->text, NULL) || json_type(e->json, 0) != JSON_OBJECT) {
		return false;
	}
	for (size_t i = 0; i < sizeof wrappers / sizeof *wrappers; i++) {
		const struct wrapper *w = &wrappers[i];
		json_at line = json_get(e->json, 0, w->line);
		if (line == JSON_ABSENT || json_type(e->json, line) != JSON_STRING) {
			continue;
		}
		char buffer[16];
		struct text stream = json_string(e->json, json_get(e->json, 0, T("stream")), buffer, sizeof buffer);
		size_t room = json_raw(e->json, line).len + 1;
		struct text inner = json_string(e->json, line, scratch_for(e, p, room), room);
		bool ended = text_ends(inner, T("\n"));
		take_wrapper_stamp(e->json, w, p);
		p->in_parts = w->newline_ends;
		p->part = w->newline_ends && !ended;
		p->stream = text_eq(stream, T("stderr")) ? STREAM_ERR : STREAM_OUT;
		inner.len -= ended ? 1 : 0;
		inner.len -= inner.len > 0 && inner.at[inner.len - 1] == '\r' ? 1 : 0;
		p->text = inner;
		return true;
	}
	return false;
}

/* How long the escape sequence at the start is: "\33[0;31m" and other CSI ones, or ESC and one more byte. */
static size_t escape_len(struct text t) {
	size_t n = 2;

	if (t.len >= 2 && t.at[1] == '[') {
		while (n < t.len && !(t.at[n] >= '@' && t.at[n] <= '~')) {
			n++;
		}
		n++;
	}
	return n < t.len ? n : t.len;
}

static bool strip_ansi(struct envelope *e, struct peeling *p) {
	/* No JSON has a bare escape byte in it: what begins as an object need not be searched. */
	if (text_starts(p->text, T("{")) || text_find_byte(p->text, '\33') == SIZE_MAX) {
		return false;
	}
	char *to = scratch_for(e, p, p->text.len);
	size_t len = 0;
	for (struct text t = p->text; t.len > 0;) {
		size_t n = text_find_byte(t, '\33');
		n = n == SIZE_MAX ? t.len : n;
		memcpy(to + len, t.at, n);
		len += n;
		t = text_cut(t, n, t.len);
		t = t.len > 0 ? text_cut(t, escape_len(t), t.len) : t;
	}
	p->text = (struct text){to, len};
	return true;
}

static bool (*const strippers[])(struct envelope *e, struct peeling *p) = {
	strip_json, strip_rfc3339, strip_cri, strip_syslog, strip_unit, strip_ansi,
};

static bool strip_one(struct envelope *e, struct peeling *p) {
	for (size_t i = 0; i < sizeof strippers / sizeof *strippers; i++) {
		if (strippers[i](e, p)) {
			return true;
		}
	}
	return false;
}

static void joint_add(struct envelope *e, struct joint *j, const struct peeling *p) {
	if (j->len == 0) {
		j->stamp_ns = p->stamp_ns;
	}
	if (j->too_long || p->text.len > e->max_line_bytes - j->len) {
		j->too_long = true;
		j->len = 0;
		return;
	}
	size_t need = j->len + p->text.len;
	if (need > j->room) {
		j->room = need < 4096 ? 4096 : 2 * need;
		j->at = must_realloc(j->at, j->room);
	}
	memcpy(j->at + j->len, p->text.at, p->text.len);
	j->len = need;
}

/* Appends to the line in parts; at its last part `p` becomes the whole. */
static enum envelope_status join(struct envelope *e, struct peeling *p) {
	struct joint *j = &e->joints[p->stream];

	if (!p->part && j->len == 0 && !j->too_long) {
		return ENVELOPE_LINE;
	}
	joint_add(e, j, p);
	if (p->part) {
		return ENVELOPE_PART;
	}
	bool too_long = j->too_long;
	p->text = (struct text){j->at, j->len};
	p->stamp_ns = j->stamp_ns;
	j->len = 0;
	j->too_long = false;
	return too_long ? ENVELOPE_TOO_LONG : ENVELOPE_LINE;
}

enum envelope_status envelope_strip(struct envelope *e, struct text raw, struct unwrapped *out) {
	struct peeling p = {.text = raw, .stamp_ns = UNKNOWN};

	while (p.depth < DEPTH_MAX && strip_one(e, &p)) {
		p.depth++;
		if (p.in_parts) {
			enum envelope_status status = join(e, &p);
			if (status != ENVELOPE_LINE) {
				return status;
			}
			p.in_parts = p.part = false;
		}
	}
	*out = (struct unwrapped){p.text, p.stamp_ns};
	return ENVELOPE_LINE;
}

bool envelope_last(struct envelope *e, struct unwrapped *out) {
	for (int i = 0; i < STREAMS; i++) {
		struct joint *j = &e->joints[i];
		if (j->len > 0) {
			*out = (struct unwrapped){{j->at, j->len}, j->stamp_ns};
			j->len = 0;
			return true;
		}
	}
	return false;
}
