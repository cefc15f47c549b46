#include "ingest/head.h"

#include <stdlib.h>

#include "core/error.h"
#include "core/exact.h"
#include "ingest/bytes/source.h"
#include "ingest/document.h"
#include "ingest/formats/pattern.h"
#include "ingest/line.h"
#include "ingest/naming.h"

/* Bytes that are examined. */
#define LOOK_BYTES ((size_t)64 * 1024)
/* Bytes of an array in one line, as its first element may be long. */
#define ARRAY_BYTES (4 * DOCUMENT_PART_BYTES)
/* Lines that are examined; a document may have many in few bytes. */
#define LINES_MAX ((size_t)8192)

/* The head's lines, without envelopes. */
struct seen {
	struct text *at;
	int64_t *stamp_ns;
	uint64_t *numbers;
	size_t count, room;
	bool described; /* one of the user's patterns matches a line with its envelope */
	struct {
		uint64_t pod, container;
	} engines[HEAD_PODS_MAX]; /* containers with a line that only an engine logs */
	size_t engine_count;
	struct head_pods several;
};

/* The least bid of such lines; other lines of a logger have lower ones. */
#define ENGINE_BID 85

/*
 * Is it a log of an engine, with lines that depend on each other? Tables begin with their header, and lines of JSON
 * are complete.
 */
static bool order_matters(const struct ingest_format_info *format) {
	static const char *const names[] = {"vllm", "sglang", "trtllm", "llamacpp", "llamacpp-old", "lmdeploy"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (strcmp(format->name, names[i]) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_of_engine(const struct text *lines, size_t count) {
	const struct ingest_format_info *found = format_detect(lines, count);

	return found && order_matters(found) && found->format->bid(lines, count) >= ENGINE_BID;
}

/* Counts the containers of a pod that are engines. */
static void note_container(struct seen *s, const struct unwrapped *line) {
	uint64_t pod = naming_pod_hash(&line->origin), container = text_hash(line->origin.part[ORIGIN_CONTAINER]);
	bool others = false, noted = false;

	for (size_t i = 0; i < s->engine_count; i++) {
		others |= s->engines[i].pod == pod;
		noted |= s->engines[i].pod == pod && s->engines[i].container == container;
	}
	if (pod == 0 || noted || s->engine_count == HEAD_PODS_MAX || !is_of_engine(&line->text, 1)) {
		return;
	}
	s->engines[s->engine_count].pod = pod;
	s->engines[s->engine_count++].container = container;
	if (others) {
		s->several.at[s->several.count++] = pod;
	}
}

/* The envelope's timestamp; without a zone, treated as UTC: the order is the same. */
static int64_t order_instant(const struct unwrapped *line) {
	struct civil c = line->local;
	int64_t ns;

	c.year = c.year > 0 ? c.year : 2000;
	return line->stamp_ns == UNKNOWN && line->has_local && civil_to_instant(&c, &ns) ? ns : line->stamp_ns;
}

/* A copy of a line that stays valid after the envelope's buffers change. */
static void keep(struct seen *s, const struct unwrapped *line, uint64_t number) {
	if (s->count == s->room) {
		s->room = s->room > 0 ? 2 * s->room : 256;
		s->at = must_realloc(s->at, s->room * sizeof *s->at);
		s->stamp_ns = must_realloc(s->stamp_ns, s->room * sizeof *s->stamp_ns);
		s->numbers = must_realloc(s->numbers, s->room * sizeof *s->numbers);
	}
	s->at[s->count] = (struct text){text_copy(line->text), line->text.len};
	s->stamp_ns[s->count] = order_instant(line);
	s->numbers[s->count++] = number;
}

static void release(struct seen *s) {
	for (size_t i = 0; i < s->count; i++) {
		free((char *)(uintptr_t)s->at[i].at);
	}
	free(s->at);
	free(s->stamp_ns);
	free(s->numbers);
}

bool head_needs_more(struct text bytes, size_t max_line_bytes) {
	struct text t = bytes.len >= LOOK_BYTES ? text_trim(bytes) : T("");
	bool object = t.len > 0 && (*t.at == '{' || *t.at == '[');
	/* Of an array, the first elements do. */
	size_t enough = t.len > 0 && *t.at == '[' && max_line_bytes > ARRAY_BYTES ? ARRAY_BYTES : max_line_bytes;

	return bytes.len < LOOK_BYTES || (object && bytes.len < enough && text_find_byte(bytes, '\n') == SIZE_MAX);
}

/* Not more than needed; but a document's first element may be long, and so may a line. */
static struct text window(struct text bytes, bool is_document) {
	size_t line = text_find_byte(bytes, '\n');

	return is_document || line == SIZE_MAX ? bytes : text_cut(bytes, 0, line >= LOOK_BYTES ? line + 1 : LOOK_BYTES);
}

static void unwrap(struct seen *s, struct envelope *envelope, struct text raw, uint64_t number) {
	struct unwrapped line;
	enum envelope_status status = envelope_strip(envelope, raw, &line);

	do {
		if (status == ENVELOPE_LINE && s->count < LINES_MAX) {
			keep(s, &line, number);
			note_container(s, &line);
		}
	} while ((status = envelope_more(envelope, &line)) != ENVELOPE_DONE);
}

/* A line of the file: a line of a log, or a piece of a document. */
static void look_at(struct seen *s, struct envelope *envelope, struct document *document, struct text raw, uint64_t number) {
	enum document_status status;
	struct text value;

	if (!document) {
		unwrap(s, envelope, raw, number);
		return;
	}
	document_feed(document, raw);
	document->goes_on = document->is_long;
	while ((status = document_next(document, &value)) != DOCUMENT_MORE) {
		if (status == DOCUMENT_VALUE) {
			unwrap(s, envelope, value, number);
		}
	}
}

static void read_lines(struct seen *s, const struct head *h, bool is_document) {
	struct document document = {.max_bytes = h->max_line_bytes, .is_long = document_is_long(h->bytes)};
	struct lines lines = {.max_bytes = h->max_line_bytes};
	struct envelope *envelope = envelope_new(h->max_line_bytes);
	struct matcher *matcher = h->parser.matcher;
	enum line_status status;
	struct text raw;

	lines_feed(&lines, window(h->bytes, is_document));
	while ((status = lines_next(&lines, &raw)) != LINE_NONE ||
	       (s->count == 0 && (status = lines_last(&lines, &raw)) != LINE_NONE)) {
		s->described = s->described || (status == LINE_READY && matcher && matcher_bids(matcher, &raw, 1));
		if (status == LINE_READY) {
			look_at(s, envelope, is_document ? &document : NULL, raw, lines.number);
		}
	}
	if (document_end(&document, &raw) == DOCUMENT_VALUE) {
		unwrap(s, envelope, raw, lines.number);
	}
	document_release(&document);
	envelope_free(envelope);
	lines_release(&lines);
}

static void find_format(const struct head *h, const struct seen *s, struct head_found *out) {
	struct matcher *matcher = h->parser.matcher;

	if (h->forced) {
		out->format = h->forced;
	} else if (s->described || (matcher && matcher_bids(matcher, s->at, s->count))) {
		out->format = format_named(T("pattern"));
	} else {
		out->format = format_detect(s->at, s->count);
		out->detected_at_line = out->format ? (int64_t)s->numbers[format_detected_at(out->format, s->at, s->count)] : 0;
	}
}

/* How often instants go up and down from line to line. */
struct tally {
	int64_t first_ns, last_ns;
	size_t stamped, up, down;
	size_t far_up, far_down; /* by more than lines of several threads differ */
	int64_t last_number;     /* of a step; or UNKNOWN */
	size_t numbers_up, numbers_down;
	bool resolved;           /* the format reads timestamps of lines */
};

#define FAR_NS NS_PER_SECOND

static void tally_add(struct tally *t, int64_t ns) {
	t->first_ns = t->stamped == 0 ? ns : t->first_ns;
	t->up += t->stamped > 0 && ns > t->last_ns;
	t->down += t->stamped > 0 && ns < t->last_ns;
	t->far_up += t->stamped > 0 && ns > t->last_ns + FAR_NS;
	t->far_down += t->stamped > 0 && ns < t->last_ns - FAR_NS;
	t->last_ns = ns;
	t->stamped++;
}

/* Lines of one second have the same timestamp: their steps' numbers show the order. */
static void tally_add_number(struct tally *t, int64_t number) {
	t->numbers_up += t->last_number != UNKNOWN && number > t->last_number;
	t->numbers_down += number != UNKNOWN && number < t->last_number;
	t->last_number = number != UNKNOWN ? number : t->last_number;
}

static bool numbers_fall(const struct tally *t) {
	return t->up == 0 && t->numbers_down >= 2 && t->numbers_down >= 9 * t->numbers_up;
}

static enum line_order order_of(const struct tally *t, bool by_envelope) {
	bool falls = t->down > 0 && t->down >= 9 * t->up && t->last_ns < t->first_ns;

	if (numbers_fall(t) || (falls && (t->down >= 2 || t->stamped <= 3))) {
		return by_envelope && t->far_up >= 2 ? ORDER_MIXED : ORDER_NEWEST_FIRST;
	}
	bool mixed = t->down >= 3 && (10 * t->down > t->stamped || t->far_down >= 3);
	return by_envelope && mixed ? ORDER_MIXED : ORDER_OLDEST_FIRST;
}

static bool instant_of(const struct record *r, int64_t *ns) {
	*ns = r->kind == RECORD_STEP ? r->step.start_ns : r->kind == RECORD_WINDOW ? r->window.start_ns : UNKNOWN;
	return *ns != UNKNOWN;
}

/* Tries the format on a line, and uses the instant that it reads: its own timestamp, else that of a record. */
static void try_line(const struct ingest_format_info *format, struct parser *p, const struct text *line, struct tally *t) {
	struct record out;
	enum parse_result result;
	int64_t ns = UNKNOWN, own;

	p->stamps.resolved = false;
	p->seen_index = UNKNOWN;
	do {
		result = format->format->parse(p, line, UNKNOWN, &out);
		if ((result == PARSE_RECORD || result == PARSE_AGAIN) && ns == UNKNOWN && instant_of(&out, &own)) {
			ns = own;
		}
		bool numbered = result == PARSE_RECORD && out.kind == RECORD_STEP && p->seen_index == UNKNOWN;
		p->seen_index = numbered ? out.step.index : p->seen_index;
	} while (result == PARSE_AGAIN || result == PARSE_REJECT_AGAIN);
	tally_add_number(t, p->seen_index);
	t->resolved |= p->stamps.resolved; /* a repeated timestamp is not resolved again */
	ns = p->stamps.resolved || (t->resolved && ns != UNKNOWN) ? p->stamps.last_ns : ns;
	if (ns != UNKNOWN) {
		tally_add(t, ns);
	}
}

/* The order by the timestamps that the format reads, if envelopes have none. */
static enum line_order order_by_format(const struct head *h, const struct seen *s, const struct ingest_format_info *format) {
	struct quality ignored;
	struct parser p = h->parser;
	struct tally t = {.last_number = UNKNOWN};

	quality_init(&ignored);
	p.quality = &ignored;
	p.stamps.quality = &ignored;
	p.state = must_calloc(1, format->format->state_size + 1);
	p.json = json_new();
	for (size_t i = 0; i < s->count; i++) {
		try_line(format, &p, &s->at[i], &t);
	}
	free(p.state);
	json_free(p.json);
	quality_release(&ignored);
	return order_of(&t, false);
}

static enum line_order find_order(const struct head *h, const struct seen *s, const struct ingest_format_info *format) {
	struct tally t = {0};

	if (format && format->format->unordered && format->format->unordered(s->at, s->count)) {
		return ORDER_MIXED;
	}
	for (size_t i = 0; i < s->count; i++) {
		if (s->stamp_ns[i] != UNKNOWN) {
			tally_add(&t, s->stamp_ns[i]);
		}
	}
	if (t.stamped > 1) {
		enum line_order order = order_of(&t, true);
		bool by_instant = format && format->format->unordered && order == ORDER_NEWEST_FIRST; /* lines of one instant stay in order */
		return by_instant ? ORDER_MIXED : order;
	}
	return format && order_matters(format) ? order_by_format(h, s, format) : ORDER_OLDEST_FIRST;
}

struct head_found head_look(const struct head *h) {
	struct head_found found = {.is_document = document_bids(h->bytes)};
	struct seen s = {0};

	read_lines(&s, h, found.is_document);
	find_format(h, &s, &found);
	found.order = find_order(h, &s, found.format);
	found.several = s.several;
	release(&s);
	return found;
}

bool head_is_of_engine(const char *path) {
	struct fault ignored;
	struct source *source;
	struct seen s = {0};
	char *bytes = NULL;
	size_t len = 0;
	struct text block;

	if (source_open(&source, path, (struct source_limits){.regular_only = true, .unhashed = true}, &ignored) < 0) {
		return false;
	}
	while (len < LOOK_BYTES && source_next(source, &block)) {
		bytes = must_realloc(bytes, len + block.len);
		memcpy(bytes + len, block.at, block.len);
		len += block.len;
	}
	source_free(source);
	read_lines(&s, &(struct head){.bytes = {bytes, len}, .max_line_bytes = LOOK_BYTES}, false);
	bool found = s.count > 0 && is_of_engine(s.at, s.count);
	release(&s);
	free(bytes);
	return found;
}
