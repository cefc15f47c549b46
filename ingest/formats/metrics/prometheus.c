/*
 * prometheus.c: pages of metrics, scraped repeatedly into one file, as windows; DCGM's as power.
 *
 * # 2026-08-10T23:59:25Z
 * vllm:prompt_tokens_total{engine="0",model_name="m"} 10290.0
 * DCGM_FI_DEV_POWER_USAGE{gpu="0",UUID="GPU-1",Hostname="h"} 412.35 1786406365781
 *
 * The time of a scrape is that of its samples, of a line with only a time before it (see scrape_time.c), or of the
 * envelope. A scrape ends at another time, at "# EOF", or when its first sample is repeated. Answers of Prometheus
 * and exports in JSON are converted to such lines: see envelopes/entries.c.
 */
#include "core/exact.h"
#include "core/instant.h"
#include "ingest/formats/metrics/prometheus.h"

struct prometheus {
	struct scrapes scrapes;
	bool any;            /* a sample of the scrape was read */
	uint64_t first_hash; /* hash of that sample's name and labels */
	int64_t time_ns;     /* from a separate line, for the following scrape; or UNKNOWN */
	bool has_time;
};

/* A parsed line of the text form. */
struct sample_line {
	struct text name, labels, value;
	int64_t at_ns; /* or UNKNOWN */
};

/* The value of a label in 'a="x",b="y"'; escapes are not resolved. */
static struct text label_in_text(const void *context, struct text key) {
	struct text t = *(const struct text *)context, name, value;

	while (text_until(&t, T("=\""), &name)) {
		size_t end = 0;
		while (end < t.len && t.at[end] != '"') {
			end += t.at[end] == '\\' ? 2 : 1;
		}
		value = text_cut(t, 0, end);
		t = text_cut(t, end + 1, t.len);
		text_skip(&t, T(","));
		text_skip_blanks(&t);
		if (text_eq(text_trim(name), key)) {
			return value;
		}
	}
	return T("");
}

/* The end of the labels: a label's value may contain a brace. */
static size_t end_of_labels(struct text t) {
	bool quoted = false;

	for (size_t i = 0; i < t.len; i++) {
		if (t.at[i] == '\\' && quoted) {
			i++;
		} else if (t.at[i] == '"') {
			quoted = !quoted;
		} else if (t.at[i] == '}' && !quoted) {
			return i;
		}
	}
	return SIZE_MAX;
}

/* Milliseconds, in OpenMetrics seconds: no scrape was before 1973 in ms or is after 5138 in s. */
static bool take_time(struct text t, int64_t *ns) {
	int64_t ms;

	if (!number_scaled(t, 0, &ms)) {
		return false;
	}
	return number_scaled(t, ms >= INT64_C(100000000000) ? UNIT_MS : UNIT_S, ns);
}

static bool take_sample(struct text t, struct sample_line *out) {
	size_t n = 0;

	while (n < t.len && t.at[n] != '{' && t.at[n] != ' ') {
		n++;
	}
	*out = (struct sample_line){.name = text_cut(t, 0, n), .labels = T(""), .at_ns = UNKNOWN};
	t = text_cut(t, n, t.len);
	if (text_skip(&t, T("{"))) {
		size_t end = end_of_labels(t);
		if (end == SIZE_MAX) {
			return false;
		}
		out->labels = text_cut(t, 0, end);
		t = text_cut(t, end + 1, t.len);
	}
	t = text_trim(t);
	size_t space = text_find_byte(t, ' ');
	out->value = text_cut(t, 0, space);
	struct text time = space == SIZE_MAX ? T("") : text_trim(text_cut(t, space, t.len));
	time = text_cut(time, 0, text_find_byte(time, ' ')); /* an exemplar may follow */
	if (n == 0) { /* promtool tsdb dump has the name among the labels */
		out->name = label_in_text(&out->labels, T("__name__"));
		n = out->name.len;
	}
	return n > 0 && out->value.len > 0 && (time.len == 0 || text_starts(time, T("#")) || take_time(time, &out->at_ns));
}

static uint64_t hash_of(const struct sample_line *l) {
	return text_hash(l->name) * 31 + text_hash(l->labels);
}

/* The role of a line in the scrape being read. */
enum line_kind { LINE_OTHER, LINE_TIME, LINE_END, LINE_SAMPLE, LINE_DAMAGED };

/* "HTTP/1.1 200 OK", "content-type: text/plain", curl's meter: what surrounds a page of curl -i. */
static bool is_of_curl(struct text t) {
	struct text name;

	return text_starts(t, T("HTTP/")) || text_starts(t, T("% Total")) || text_starts(t, T("Dload")) ||
	       (text_until(&t, T(": "), &name) && text_find_byte(name, ' ') == SIZE_MAX && text_find_byte(name, '{') == SIZE_MAX);
}

static enum line_kind kind_of(struct text t, struct sample_line *l, struct scrape_time *time) {
	if (t.len == 0 || (*t.at == '{' && !text_starts(t, T("{__name__=")))) {
		return LINE_OTHER;
	}
	if (scrape_time(t, time)) {
		return LINE_TIME;
	}
	if (t.at[0] == '#') {
		return text_eq(t, T("# EOF")) ? LINE_END : LINE_OTHER;
	}
	if (is_of_curl(t)) {
		return LINE_OTHER;
	}
	return take_sample(t, l) ? LINE_SAMPLE : LINE_DAMAGED;
}

/* The engine of these counters, for advice. */
static void note_engine(struct parser *p, struct text name) {
	static const char *const engines[] = {"vllm", "sglang", "trtllm", "dynamo", "llamacpp", "lmdeploy", "tgi", "litellm"};

	text_skip(&name, T("ray_"));
	for (size_t i = 0; i < sizeof engines / sizeof *engines && !p->engine; i++) {
		p->engine = text_starts(name, text_of(engines[i])) ? engines[i] : NULL;
	}
}

static enum parse_result take_known(struct parser *p, struct prometheus *m, const struct sample_line *l,
                                    int64_t stamp_ns, struct record *out) {
	struct sample sample = {l->name, l->value, &l->labels, label_in_text};
	note_engine(p, l->name);
	int64_t at_ns = l->at_ns != UNKNOWN ? l->at_ns : m->has_time ? m->time_ns : stamp_ns;

	if (!m->any) {
		m->any = true;
		m->first_hash = hash_of(l);
		m->scrapes.at_ns = UNKNOWN;
	}
	if (m->scrapes.at_ns == UNKNOWN) {
		m->scrapes.at_ns = at_ns;
	}
	enum parse_result result = sample_power(p, &sample, at_ns, out);
	if (result == PARSE_NONE) {
		scrapes_add(p, &m->scrapes, &sample);
	}
	return result;
}

/* Does the scrape being read end in front of this line? */
static bool ends_scrape(const struct prometheus *m, enum line_kind kind, const struct sample_line *l) {
	bool other_time = kind == LINE_SAMPLE && l->at_ns != UNKNOWN && l->at_ns != m->scrapes.at_ns && metric_known(l->name);

	return m->any && (kind == LINE_TIME || kind == LINE_END || other_time || (kind == LINE_SAMPLE && m->first_hash == hash_of(l)));
}

static enum parse_result parse_text(struct parser *p, struct text line, int64_t stamp_ns, struct record *out) {
	struct prometheus *m = p->state;
	struct sample_line l;
	struct scrape_time time;
	enum line_kind kind = kind_of(text_trim(line), &l, &time);

	if (ends_scrape(m, kind, &l)) {
		if (m->scrapes.reading) {
			enum parse_result result = scrapes_end(p, &m->scrapes, out);
			if (result != PARSE_NONE) {
				return result;
			}
		}
		m->any = false;
		m->has_time = m->has_time && kind == LINE_SAMPLE && l.at_ns != UNKNOWN;
	}
	if (kind == LINE_TIME) {
		m->has_time = scrape_time_resolve(p, &time, &m->time_ns);
	}
	if (kind == LINE_DAMAGED) {
		return reject(p, "malformed sample");
	}
	if (kind == LINE_SAMPLE && metric_known(l.name)) {
		return take_known(p, m, &l, stamp_ns, out);
	}
	return PARSE_NONE;
}

/* The exact loop to use, for scrapes without a time. */
static void warn_loop(struct parser *p, const struct prometheus *m) {
	if (m->scrapes.timeless) {
		quality_finding(p->quality, "clock", NULL, NULL, QUALITY_NO_AMOUNT,
		                "scrapes without a time cannot be read: write one before each, as in  while sleep 10; do "
		                "date -u +'# %%FT%%TZ'; curl -s http://HOST:8000/metrics; done >> metrics.prom");
	}
}

static enum parse_result finish(struct parser *p, struct record *out) {
	struct prometheus *m = p->state;

	if (m->scrapes.reading) {
		enum parse_result result = scrapes_end(p, &m->scrapes, out);
		if (result != PARSE_NONE) {
			return result;
		}
		warn_loop(p, m);
		if (m->scrapes.back > 0) {
			quality_finding(p->quality, "order", p->replica.at, NULL, QUALITY_NO_AMOUNT,
			                "%s: the time goes back from one scrape of a server to the next, %lld times: what was counted in between is left "
					"out; write the scrapes oldest first, and each server's to its own file", p->replica.at, (long long)m->scrapes.back);
		}
		if (m->scrapes.ended == 1) {
			quality_warn(p->quality, "a file with a single scrape of counters: at least two are needed");
		}
	}
	return PARSE_NONE;
}

static enum parse_result prometheus_parse(struct parser *p, const struct text *line, int64_t stamp_ns,
                                          struct record *out) {
	p->reason = NULL;
	if (!line) {
		return finish(p, out);
	}
	return parse_text(p, *line, stamp_ns, out);
}

static int prometheus_bid(const struct text *lines, size_t count) {
	int bid = 0;

	for (size_t i = 0; i < count && bid < 90; i++) {
		struct sample_line l;
		struct text t = lines[i];
		if (text_starts(t, T("# HELP ")) || text_starts(t, T("# TYPE "))) {
			bid = bid > 70 ? bid : 70;
		} else if (t.len > 0 && !text_starts(t, T("{\"")) && take_sample(t, &l) && metric_known(l.name)) {
			bid = 90;
		}
	}
	return bid;
}

/* A line with only a time that is before that of the former such line: scrapes newest first. */
static bool goes_back(struct text line, int64_t *before_ns) {
	struct scrape_time time;
	bool stamped = line.len > 0 && scrape_time(text_trim(line), &time);
	bool back = stamped && time.ns < *before_ns;

	*before_ns = stamped ? time.ns : *before_ns;
	return back;
}

/* Series one after the other: a sample of another time follows one of the same series, or time goes back. */
static bool prometheus_unordered(const struct text *lines, size_t count) {
	int64_t before_ns = UNKNOWN, scraped_ns = INT64_MIN;
	uint64_t before = 0;

	for (size_t i = 0; i < count; i++) {
		struct sample_line l;
		if (goes_back(lines[i], &scraped_ns)) {
			return true;
		}
		if (lines[i].len == 0 || lines[i].at[0] == '#' || text_starts(lines[i], T("{\"")) || !take_sample(lines[i], &l) || l.at_ns == UNKNOWN ||
		    !metric_known(l.name)) {
			continue;
		}
		if (before_ns != UNKNOWN && (l.at_ns < before_ns || (l.at_ns != before_ns && hash_of(&l) == before))) {
			return true;
		}
		before_ns = l.at_ns;
		before = hash_of(&l);
	}
	return false;
}

static bool prometheus_instant(struct text line, int64_t *ns) {
	struct sample_line l;
	struct scrape_time time;

	*ns = UNKNOWN;
	switch (kind_of(text_trim(line), &l, &time)) {
	case LINE_SAMPLE:
		*ns = l.at_ns;
		return metric_known(l.name);
	case LINE_TIME:
		*ns = time.ns; /* without a zone as if it was UTC: only the order counts */
		return true;
	case LINE_DAMAGED: /* to be refused */
		return true;
	default:
		return false;
	}
}

const struct format format_prometheus = {
	.bid = prometheus_bid,
	.parse = prometheus_parse,
	.state_size = sizeof(struct prometheus),
	.unordered = prometheus_unordered,
	.instant = prometheus_instant,
};
