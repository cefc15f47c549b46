/* text.c: envelopes that are text in front of a line, in it or around it. */
#include "core/bytes.h"
#include "core/files/platform.h"
#include "core/instant.h"
#include "ingest/envelopes/peeling.h"

/* "2026-05-12T08:50:00.123456789Z " of docker logs -t, kubectl logs --timestamps, journalctl -o short-iso */
bool strip_rfc3339(struct envelope *e, struct peeling *p) {
	struct text t = p->text;
	int64_t ns;

	if (t.len < 21 || !text_is_digit(t.at[0]) || t.at[4] != '-' || t.at[10] != 'T' || !envelope_take_instant(e, &t, &ns) ||
	    !text_skip(&t, T(" "))) {
		return false;
	}
	set_stamp(p, ns);
	p->text = t;
	p->stamped = true;
	return true;
}

/* "stdout F ", "stderr P " after the timestamp of a container log of Kubernetes (CRI) */
bool strip_cri(struct envelope *e, struct peeling *p) {
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

/* Both in front of a line that has no other envelope in front; they exclude the others that begin with a digit. */
bool strip_cri_line(struct envelope *e, struct peeling *p) {
	struct text raw = p->text;

	if (p->depth > 0 || !strip_rfc3339(e, p)) {
		return false;
	}
	if (strip_cri(e, p)) {
		p->depth++;
		p->plain = !has_control(p->text);
		return true;
	}
	p->text = raw;
	p->stamp_ns = UNKNOWN;
	p->stamped = false;
	return false;
}

/*
 * "host unit[123]: " or "unit[123]: " after a timestamp: journalctl, syslog. Only with the process number, as engines also write
 * words.
 */
bool strip_unit(struct envelope *e, struct peeling *p) {
	struct text t = p->text, host, unit;
	int64_t pid;

	(void)e;
	if (!p->stamped || !text_until(&t, T(" "), &host) || host.len == 0 || host.at[0] == '[' || host.at[0] == '(') {
		return false;
	}
	if (text_ends(host, T("]:"))) { /* journalctl --no-hostname */
		host = T("");
		t = p->text;
	}
	if (!text_until(&t, T("["), &unit) || unit.len == 0 || text_find_byte(unit, ' ') != SIZE_MAX ||
	    !text_take_i64(&t, &pid) || !text_skip(&t, T("]: "))) {
		return false;
	}
	if (host.len > 0) {
		origin_set(&p->origin, ORIGIN_HOST, host);
	}
	origin_set(&p->origin, ORIGIN_UNIT, unit);
	p->origin.pid = pid;
	p->text = t;
	p->stamped = false;
	return true;
}

/* "<13>": the priority that syslog sends in front. */
static void skip_priority(struct text *t) {
	struct text rest = *t;
	int64_t priority;

	if (text_skip(&rest, T("<")) && text_take_i64(&rest, &priority) && priority >= 0 && priority < 192 &&
	    text_skip(&rest, T(">"))) {
		*t = rest;
	}
}

/* The month of a name, 1 to 12, or 0. */
static int month_of(struct text t) {
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int m = 0; m < 12; m++) {
		if (memcmp(months + 3 * m, t.at, 3) == 0) {
			return m + 1;
		}
	}
	return 0;
}

/* Two digits, the first of which may be a blank. */
static int two_digits(const char *at) {
	return (*at == ' ' ? 0 : (at[0] - '0') * 10) + at[1] - '0';
}

/* "Nov 24 01:02:03 ": the traditional timestamp, without year and zone. */
bool strip_syslog(struct envelope *e, struct peeling *p) {
	struct text t = p->text;

	(void)e;
	skip_priority(&t);
	if (t.len < 17 || t.at[3] != ' ' || t.at[6] != ' ' || t.at[9] != ':' || t.at[12] != ':' || t.at[15] != ' ' || month_of(t) == 0) {
		return false;
	}
	static const unsigned char digits[] = {5, 7, 8, 10, 11, 13, 14};
	for (size_t i = 0; i < sizeof digits; i++) {
		if (!text_is_digit(t.at[digits[i]])) {
			return false;
		}
	}
	struct civil c = {.month = month_of(t), .day = two_digits(t.at + 4), .hour = two_digits(t.at + 7), .minute = two_digits(t.at + 10), .second = two_digits(t.at + 13)};
	if (!p->has_local && c.day >= 1 && c.day <= 31 && c.hour < 24 && c.minute < 60 && c.second < 60) {
		p->local = c;
		p->has_local = true;
	}
	p->text = text_cut(t, 16, t.len);
	p->stamped = true;
	return true;
}

/* RFC 5424's "[id key="value" …]", any number of them, or "-"; a quote or bracket within a value has a backslash before it. */
static bool skip_structured_data(struct text *t) {
	if (text_skip(t, T("-"))) {
		return true;
	}
	bool any = false;
	while (text_skip(t, T("["))) {
		bool quoted = false;
		size_t i = 0;
		for (; i < t->len && (quoted || t->at[i] != ']'); i++) {
			quoted = quoted != (t->at[i] == '"');
			i += quoted && t->at[i] == '\\';
		}
		if (i >= t->len) {
			return false;
		}
		*t = text_cut(*t, i + 1, t->len);
		any = true;
	}
	return any;
}

/* "<13>1 2026-05-12T08:50:00.123Z host app 123 id - line" */
bool strip_syslog_5424(struct envelope *e, struct peeling *p) {
	struct text t = p->text, word, named[2];
	int64_t ns;

	(void)e;
	if (!text_starts(t, T("<"))) {
		return false;
	}
	skip_priority(&t);
	if (!text_skip(&t, T("1 ")) || !instant_take(&t, &ns, NULL) || !text_skip(&t, T(" "))) {
		return false;
	}
	for (int words = 0; words < 4; words++) { /* host, program, process, kind of message */
		if (!text_until(&t, T(" "), &word)) {
			return false;
		}
		if (words < 2) {
			named[words] = text_eq(word, T("-")) ? T("") : word;
		} else if (words == 2) {
			text_to_i64(word, &p->origin.pid);
		}
	}
	if (!skip_structured_data(&t)) {
		return false;
	}
	set_stamp(p, ns);
	origin_set(&p->origin, ORIGIN_HOST, named[0]);
	origin_set(&p->origin, ORIGIN_UNIT, named[1]);
	text_skip(&t, T(" "));
	text_skip(&t, T("\xef\xbb\xbf"));
	p->text = t;
	return true;
}

/* "0: " of srun --label, the number of the task. */
bool strip_rank(struct envelope *e, struct peeling *p) {
	struct text t = p->text;
	size_t digits = 0;

	(void)e;
	while (digits < t.len && digits < 5 && text_is_digit(t.at[digits])) {
		digits++;
	}
	if (digits == 0 || digits == 5 || !text_starts(text_cut(t, digits, t.len), T(": "))) {
		return false;
	}
	p->text = text_cut(t, digits + 2, t.len);
	return true;
}

/* The length of the escape sequence at the start: "\33[0;31m" and other CSI ones, or ESC and one more byte. */
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

bool strip_ansi(struct envelope *e, struct peeling *p) {
	/* JSON contains no raw escape byte: lines that begin as an object need not be searched. */
	if (text_starts(p->text, T("{")) || text_find_byte(p->text, '\33') == SIZE_MAX) {
		return false;
	}
	char *to = envelope_scratch(e, p, p->text.len);
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

/*
 * A progress bar, or the beginning of llama.cpp's lines of autumn 2024: what follows the last CR is the line. A CR after
 * a quote is part of a user's text.
 */
bool strip_progress(struct envelope *e, struct peeling *p) {
	(void)e;
	if (text_starts(p->text, T("{"))) {
		return false;
	}
	const char *cr = p->text.len > 0 ? platform_last_byte(p->text.at, '\r', p->text.len) : NULL;
	if (!cr) {
		return false;
	}
	size_t behind = (size_t)(cr - p->text.at) + 1;
	if (behind == p->text.len) {
		p->text.len--;
		return true;
	}
	if (memchr(p->text.at, '"', behind) || memchr(p->text.at, '\'', behind)) {
		return false;
	}
	p->text = text_cut(p->text, behind, p->text.len);
	return true;
}

/* A table of log lines has few columns; one of usage has more, and is a separate format. */
#define CELLS_MAX 4

/*
 * The cell at the start of `*t`, as written, with its quotes if any; moves past its comma. False if it is not a cell.
 */
static bool take_cell(struct text *t, struct text *cell) {
	size_t i = 0;

	if (t->len > 0 && t->at[0] == '"') {
		for (i = 1; i < t->len && !(t->at[i] == '"' && (i + 1 == t->len || t->at[i + 1] == ',')); i++) {
			if (t->at[i] == '"' && t->at[++i] != '"') {
				return false;
			}
		}
		if (i >= t->len) {
			return false;
		}
		i++;
	} else {
		size_t comma = text_find_byte(*t, ',');
		i = comma == SIZE_MAX ? t->len : comma;
	}
	*cell = text_cut(*t, 0, i);
	*t = text_cut(*t, i + 1, t->len);
	return true;
}

static struct text without_quotes(char *to, struct text cell) {
	size_t len = 0;

	if (!text_starts(cell, T("\""))) {
		return cell;
	}
	for (size_t i = 1; i + 1 < cell.len; i++) {
		to[len++] = cell.at[i];
		i += cell.at[i] == '"'; /* written twice */
	}
	return (struct text){to, len};
}

/* RFC 3339, or a number of Unix ms or ns. */
static bool is_stamp(struct text t, int64_t *ns) {
	if (text_to_i64(t, ns)) {
		return t.len == 19 || (t.len == 13 && !__builtin_mul_overflow(*ns, 1000000, ns));
	}
	return instant_parse(t, ns);
}

/* "2026-05-12T08:50:00Z","the line, with ""quotes""" of log stores' CSV: the line is the longest cell. */
bool strip_csv(struct envelope *e, struct peeling *p) {
	struct text t = p->text, cells[CELLS_MAX], line = {0};
	size_t count = 0;
	int64_t ns = UNKNOWN, at;
	char stamp[64];

	if (!text_starts(t, T("\""))) {
		return false;
	}
	for (; t.len > 0 && count < CELLS_MAX; count++) {
		if (!take_cell(&t, &cells[count])) {
			return false;
		}
		if (cells[count].len < sizeof stamp && ns == UNKNOWN && is_stamp(without_quotes(stamp, cells[count]), &at)) {
			ns = at;
		} else if (cells[count].len > line.len) {
			line = cells[count];
		}
	}
	/* A row of quoted figures is not a line of a log. */
	bool wordy = text_find_byte(line, ' ') != SIZE_MAX || text_starts(line, T("\"{"));
	if (t.len > 0 || line.len < 2 || (count > 1 && (ns == UNKNOWN || !wordy))) {
		return false;
	}
	p->text = without_quotes(envelope_scratch(e, p, line.len), line);
	set_stamp(p, ns);
	return true;
}
