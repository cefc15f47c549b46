/* shippers.c: prefixes of tools that show or ship logs: compose, kubectl, stern, journalctl, Dynamo. */
#include <stdio.h>

#include "core/instant.h"
#include "ingest/envelopes/peeling.h"
#include "ingest/naming.h"

static bool is_lower(char c) {
	return c >= 'a' && c <= 'z';
}

static bool is_name_byte(char c) {
	return is_lower(c) || (c >= 'A' && c <= 'Z') || text_is_digit(c) || c == '-' || c == '_' || c == '.';
}

static bool is_name(struct text t) {
	for (size_t i = 0; i < t.len; i++) {
		if (!is_name_byte(t.at[i])) {
			return false;
		}
	}
	return t.len > 0;
}

/*
 * A name of Kubernetes: lower-case letters, digits, "-" and "."; a pod's contains a "-" or is longer than a word of a
 * log.
 */
static bool is_kube_name(struct text t) {
	for (size_t i = 0; i < t.len; i++) {
		if (!is_lower(t.at[i]) && !text_is_digit(t.at[i]) && t.at[i] != '-' && t.at[i] != '.') {
			return false;
		}
	}
	return t.len > 0 && t.at[0] != '-' && t.at[t.len - 1] != '-';
}

bool opens_line(struct text t) {
	static const struct text openings[] = {
		{"(", 1}, {"[", 1}, {"{", 1}, {"\33", 1}, {"INFO", 4}, {"DEBUG", 5}, {"WARNING", 7}, {"ERROR", 5},
		{"slot ", 5}, {"srv ", 4}, {"time=", 5}, {"Engine ", 7}, {"I0", 2}, {"I1", 2},
	};

	if (t.len > 10 && text_is_digit(t.at[0])) { /* a date, llama.cpp's seconds since the start */
		return text_starts(t, T("20")) || text_find(text_cut(t, 0, 20), T(" I ")) != SIZE_MAX;
	}
	for (size_t i = 0; i < sizeof openings / sizeof *openings; i++) {
		if (text_starts(t, openings[i])) {
			return true;
		}
	}
	return false;
}

/* "llm_vllm.1" of "llm_vllm.1.x2k9…@node-1": docker service logs, the service and number of a task, which its successors have. */
static struct text without_task(struct text name) {
	size_t at = text_find_byte(name, '@'), dot;

	if (at == SIZE_MAX) {
		return name;
	}
	for (dot = at; dot > 0 && name.at[dot - 1] != '.'; dot--) {
	}
	return dot > 1 ? text_cut(name, 0, dot - 1) : name;
}

/* "vllm-1        | ": docker compose logs, the service and number of the container. */
bool strip_bar(struct envelope *e, struct peeling *p) {
	enum { NAME_MAX = 128 };
	struct text t = p->text;
	size_t len = 0, at;

	(void)e;
	while (len < t.len && len < NAME_MAX && (is_name_byte(t.at[len]) || t.at[len] == '@')) {
		len++;
	}
	for (at = len; at < t.len && at < NAME_MAX && t.at[at] == ' '; at++) {
	}
	struct text rest = text_cut(t, at, t.len);
	if (len == 0 || at == len || !text_skip(&rest, T("|"))) {
		return false;
	}
	text_skip(&rest, T(" "));
	origin_set(&p->origin, ORIGIN_CONTAINER, without_task(text_cut(t, 0, len)));
	p->text = rest;
	p->stamped = false;
	return true;
}

static void set_local(struct peeling *p, int64_t as_if_utc_ns) {
	instant_to_civil(as_if_utc_ns, &p->local);
	p->has_local = true;
}

/* "INFO     | " of loguru */
static bool is_level_bar(struct text t) {
	size_t len = 0;

	while (len < t.len && len < 8 && t.at[len] >= 'A' && t.at[len] <= 'Z') {
		len++;
	}
	t = text_cut(t, len, t.len);
	text_skip_blanks(&t);
	return len > 0 && text_starts(t, T("| "));
}

/* "2026-10-05 08:00:00.123 | " of Docker Desktop, local time; loguru's lines look similar, but are not an engine's. */
bool strip_local_bar(struct envelope *e, struct peeling *p) {
	struct text t = p->text;
	bool zone_given;
	int64_t ns;

	(void)e;
	if (t.len < 22 || t.at[4] != '-' || t.at[7] != '-' || !instant_take(&t, &ns, &zone_given) ||
	    (!text_skip(&t, T(" | ")) && !text_skip(&t, T(" |"))) || is_level_bar(t)) {
		return false;
	}
	if (zone_given) {
		set_stamp(p, ns);
	} else {
		set_local(p, ns);
	}
	p->text = t;
	return true;
}

/* "[pod/vllm-0/vllm] ", "[pod/vllm-0] " of kubectl logs --prefix */
static bool strip_kubectl(struct peeling *p) {
	struct text t = p->text, inside, pod;

	if (!text_skip(&t, T("[pod/")) || !text_until(&t, T("] "), &inside) || text_find_byte(inside, ' ') != SIZE_MAX) {
		return false;
	}
	if (text_until(&inside, T("/"), &pod)) {
		origin_set(&p->origin, ORIGIN_CONTAINER, inside);
	} else {
		pod = inside;
	}
	origin_set(&p->origin, ORIGIN_POD, pod);
	p->text = t;
	return true;
}

/* "[vllm-0] ", "[vllm-0 vllm] " of kubetail */
static bool strip_kubetail(struct peeling *p) {
	struct text t = p->text, inside, pod;

	if (!text_skip(&t, T("[")) || t.len == 0 || !is_lower(t.at[0]) || !text_until(&t, T("] "), &inside) || inside.len > 128 ||
	    !opens_line(t)) {
		return false;
	}
	struct text container = inside;
	if (!text_until(&container, T(" "), &pod)) {
		pod = inside;
		container = T("");
	}
	if (!is_kube_name(pod) || text_find_byte(pod, '-') == SIZE_MAX || (container.len > 0 && !is_kube_name(container))) {
		return false;
	}
	origin_set(&p->origin, ORIGIN_POD, pod);
	origin_set(&p->origin, ORIGIN_CONTAINER, container);
	p->text = t;
	return true;
}

/* "vllm-0 vllm ", with the namespace in front if there are several: stern. "llm/vllm-0[vllm]: " of kail. */
static bool strip_stern(struct peeling *p) {
	struct text t = p->text, words[3];
	int count = 0;

	while (count < 3) {
		struct text rest = t;
		if (!text_until(&rest, T(" "), &words[count]) || !is_kube_name(words[count])) {
			break;
		}
		t = rest;
		count++;
		if (count >= 2 && opens_line(t)) {
			break;
		}
	}
	if (count < 2 || !opens_line(t)) {
		return false;
	}
	struct text pod = words[count - 2];
	if (text_find_byte(pod, '-') == SIZE_MAX) {
		return false;
	}
	origin_set(&p->origin, ORIGIN_NAMESPACE, count == 3 ? words[0] : T(""));
	origin_set(&p->origin, ORIGIN_POD, pod);
	origin_set(&p->origin, ORIGIN_CONTAINER, words[count - 1]);
	p->text = t;
	return true;
}

static bool strip_kail(struct peeling *p) {
	struct text t = p->text, space, pod, container;

	if (!text_until(&t, T("/"), &space) || !is_kube_name(space) || !text_until(&t, T("["), &pod) || !is_kube_name(pod) ||
	    !text_until(&t, T("]: "), &container) || !is_kube_name(container)) {
		return false;
	}
	origin_set(&p->origin, ORIGIN_NAMESPACE, space);
	origin_set(&p->origin, ORIGIN_POD, pod);
	origin_set(&p->origin, ORIGIN_CONTAINER, container);
	p->text = t;
	return true;
}

/* "[1,0]<stdout>:" of mpirun --tag-output: job and rank */
static bool strip_mpirun(struct peeling *p) {
	struct text t = p->text;
	int64_t number;

	if (!text_skip(&t, T("[")) || !text_take_i64(&t, &number) || !text_skip(&t, T(",")) || !text_take_i64(&t, &number) ||
	    (!text_skip(&t, T("]<stdout>:")) && !text_skip(&t, T("]<stderr>:")))) {
		return false;
	}
	text_skip(&t, T(" "));
	p->text = t;
	return true;
}

/* "INFO  PyProcess W-142-model-stdout: [1,0]<stdout>:" of DJL Serving, which runs SageMaker's containers. */
static bool strip_djl(struct peeling *p) {
	struct text t = p->text, before;

	if (!text_until(&t, T("PyProcess"), &before) || before.len > 48 ||
	    (!text_until(&t, T("-stdout: "), &before) && !text_until(&t, T("-stderr: "), &before)) || before.len > 128) {
		return false;
	}
	p->text = t;
	strip_mpirun(p);
	return true;
}

/* "kube.vllm: [1791180000.123000000, {…}]" of Fluent Bit's file output */
static bool strip_file_output(struct peeling *p) {
	struct text t = p->text, tag, stamp;

	if (!text_until(&t, T(": ["), &tag) || !is_name(tag) || !text_until(&t, T(", "), &stamp) || !text_starts(t, T("{")) ||
	    !text_ends(t, T("}]")) || !peel_stamp(p, stamp, true)) {
		return false;
	}
	p->text = text_cut(t, 0, t.len - 1);
	return true;
}

bool strip_shipper(struct envelope *e, struct peeling *p) {
	char first = p->text.len > 0 ? *p->text.at : '\0';

	(void)e;
	if (first == '[') {
		return strip_kubectl(p) || strip_kubetail(p) || strip_mpirun(p);
	}
	if (is_lower(first) && (strip_stern(p) || strip_kail(p) || strip_file_output(p))) {
		return true;
	}
	return strip_grep(p) || (first == 'I' && strip_djl(p));
}

static int month_of(struct text t) {
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int m = 0; m < 12 && t.len >= 3; m++) {
		if (memcmp(months + 3 * m, t.at, 3) == 0) {
			return m + 1;
		}
	}
	return 0;
}

/* "06:00:00.123000" */
static bool take_clock(struct text *t, struct civil *c) {
	int64_t hour, minute, nano;

	if (t->len < 8 || !text_take_i64(t, &hour) || !text_skip(t, T(":")) || !text_take_i64(t, &minute) ||
	    !text_skip(t, T(":")) || !text_take_fixed(t, 9, &nano) || nano < 0 || hour < 0 || minute < 0) {
		return false;
	}
	c->hour = (int)hour;
	c->minute = (int)minute;
	c->second = (int)(nano / NS_PER_SECOND);
	c->nanosecond = (int)(nano % NS_PER_SECOND);
	return hour < 24 && minute < 60 && nano < 60 * NS_PER_SECOND;
}

/* "Mon 2026-10-05 06:00:00 UTC " of journalctl -o short-full and with-unit */
static bool strip_short_full(struct peeling *p) {
	static const char days[] = "MonTueWedThuFriSatSun";
	struct text t = p->text;
	bool zone_given, known = false;
	int64_t ns;

	for (int d = 0; d < 7; d++) {
		known = known || (t.len > 4 && memcmp(days + 3 * d, t.at, 3) == 0 && t.at[3] == ' ');
	}
	t = text_cut(t, 4, t.len);
	if (!known || !instant_take(&t, &ns, &zone_given) || !text_skip(&t, T(" "))) {
		return false;
	}
	if (text_skip(&t, T("UTC ")) || text_skip(&t, T("GMT ")) || zone_given) {
		set_stamp(p, ns);
	} else {
		struct text zone;
		if (!text_until(&t, T(" "), &zone) || zone.len > 6) {
			return false;
		}
		set_local(p, ns);
	}
	p->text = t;
	p->stamped = true;
	return true;
}

/* "Oct 05 06:00:00.123000 " of journalctl -o short-precise: no year and no zone in it. */
bool strip_short_precise(struct envelope *e, struct peeling *p) {
	struct text t = p->text;
	struct civil c = {.month = month_of(t)};
	int64_t day;

	(void)e;
	if (c.month == 0) {
		return strip_short_full(p);
	}
	t = text_cut(t, 3, t.len);
	text_skip_blanks(&t);
	if (!text_take_i64(&t, &day) || day < 1 || day > 31 || !text_skip(&t, T(" ")) || !take_clock(&t, &c) || !text_skip(&t, T(" "))) {
		return false;
	}
	c.day = (int)day;
	p->local = c;
	p->has_local = true;
	p->text = t;
	p->stamped = true;
	return true;
}

/* "1791180000.123000 " of journalctl -o short-unix */
bool strip_short_unix(struct envelope *e, struct peeling *p) {
	struct text t = p->text, digits;

	(void)e;
	if (t.len < 16 || t.at[10] != '.' || !text_until(&t, T(" "), &digits) || digits.len > 20 || !peel_stamp(p, digits, true)) {
		return false;
	}
	p->text = t;
	p->stamped = true;
	return true;
}

/* "(APIServer pid=7) ", with at most 64 bytes between the brackets. */
static bool take_label(struct text *t, struct text *label) {
	struct text rest = text_cut(*t, 1, 1 + 64 + 2);

	if (!text_starts(*t, T("(")) || !text_until(&rest, T(") "), label)) {
		return false;
	}
	*t = text_cut(*t, 1 + label->len + 2, t->len);
	return true;
}

/* "(APIServer pid=7) " in front of an object: vLLM's processes label the lines of their JSON logger. */
bool strip_label(struct envelope *e, struct peeling *p) {
	struct text t = p->text, label, inner;

	if (envelope_is_labelled(e, p->text) || !take_label(&t, &label)) {
		return false;
	}
	for (struct text rest = t; take_label(&rest, &inner); t = rest) {
		label = inner;
	}
	if (!text_starts(t, T("{"))) {
		if (t.len > 0 && *t.at != '(') { /* the byte that ends the labels */
			envelope_note_label(e, text_cut(p->text, 0, p->text.len - t.len + 1));
		}
		return false;
	}
	p->label = label;
	p->text = t;
	return true;
}

/*
 * " INFO loggers.log: " after a timestamp: Dynamo's workers, the module and function that logged. Rust's targets have
 * "::".
 */
bool strip_tracing(struct envelope *e, struct peeling *p) {
	static const struct text levels[] = {{"INFO ", 5}, {"DEBUG ", 6}, {"WARN ", 5}, {"ERROR ", 6}};
	struct text t = p->text, target;

	(void)e;
	if (!p->stamped) {
		return false;
	}
	text_skip_blanks(&t);
	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
		struct text rest = t;
		if (text_skip(&rest, levels[i]) && text_until(&rest, T(": "), &target) && target.len < 96 && is_name(target) &&
		    text_find_byte(target, '.') != SIZE_MAX && !text_is_digit(target.at[0])) {
			p->text = text_trim(rest);
			p->stamped = false;
			return true;
		}
	}
	return false;
}

/*
 * {app="vllm", pod="vllm-0"} after the timestamp of logcli; moves past it. False if it is something else, such as an
 * object.
 */
static bool take_labels(struct text *t, struct text *labels) {
	struct text rest = *t;
	bool quoted = false;
	size_t i = 1;

	if (!text_starts(rest, T("{")) || (rest.len > 1 && rest.at[1] == '"')) {
		return false;
	}
	for (; i < rest.len && (quoted || rest.at[i] != '}'); i++) {
		quoted = quoted != (rest.at[i] == '"');
		i += quoted && rest.at[i] == '\\';
	}
	*labels = text_cut(rest, 0, i + 1);
	rest = text_cut(rest, i + 1, rest.len);
	if (!text_skip(&rest, T(" "))) {
		return false;
	}
	*t = rest;
	return true;
}

/* A label under its own name, and as Loki's answers have it, in an object. */
static void label_origin(const struct envelope *e, struct text name, struct text value, struct peeling *p) {
	char key[64];
	int len = snprintf(key, sizeof key, "labels.%.*s", TEXT_ARG(name));

	envelope_origin_pair(e, name, value, p);
	if (len < (int)sizeof key) {
		envelope_origin_pair(e, (struct text){key, (size_t)len}, value, p);
	}
}

void labels_origin(const struct envelope *e, struct text labels, struct peeling *p) {
	struct text before, name, value;

	text_until(&labels, T("{"), &before);
	for (;;) {
		while (labels.len > 0 && memchr(" ,\"\\", *labels.at, 4)) {
			labels = text_cut(labels, 1, labels.len);
		}
		size_t end = 0;
		while (end < labels.len && (is_name_byte(labels.at[end]) || labels.at[end] == '/')) {
			end++;
		}
		name = text_cut(labels, 0, end);
		labels = text_cut(labels, end, labels.len);
		bool escaped = text_skip(&labels, T("=\\\"")); /* within a JSON string */
		if (end == 0 || (!escaped && !text_skip(&labels, T("=\"")) && !text_skip(&labels, T("\":\""))) ||
		    !text_until(&labels, escaped ? T("\\\"") : T("\""), &value)) {
			return;
		}
		label_origin(e, name, value, p);
	}
}

bool strip_labels(struct envelope *e, struct peeling *p) {
	struct text t = p->text, labels;

	if (!p->stamped || !take_labels(&t, &labels)) {
		return false;
	}
	labels_origin(e, labels, p);
	p->text = t;
	p->stamped = false;
	return true;
}

/* "vllm/vllm/0f3c… " after a timestamp: the stream, of aws logs tail. */
bool strip_stream(struct envelope *e, struct peeling *p) {
	struct text t = p->text, stream;

	(void)e;
	if (!p->stamped || !text_until(&t, T(" "), &stream) || text_find_byte(stream, '/') == SIZE_MAX || !opens_line(t)) {
		return false;
	}
	for (size_t i = 0; i < stream.len; i++) {
		if (!is_name_byte(stream.at[i]) && stream.at[i] != '/') {
			return false;
		}
	}
	origin_set(&p->origin, ORIGIN_INSTANCE, stream);
	p->text = t;
	p->stamped = false;
	return true;
}

/* "EVENTS<tab>…<tab>line<tab>1791180000123" of aws logs --output text; filter-log-events has the stream third. */
bool strip_events(struct envelope *e, struct peeling *p) {
	enum { FIELDS_MAX = 8 };
	struct text t = p->text, fields[FIELDS_MAX];
	size_t count = 0;

	(void)e;
	if (!text_skip(&t, T("EVENTS\t"))) {
		return false;
	}
	while (count < FIELDS_MAX - 1 && text_until(&t, T("\t"), &fields[count])) {
		count++;
	}
	fields[count++] = t;
	if (count < 3 || !peel_stamp(p, fields[count - 1], true)) {
		return false;
	}
	origin_set(&p->origin, ORIGIN_INSTANCE, count >= 5 ? fields[count - 3] : T(""));
	p->text = fields[count - 2];
	return true;
}

/* "2026-10-05T06:00:00+00:00<tab>tag<tab>{…}" of fluentd's out_file */
bool strip_out_file(struct envelope *e, struct peeling *p) {
	struct text t = p->text, tag;
	int64_t ns;

	(void)e;
	if (text_find_byte(text_cut(t, 0, 48), '\t') == SIZE_MAX || !instant_take(&t, &ns, NULL) || !text_skip(&t, T("\t")) ||
	    !text_until(&t, T("\t"), &tag) || !text_starts(t, T("{"))) {
		return false;
	}
	origin_from_tag(&p->origin, tag);
	set_stamp(p, ns);
	p->text = t;
	return true;
}
