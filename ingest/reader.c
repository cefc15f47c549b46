#include "ingest/reader.h"

#include <errno.h>
#include <stdlib.h>

#include "core/exact.h"
#include "ingest/envelopes/envelope.h"
#include "ingest/format.h"
#include "ingest/formats/pattern.h"
#include "ingest/line.h"
#include "ingest/redact.h"
#include "ingest/source.h"

/* So much of a log is looked at to tell its format. */
#define HEAD_BYTES ((size_t)64 * 1024)

struct reading {
	struct ingest_run *run;
	const struct path *path;
	const char *name; /* for messages */
	uint32_t index;
	unsigned lane;
	struct source *source;
	struct lines lines;
	struct envelope *envelope;
	const struct ingest_format_info *chosen; /* NULL: no format bids for this file */
	const struct format *format;             /* its reader, or NULL */
	struct parser parser;
	bool described;     /* by the user's patterns */
	struct text replica;
	struct tenant_aliases aliases;
	struct quality *quality;
	int64_t records, at_end; /* at_end: of them, those that the end of the file gave */
	struct ingest_plan plan;
	bool in_end; /* all lines are read */
	int64_t fed, before; /* unpacked bytes handed in; where the line delivered last begins */
	/* Where the log was taken for finished, and goes on: */
	bool taking_back, went_on; /* what its end gave is being taken back; has been */
	bool reopened;             /* its last known line was a part of one */
	int64_t taken_back;
	int64_t told_by;    /* the line that told the format; or 0 */
	int64_t bytes_told; /* to the run's progress */
	struct fault *why;
	int failed;
};

/* Is what is being read counted by an earlier run? */
static bool is_known(const struct reading *r) {
	bool nothing_new = (int64_t)r->lines.number <= r->plan.known_lines - r->reopened;

	if (r->taking_back) {
		return true;
	}
	return r->in_end ? r->plan.known_end && nothing_new : nothing_new && r->plan.known_lines > 0;
}

static void quarantine(struct reading *r, struct text raw) {
	if (!r->run->quarantine || !r->format || is_known(r)) {
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
	quality_reject(r->quality, reason, r->name, r->index, r->lines.number);
}

static void count_record(struct reading *r, const struct record *out) {
	struct quality *q = r->quality;
	int64_t *const counts[RECORD_KINDS] = {
		[RECORD_STEP] = &q->steps,
		[RECORD_REQUEST] = &q->requests,
		[RECORD_WINDOW] = &q->windows,
		[RECORD_POWER] = &q->powers,
	};
	(*counts[out->kind])++;
	r->records++;
	r->at_end += r->in_end;
}

static void fill(struct text *t, struct text by_default) {
	if (t->len == 0) {
		*t = by_default;
	}
}

/* Who it was for: as the log says, else as the command line does; from here on by its alias, where there is a key. */
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

	fill(&out->replica, r->replica);
	fill(&out->model, r->path->source->model);
	name_tenant(r, out);
	out->file = watch ? r->plan.number : r->index;
	out->line = r->taking_back ? r->plan.known_lines : (int64_t)r->lines.number;
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

/* Is there to be another call for the same line? */
static bool take_result(struct reading *r, enum parse_result result, struct record *out, struct text raw) {
	switch (result) {
	case PARSE_RECORD:
	case PARSE_AGAIN:
		return hand_on(r, out);
	case PARSE_REJECT:
	case PARSE_REJECT_AGAIN:
		refuse(r, r->parser.reason);
		quarantine(r, raw);
		return result == PARSE_REJECT_AGAIN;
	case PARSE_NONE:
		break;
	}
	return false;
}

static void take_note(struct reading *r, const char **note) {
	if (*note && !is_known(r)) {
		quality_note(r->quality, *note, r->name, r->index, r->lines.number);
	}
	*note = NULL;
}

/* All records of a line; NULL is the end of the file. False if nothing came of it. */
static bool parse_line(struct reading *r, const struct unwrapped *line, struct text raw) {
	struct record out;
	enum parse_result result;
	bool any = false;

	do {
		result = r->format->parse(&r->parser, line ? &line->text : NULL, line ? line->stamp_ns : UNKNOWN, &out);
		any = any || result != PARSE_NONE;
	} while (take_result(r, result, &out, raw) && (result != PARSE_RECORD || !line));
	take_note(r, &r->parser.note);
	take_note(r, &r->parser.stamps.note);
	return any;
}

/* What a user describes may be a line with the stamp in front that is else taken off it. */
static void parse_described(struct reading *r, const struct unwrapped *line, struct text raw) {
	const struct unwrapped whole = {raw, line->stamp_ns, line->origin};

	if (!parse_line(r, line, raw)) {
		parse_line(r, &whole, raw);
	}
}

static void take_line(struct reading *r, struct text raw) {
	struct unwrapped line;

	r->quality->lines += !is_known(r);
	if (!r->format) {
		refuse(r, "no known format");
		return;
	}
	switch (envelope_strip(r->envelope, raw, &line)) {
	case ENVELOPE_LINE:
		if (r->described) {
			parse_described(r, &line, raw);
		} else {
			parse_line(r, &line, raw);
		}
		break;
	case ENVELOPE_TOO_LONG:
		refuse(r, "line too long");
		break;
	case ENVELOPE_PART:
		break;
	}
}

static void take_too_long(struct reading *r) {
	r->quality->lines += !is_known(r);
	refuse(r, "line too long");
}

/* What is held where the log ends, or seemed to. */
static void parse_end(struct reading *r) {
	struct unwrapped line;

	for (int from = 0; r->format && r->failed >= 0 && envelope_peek(r->envelope, &from, &line);) {
		parse_line(r, &line, line.text);
	}
	if (r->format && r->failed >= 0) {
		parse_line(r, NULL, T(""));
	}
}

/*
 * The log was taken for finished here, behind `part` of a line (NULL: behind a whole one), but goes on. What its end
 * gave is taken back: it comes again, whole. Reading then goes on as if nothing had been asked for.
 */
static void take_back(struct reading *r, const struct text *part) {
	struct parser saved = r->parser;
	struct unwrapped line;

	r->went_on = true;
	if (!r->format) {
		return;
	}
	void *state = must_alloc(r->format->state_size + 1);
	memcpy(state, r->parser.state, r->format->state_size);
	r->taking_back = true;
	if (part && envelope_strip(r->envelope, *part, &line) == ENVELOPE_LINE) {
		parse_line(r, &line, *part);
	}
	parse_end(r);
	r->taking_back = false;
	memcpy(saved.state, state, r->format->state_size);
	free(state);
	r->parser = saved;
}

/* Before a line is taken, which ends at `end` with its newline: is it the first one behind an end that was none? */
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
		r->quality->lines--; /* it was counted then, and is now */
	} else if (number == plan->known_lines + 1) {
		take_back(r, NULL);
	}
}

/* A block's lines; false if the work is to stop. */
static bool take_block(struct reading *r, struct text block) {
	const struct ingest_watch *watch = r->run->options->watch;
	enum line_status status;
	struct text raw;

	if (watch) {
		watch->block(watch->context, r->index, block);
	}
	lines_feed(&r->lines, block);
	r->fed += (int64_t)block.len;
	while ((status = lines_next(&r->lines, &raw)) != LINE_NONE && r->failed >= 0) {
		look_for_end(r, status == LINE_READY ? raw : T(""), r->fed - (int64_t)r->lines.block.len);
		if (status == LINE_READY) {
			take_line(r, raw);
		} else {
			take_too_long(r);
		}
	}
	return r->failed >= 0 && !r->run->stop;
}

/* What is still held where the file ends. */
static void take_last(struct reading *r) {
	enum line_status status;
	struct text raw;

	if (r->run->options->watch && (r->plan.goes_on || source_damage(r->source).reason)) {
		return; /* the rest will come, or a whole copy */
	}
	status = lines_last(&r->lines, &raw);
	if (status != LINE_NONE) {
		look_for_end(r, status == LINE_READY ? raw : T(""), r->fed);
	}
	if (status == LINE_READY) {
		take_line(r, raw);
	} else if (status == LINE_TOO_LONG) {
		take_too_long(r);
	}
	r->in_end = true;
	parse_end(r);
}

static void tell_progress(struct reading *r) {
	struct ingest_run *run = r->run;
	int64_t more = source_bytes(r->source) - r->bytes_told;

	r->bytes_told += more;
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

	while (len < HEAD_BYTES && source_next(r->source, &block)) {
		head = must_realloc(head, len + block.len);
		memcpy(head + len, block.at, block.len);
		len += block.len;
	}
	return (struct text){head, len};
}

/* A copy of a line that outlives the envelope's buffers, at *to, which is moved behind it. */
static struct text keep(struct text t, char **to) {
	struct text kept = {*to, t.len};

	memcpy(*to, t.at, t.len);
	*to += t.len;
	return kept;
}

/*
 * Looks at the head's whole lines as the formats will see them. The last one counts only
 * if there is no other: it may be cut.
 */
static const struct ingest_format_info *detect(struct reading *r, struct text head) {
	struct lines lines = {.max_bytes = r->run->max_line_bytes};
	struct envelope *envelope = envelope_new(r->run->max_line_bytes);
	char *bytes = must_alloc(head.len + 1), *to = bytes;
	struct text *seen = NULL, raw;
	uint64_t *numbers = NULL;
	size_t count = 0, room = 0;
	struct unwrapped line;
	enum line_status status;
	bool described = false;

	lines_feed(&lines, text_cut(head, 0, HEAD_BYTES));
	while ((status = lines_next(&lines, &raw)) != LINE_NONE ||
	       (count == 0 && (status = lines_last(&lines, &raw)) != LINE_NONE)) {
		described = described || (status == LINE_READY && r->parser.matcher && matcher_bids(r->parser.matcher, &raw, 1));
		if (status == LINE_READY && envelope_strip(envelope, raw, &line) == ENVELOPE_LINE) {
			if (count == room) {
				room = room > 0 ? 2 * room : 256;
				seen = must_realloc(seen, room * sizeof *seen);
				numbers = must_realloc(numbers, room * sizeof *numbers);
			}
			numbers[count] = lines.number;
			seen[count++] = keep(line.text, &to);
		}
	}
	described = described || (r->parser.matcher && matcher_bids(r->parser.matcher, seen, count));
	const struct ingest_format_info *found = described ? format_named(T("pattern")) : format_detect(seen, count);
	r->told_by = found && !described ? (int64_t)numbers[format_told_by(found, seen, count)] : 0;
	free(seen);
	free(numbers);
	free(bytes);
	envelope_free(envelope);
	lines_release(&lines);
	return found;
}

static void choose_format(struct reading *r, struct text head) {
	const char *forced = r->path->source->log_format;

	r->chosen = forced ? format_named(text_of(forced)) : detect(r, head);
	if (r->chosen) {
		r->format = r->chosen->format;
		r->described = r->format == format_named(T("pattern"))->format;
		r->parser.state = must_calloc(1, r->format->state_size);
	} else if (head.len > 0) {
		quality_warn(r->quality, "%s: no known format", r->name);
	} else {
		quality_warn(r->quality, "%s: empty", r->name);
	}
}

static void set_parser(struct reading *r) {
	const struct ingest_source *s = r->path->source;

	r->replica = s->replica.len > 0 ? s->replica : path_replica(r->path->name);
	r->parser = (struct parser){
		.json = json_new(),
		.stamps = {.zone = s->log_zone, .year = s->log_year, .now_ns = r->run->now_ns, .quality = r->quality},
		.replica = r->replica,
		.model = s->model,
		.latest_ns = r->run->now_ns + NS_PER_DAY,
		.quality = r->quality,
		.matcher = r->run->options->patterns ? matcher_new(r->run->options->patterns) : NULL,
	};
	if (s->log_year == 0) {
		stamp_near_name(&r->parser.stamps, text_of(r->path->name));
	}
}

static void report_input(struct reading *r, int64_t lines_before) {
	struct source_damage damage = source_damage(r->source);
	struct quality_input in = {
		.file = (char *)(uintptr_t)r->name, /* copied */
		.bytes = source_bytes(r->source),
		.format = (char *)(uintptr_t)(r->chosen ? r->chosen->name : ""),
		.lines = r->quality->lines - lines_before,
		.records = r->records,
		.told_by = r->told_by,
		.index = r->index,
	};
	memcpy(in.sha256, source_sha256(r->source), sizeof in.sha256);
	quality_add_input(r->quality, &in);
	if (damage.reason) {
		quality_damage(r->quality, r->name, damage.reason, damage.offset);
	}
}

static void tell_watch(struct reading *r, int64_t lines_before) {
	const struct ingest_watch *watch = r->run->options->watch;

	if (!watch || r->failed < 0) {
		return;
	}
	const struct ingest_done done = {
		.path = r->name,
		.format = r->chosen ? r->chosen->name : "",
		.sha256 = source_sha256(r->source),
		.index = r->index,
		.lines = r->quality->lines - lines_before,
		.records = r->records,
		.at_end = r->at_end,
		.taken_back = r->taken_back,
		.went_on = r->went_on,
		.damaged = source_damage(r->source).reason != NULL,
	};
	r->failed = watch->close(watch->context, &done, r->why);
}

static void read_all(struct reading *r) {
	int64_t lines_before = r->quality->lines;
	struct text head = read_head(r), block;

	choose_format(r, head);
	bool going = take_block(r, head);
	free((char *)(uintptr_t)head.at);
	tell_progress(r);
	while (going && source_next(r->source, &block)) {
		going = take_block(r, block);
		tell_progress(r);
	}
	if (going) {
		take_last(r);
		report_input(r, lines_before);
		tell_watch(r, lines_before);
	}
}

int read_file(struct ingest_run *run, const struct path *path, uint32_t index, unsigned lane,
              struct quality *quality, struct fault *why) {
	struct source_limits limits = {run->options->block_bytes, run->options->max_ratio, run->options->watch != NULL};
	struct reading r = {
		.run = run,
		.path = path,
		.name = strcmp(path->name, "-") == 0 ? "stdin" : path->name,
		.index = index,
		.lane = lane,
		.lines = {.max_bytes = run->max_line_bytes},
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
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) { /* it is not the log that is wrong */
			return fault_set(why, ERROR_IO, "%s", unopened.message);
		}
		const char *colon = strrchr(unopened.message, ':');
		char reason[160];
		snprintf(reason, sizeof reason, "cannot be opened%s", colon ? colon : "");
		quality_damage(quality, r.name, reason, 0);
		return 0;
	}
	r.envelope = envelope_new(run->max_line_bytes);
	set_parser(&r);
	read_all(&r);
	free(r.parser.state);
	matcher_free(r.parser.matcher);
	json_free(r.parser.json);
	envelope_free(r.envelope);
	lines_release(&r.lines);
	source_free(r.source);
	return r.failed;
}

bool ingest_unpack(const char *path, bool (*take)(void *context, struct text bytes), void *context, bool *packed) {
	struct source_limits limits = {0};
	struct source *s;
	struct text block;
	struct fault why;

	*packed = false;
	if (source_open(&s, path, limits, &why) < 0) {
		return false;
	}
	*packed = source_packed(s);
	while (source_next(s, &block) && take(context, block)) {
	}
	const char *reason = source_damage(s).reason;
	bool fine = !reason || strcmp(reason, "read error") != 0;
	source_free(s);
	return fine;
}

struct head {
	char *at;
	size_t len, room;
};

static bool take_head(void *head, struct text bytes) {
	struct head *h = head;
	struct text part = text_cut(bytes, 0, h->room - h->len);

	memcpy(h->at + h->len, part.at, part.len);
	h->len += part.len;
	return h->len < h->room;
}

bool ingest_head(const char *path, char *out, size_t room, size_t *len, bool *packed) {
	struct head h = {.at = out, .room = room};
	bool fine = ingest_unpack(path, take_head, &h, packed);

	*len = h.len;
	return fine;
}
