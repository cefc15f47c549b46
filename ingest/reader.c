#include "ingest/reader.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "core/exact.h"
#include "ingest/formats/pattern.h"
#include "ingest/head.h"
#include "ingest/outcome.h"
#include "ingest/reading.h"
#include "ingest/redact.h"

static void quarantine(struct reading *r, struct text raw) {
	if (!r->run->quarantine || !r->s || !r->s->format || is_known(r)) {
		return;
	}
	pthread_mutex_lock(&r->run->quarantine_lock);
	redact_line(raw, r->run->quarantine);
	putc('\n', r->run->quarantine);
	pthread_mutex_unlock(&r->run->quarantine_lock);
}

static void refuse(struct reading *r, const char *reason) {
	if (is_known(r)) {
		return;
	}
	quality_reject(r->quality, reason, r->name, r->index, (uint64_t)r->place);
}

static void count_record(struct reading *r, const struct record *out) {
	static const size_t counts[RECORD_KINDS] = {
		[RECORD_STEP] = offsetof(struct quality, steps),
		[RECORD_REQUEST] = offsetof(struct quality, requests),
		[RECORD_WINDOW] = offsetof(struct quality, windows),
		[RECORD_POWER] = offsetof(struct quality, powers),
	};
	++*(int64_t *)(void *)((char *)r->quality + counts[out->kind]);
	r->records++;
	r->s->records++;
	r->s->kinds[out->kind]++;
	r->s->overlapping += (out->kind == RECORD_WINDOW && out->window.prefill_gpu_ns == UNKNOWN) ||
	                     (out->kind == RECORD_REQUEST && !out->request.gateway);
	r->at_end += r->in_end;
}

static void fill(struct text *t, struct text by_default) {
	if (t->len == 0) {
		*t = by_default;
	}
}

/* The tenant: from the log, else from the command line; from here on its alias, if there is a key. */
static void name_tenant(struct reading *r, struct record *out) {
	const struct tenant_key *key = r->run->options->tenant_key;
	struct text *tenant = out->kind == RECORD_REQUEST  ? &out->request.tenant
	                      : out->kind == RECORD_WINDOW ? &out->window.tenant
	                                                   : NULL;

	if (!tenant) {
		return;
	}
	fill(tenant, r->path->source->tenant);
	if (key) {
		*tenant = tenant_alias_cached(&r->aliases, key, *tenant);
	}
}

static bool hand_on(struct reading *r, struct record *out) {
	const struct ingest_watch *watch = r->run->options->watch;

	stream_name_replica(r->s, out);
	stream_note_writer(r->s, out);
	fill(&out->model, r->path->source->model);
	name_tenant(r, out);
	stream_plain_names(r->s, r->names, out);
	out->file = watch ? r->plan.number : r->index;
	out->line = r->number;
	if (r->taking_back) {
		r->taken_back++;
		r->failed = watch->take_back(watch->context, r->lane, out, r->why);
		return r->failed >= 0;
	}
	if (is_known(r)) {
		return true;
	}
	count_record(r, out);
	r->failed = r->run->sink(r->run->sink_context, r->lane, out, r->why);
	return r->failed >= 0;
}

/* Is another call needed for the same line? */
static bool take_result(struct reading *r, enum parse_result result, struct record *out, struct text raw) {
	if (r->only_looks) {
		r->waits |= result == PARSE_RECORD || result == PARSE_AGAIN;
		return result != PARSE_NONE && result != PARSE_REJECT;
	}
	switch (result) {
	case PARSE_RECORD:
	case PARSE_AGAIN:
		return hand_on(r, out);
	case PARSE_REJECT:
	case PARSE_REJECT_AGAIN:
		refuse(r, r->s->parser.reason);
		quarantine(r, raw);
		return result == PARSE_REJECT_AGAIN;
	case PARSE_NONE:
		break;
	}
	return false;
}

static void take_note(struct reading *r, const char **note) {
	if (*note && !is_known(r)) {
		quality_note(r->quality, *note, r->name, r->index, (uint64_t)r->number);
	}
	*note = NULL;
}

/* All records of a line; NULL is the end of the file. False if there were none. */
static bool parse_line(struct reading *r, const struct unwrapped *line, struct text raw) {
	struct record *out = &r->record; /* on the stack it would be cleared for each line */
	enum parse_result result;
	bool any = false;

	do {
		result = r->s->format->parse(&r->s->parser, line ? &line->text : NULL, line ? line->stamp_ns : UNKNOWN, out);
		any = any || result != PARSE_NONE;
	} while (take_result(r, result, out, raw) && (result != PARSE_RECORD || !line));
	take_note(r, &r->s->parser.note);
	take_note(r, &r->s->parser.stamps.note);
	return any;
}

/* A user's pattern may match a line including the timestamp that is otherwise removed as an envelope. */
static void parse_described(struct reading *r, const struct unwrapped *line, struct text raw) {
	const struct unwrapped whole = {.text = raw, .stamp_ns = line->stamp_ns, .origin = line->origin};

	if (!parse_line(r, line, raw)) {
		parse_line(r, &whole, raw);
	}
}

static struct stream *stream_of(struct reading *r, const struct origin *o) {
	return streams_open(&r->streams, o, &r->setup);
}

static bool has_instants(const struct reading *r) {
	return r->chosen && r->chosen->format->instant;
}

static void take_unwrapped(struct reading *r, const struct unwrapped *line, struct text raw) {
	bool any = false;

	r->s = stream_of(r, &line->origin);
	r->s->pid = line->origin.pid;
	r->s->parser.local = line->local;
	r->s->parser.has_local = line->has_local;
	if (!r->s->decided) {
		stream_decide(&r->streams, r->s, line, &r->setup);
		r->chosen = r->chosen ? r->chosen : r->s->chosen;
	}
	if (!r->s->format) {
		r->first_unread = r->unread == 0 ? r->number : r->first_unread;
		r->unread += !is_known(r);
	} else if (r->described) {
		parse_described(r, line, raw);
		return;
	} else {
		any = parse_line(r, line, raw);
	}
	stream_read_parallel(r->s, line->text, r->number, any);
}

/* True if the line is read later, in order, or never. */
static bool hold(struct reading *r, const struct unwrapped *line) {
	int64_t at_ns = line->stamp_ns, own_ns = UNKNOWN;

	if (!r->reorder) {
		return false;
	}
	if (has_instants(r) && !r->chosen->format->instant(line->text, &own_ns)) {
		return true;
	}
	at_ns = own_ns != UNKNOWN ? own_ns : at_ns;
	return reorder_add(r->reorder, r->lines.number, at_ns, line, r->why, &r->failed);
}

static void take_line(struct reading *r, struct text raw) {
	struct unwrapped *line = &r->line;
	enum envelope_status status = envelope_strip(r->envelope, raw, line);

	do {
		if (status == ENVELOPE_TOO_LONG) {
			refuse(r, "line too long");
		} else if (status == ENVELOPE_LINE && !hold(r, line)) {
			take_unwrapped(r, line, raw);
		}
	} while (r->failed >= 0 && (status = envelope_more(r->envelope, line)) != ENVELOPE_DONE);
}

static void take_value(struct reading *r, enum document_status status, struct text value) {
	if (status == DOCUMENT_VALUE && r->failed >= 0) {
		take_line(r, value);
	} else if (status != DOCUMENT_MORE) {
		refuse(r, status == DOCUMENT_TOO_LONG ? "line too long" : r->document.is_yaml ? "invalid YAML" : "invalid JSON");
	}
}

static void take_values(struct reading *r) {
	enum document_status status;
	struct text value;

	while (r->failed >= 0 && (status = document_next(&r->document, &value)) != DOCUMENT_MORE) {
		take_value(r, status, value);
	}
}

/* A line of the file: a line of a log, a piece of a document, or several of its values. */
static void take_file_line(struct reading *r, struct text raw) {
	r->number = r->place = (int64_t)r->lines.number;
	r->quality->lines += !is_known(r);
	if (!r->is_document) {
		take_line(r, raw);
		return;
	}
	document_feed(&r->document, raw);
	take_values(r);
}

/* The beginning of a line of a document, which is too long to be held. */
static void take_part(struct reading *r, struct text part) {
	r->number = r->place = (int64_t)r->lines.number + 1;
	document_feed_part(&r->document, part);
	take_values(r);
}

static void take_too_long(struct reading *r) {
	r->number = r->place = (int64_t)r->lines.number;
	r->quality->lines += !is_known(r);
	refuse(r, "line too long");
}

/* Reads the lines that were held, in the order in which they were written. */
static void take_held(struct reading *r) {
	struct held_line held;
	int64_t last = 1;
	int got = 0;

	while (r->reorder && r->failed >= 0 && !r->run->stop && (got = reorder_next(r->reorder, &held, r->why)) > 0) {
		int64_t number = (int64_t)held.number;
		/* Records from samples depend on previous ones: they belong to the last of their lines. */
		r->number = has_instants(r) ? last : number;
		r->place = number;
		last = number > last ? number : last;
		take_unwrapped(r, &held.line, held.line.text);
	}
	r->failed = got < 0 ? got : r->failed;
	r->number = r->place = (int64_t)r->lines.number;
}

/* Reads what is pending at the end of the log, or at an apparent end. */
static void parse_end(struct reading *r) {
	struct unwrapped line;

	for (int from = 0; r->failed >= 0 && envelope_peek(r->envelope, &from, &line);) {
		r->s = stream_of(r, &line.origin);
		if (r->s->format) {
			parse_line(r, &line, line.text);
		}
	}
	for (size_t i = 0; i < r->streams.count && r->failed >= 0; i++) {
		r->s = r->streams.at[i];
		if (r->s->format) {
			parse_line(r, NULL, T(""));
		}
	}
}

/*
 * The log was treated as finished here, after `part` of a line (NULL: after a whole one), but continues. Records from
 * its end are withdrawn: they come again, complete. Reading then continues normally.
 */
static void take_back(struct reading *r, const struct text *part) {
	size_t count = r->streams.count;
	struct parser *saved = must_alloc(count * sizeof *saved);
	void **states = must_alloc(count * sizeof *states);
	struct unwrapped line;

	r->went_on = true;
	r->number = r->plan.known_lines;
	for (size_t i = 0; i < count; i++) {
		const struct stream *s = r->streams.at[i];
		size_t bytes = s->format ? s->format->state_size : 0;
		saved[i] = s->parser;
		states[i] = must_alloc(bytes + 1);
		memcpy(states[i], bytes > 0 ? s->parser.state : "", bytes);
	}
	r->taking_back = true;
	if (part && envelope_strip(r->envelope, *part, &line) == ENVELOPE_LINE) {
		take_unwrapped(r, &line, *part);
	}
	parse_end(r);
	r->taking_back = false;
	for (size_t i = 0; i < count; i++) {
		struct stream *s = r->streams.at[i];
		size_t bytes = s->format && s->parser.state == saved[i].state ? s->format->state_size : 0;
		memcpy(saved[i].state ? saved[i].state : states[i], states[i], bytes);
		if (bytes > 0) {
			s->parser = saved[i];
		}
		free(states[i]);
	}
	free(states);
	free(saved);
}

/* Before reading a line that ends at `end` with its newline: is it the first one after an apparent end? */
static void look_for_end(struct reading *r, struct text raw, int64_t end) {
	const struct ingest_plan *plan = &r->plan;
	int64_t number = (int64_t)r->lines.number, from = r->before;

	r->before = end;
	if (!plan->known_end || r->went_on || r->failed < 0) {
		return;
	}
	if (number == plan->known_lines && plan->known_bytes - from < (int64_t)raw.len) {
		struct text part = text_cut(raw, 0, (size_t)(plan->known_bytes - from));
		part.len -= text_ends(part, T("\r"));
		take_back(r, &part);
		r->reopened = true;
		r->quality->lines--; /* it was counted then, and again now */
	} else if (number == plan->known_lines + 1) {
		take_back(r, NULL);
	}
}

/*
 * Empty lines after two others mean nothing to any format, but may be a thousand times as many as the bytes of a
 * compressed file: they are counted at once.
 */
static void skip_empty(struct reading *r) {
	if (r->plan.known_lines == 0) {
		r->quality->lines += lines_skip_empty(&r->lines);
	}
}

/* Reads a block's lines; false if the work is to stop. */
static bool take_lines(struct reading *r, struct text block) {
	enum line_status status;
	struct text raw;
	int empty = 0;

	lines_feed(&r->lines, block);
	r->fed += (int64_t)block.len;
	while ((status = lines_next(&r->lines, &raw)) != LINE_NONE && r->failed >= 0) {
		if (status == LINE_PART) {
			take_part(r, raw);
			continue;
		}
		look_for_end(r, status == LINE_READY ? raw : T(""), r->fed - (int64_t)r->lines.block.len);
		if (status == LINE_READY) {
			take_file_line(r, raw);
		} else {
			take_too_long(r);
		}
		empty = status == LINE_READY && raw.len == 0 ? empty + 1 : 0;
		if (empty >= 2) {
			skip_empty(r);
		}
	}
	return r->failed >= 0 && !r->run->stop;
}

static bool take_block(struct reading *r, struct text block) {
	const struct ingest_watch *watch = r->run->options->watch;

	if (watch) {
		watch->block(watch->context, r->index, block);
	}
	return take_lines(r, block);
}

/* Reads what is still pending at the end of the file. */
static void take_last(struct reading *r) {
	enum line_status status;
	struct text raw;

	if (!r->reorder && r->run->options->watch && (r->plan.goes_on || source_damage(r->source).reason)) {
		r->only_looks = r->records == 0; /* the remainder will follow, or a complete copy */
		if (r->only_looks) {
			parse_end(r);
		}
		return;
	}
	status = lines_last(&r->lines, &raw);
	if (status != LINE_NONE) {
		look_for_end(r, status == LINE_READY ? raw : T(""), r->fed);
	}
	if (status == LINE_READY) {
		take_file_line(r, raw);
	} else if (status == LINE_TOO_LONG) {
		take_too_long(r);
	}
	take_value(r, document_end(&r->document, &raw), raw);
	take_held(r);
	r->in_end = true;
	parse_end(r);
}

static void report_progress(struct reading *r) {
	struct ingest_run *run = r->run;
	int64_t more = source_bytes(r->source) - r->bytes_reported;

	r->bytes_reported += more;
	int64_t done = atomic_fetch_add(&run->bytes_done, more) + more;
	if (run->options->progress) {
		run->options->progress(run->options->progress_context, done, run->bytes_total);
	}
}

/* The first bytes of the log, unpacked: the caller frees. */
static struct text read_head(struct reading *r) {
	char *head = NULL;
	size_t len = 0;
	struct text block;

	while (head_needs_more((struct text){head, len}, r->run->max_line_bytes) && source_next(r->source, &block)) {
		head = must_realloc(head, len + block.len);
		memcpy(head + len, block.at, block.len);
		len += block.len;
	}
	return (struct text){head, len};
}

static void choose_format(struct reading *r, struct text bytes) {
	const char *forced = r->path->source->log_format;
	struct stream *first = r->streams.at[0];
	const struct head look = {
		.bytes = bytes,
		.max_line_bytes = r->run->max_line_bytes,
		.forced = forced ? format_named(text_of(forced)) : NULL,
		.parser = first->parser,
	};
	struct head_found found = head_look(&look);

	r->chosen = r->setup.chosen = found.format;
	r->several = found.several;
	r->setup.several = &r->several;
	r->detected_at_line = found.detected_at_line;
	r->is_document = found.is_document;
	/* What is read bit by bit, night by night, is counted by whole lines. */
	r->lines.part_bytes = found.is_document && !text_starts(bytes, T("---")) && !r->run->options->watch ? DOCUMENT_PART_BYTES : 0;
	r->document.is_long = found.is_document && document_is_long(bytes);
	r->described = r->setup.certain = found.format == format_named(T("pattern"));
	r->setup.certain |= forced != NULL;
	if (found.format) {
		stream_set_format(first, found.format);
		first->decided = true;
	}
	if (found.order != ORDER_OLDEST_FIRST) {
		r->reorder = reorder_new(found.order == ORDER_MIXED);
		r->plan.known_end = false;
	}
}

/* Reads the known part of the same file again from its start: its records are withdrawn. */
static void take_back_known(struct reading *r, struct reading *before, struct text known) {
	choose_format(before, known);
	if (!before->reorder == !r->reorder) {
		return;
	}
	if (take_lines(before, known)) {
		take_last(before);
	}
	r->failed = before->failed;
	r->taken_back = before->taken_back;
	r->went_on = true;
	r->plan.known_lines = 0;
	r->plan.known_end = false;
}

/*
 * A log was treated as finished within the part that determines its format. If the following lines change whether it
 * is in the order of time, all of its records differ: it is then read as a new file. `before` is the reading before
 * its format was chosen.
 */
static void look_for_other_order(struct reading *r, struct reading *before, struct text head) {
	struct quality quality; /* everything is found again */

	if (!before->plan.known_end || before->plan.known_bytes >= (int64_t)head.len || source_damage(r->source).reason) {
		return;
	}
	quality_init(&quality);
	before->quality = before->setup.quality = &quality;
	before->streams = (struct streams){0};
	before->envelope = envelope_new(r->run->max_line_bytes);
	envelope_set_names(before->envelope, r->run->options->names);
	before->taking_back = before->went_on = true;
	before->plan.goes_on = false;
	stream_of(before, &(struct origin){0});
	take_back_known(r, before, text_cut(head, 0, (size_t)before->plan.known_bytes));
	streams_release(&before->streams);
	reorder_free(before->reorder);
	envelope_free(before->envelope);
	lines_release(&before->lines);
	document_release(&before->document);
	quality_release(&quality);
}

static void read_all(struct reading *r) {
	int64_t lines_before = r->quality->lines, in_future_before = quality_rejected(r->quality, INGEST_IN_FUTURE);
	struct text head = read_head(r), block;
	struct reading before = *r;

	choose_format(r, head);
	look_for_other_order(r, &before, head);
	bool going = r->failed >= 0 && take_block(r, head);
	free((char *)(uintptr_t)head.at);
	report_progress(r);
	if (going && r->run->idle_cores) {
		source_read_ahead(r->source);
	}
	while (going && source_next(r->source, &block)) {
		going = take_block(r, block);
		report_progress(r);
	}
	if (going) {
		take_last(r);
		reading_report(r, lines_before);
		reading_notify(r, lines_before, in_future_before);
	}
}

int read_file(struct ingest_run *run, const struct path *path, uint32_t index, unsigned lane,
              struct quality *quality, struct fault *why) {
	struct source_limits limits = {.block_bytes = run->options->block_bytes, .max_ratio = run->options->max_ratio, .regular_only = run->options->watch != NULL};
	struct reading r = {
		.run = run,
		.path = path,
		.name = strcmp(path->name, "-") == 0 ? "stdin" : path->name,
		.index = index,
		.lane = lane,
		.lines = {.max_bytes = run->max_line_bytes},
		.document = {.max_bytes = run->max_line_bytes},
		.quality = quality,
		.why = why,
	};
	struct fault unopened;
	const struct ingest_watch *watch = run->options->watch;

	int wanted = watch ? watch->open(watch->context, r.name, index, &r.plan, why) : 1;
	if (wanted <= 0) {
		return wanted;
	}
	if (source_open(&r.source, path->name, limits, &unopened) < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) { /* not the log's fault */
			return fault_set(why, ERROR_IO, "%s", unopened.message);
		}
		const char *colon = strrchr(unopened.message, ':');
		char reason[160];
		snprintf(reason, sizeof reason, "cannot be opened%s", colon ? colon : "");
		quality_damage(quality, r.name, reason, 0);
		return 0;
	}
	r.envelope = envelope_new(run->max_line_bytes);
	envelope_set_names(r.envelope, run->options->names);
	r.setup = (struct stream_setup){.options = run->options, .path = path, .now_ns = run->now_ns, .quality = quality};
	r.known_empty = outcome_expected(run->options, r.name);
	stream_of(&r, &(struct origin){0});
	read_all(&r);
	streams_release(&r.streams);
	reorder_free(r.reorder);
	envelope_free(r.envelope);
	lines_release(&r.lines);
	document_release(&r.document);
	source_free(r.source);
	return r.failed;
}
