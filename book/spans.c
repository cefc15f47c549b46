/* spans.c: what a book knows about replicas beyond the current days. */
#include <stdlib.h>
#include <string.h>

#include "book/book.h"
#include "core/instant.h"

/* Days of one run are attributed with the same spans: they are read once. */
struct book_spans {
	struct ledger_span *at;
	size_t count;
	struct ledger_known known;
	struct book_pause {
		name_id replica;
		struct ledger_pause pause;
	} *pauses;
	size_t pause_count;
	int64_t run;
	uint32_t *of_name; /* by name_id: index + 1 */
	size_t name_room;
};

void book_forget_spans(struct book *b) {
	if (b->spans) {
		free(b->spans->at);
		free(b->spans->of_name);
		free(b->spans->pauses);
		free(b->spans);
		b->spans = NULL;
	}
}

static int keep_span(void *spans, const struct ledger_span *span) {
	struct book_spans *s = spans;

	s->at = must_grow_by_count(s->at, s->count, sizeof *s->at);
	s->at[s->count++] = *span;
	if (span->replica >= s->name_room) {
		size_t room = (size_t)span->replica * 2 + 64;
		s->of_name = must_realloc(s->of_name, room * sizeof *s->of_name);
		memset(s->of_name + s->name_room, 0, (room - s->name_room) * sizeof *s->of_name);
		s->name_room = room;
	}
	s->of_name[span->replica] = (uint32_t)s->count;
	for (size_t i = 0; i < span->pause_count; i++) {
		s->pauses = must_grow_by_count(s->pauses, s->pause_count, sizeof *s->pauses);
		s->pauses[s->pause_count++] = (struct book_pause){span->replica, span->pauses[i]};
	}
	ledger_known_add(&s->known, span);
	return 0;
}

static int get_spans(struct book *b, struct fault *why) {
	if (b->spans && b->spans->run != b->run.id) {
		book_forget_spans(b);
	}
	if (b->spans) {
		return 0;
	}
	b->spans = must_calloc(1, sizeof *b->spans);
	b->spans->run = b->run.id;
	b->spans->known = LEDGER_KNOWN_NOTHING;
	return ledger_spans(b->ledger, keep_span, b->spans, why);
}

/* The only replica is also paid for while gateways' requests ran on it; on days with steps these alone show its time. */
static struct replica_span span_of(const struct book_spans *s, const struct ledger_span *span) {
	struct replica_span own = {span->first_ns, span->last_ns, span->first_day_ns, span->last_day_ns, span->first_step_day_ns, span->last_step_day_ns};
	const struct ledger_reach *all = &s->known.all;

	if (s->known.gateways.are != GATEWAYS_OF_ONE || span->kind == SPAN_GATEWAY) {
		return own;
	}
	if (span->kind == SPAN_REQUESTS || instant_floor(all->first_ns, NS_PER_DAY) < own.first_step_day_ns) {
		own.first_ns = all->first_ns;
	}
	if (span->kind == SPAN_REQUESTS || instant_floor(all->last_ns, NS_PER_DAY) > own.last_step_day_ns) {
		own.last_ns = all->last_ns;
	}
	return own;
}

/* Is it the span of a server? Gateways' requests for a vendor's model are not, and no GPU is paid for them. */
static bool is_servers(const struct book *b, const struct ledger_span *span) {
	return span->kind != SPAN_GATEWAY || (b->spans->known.gateways.are == GATEWAYS_REPLICAS &&
	                                      !book_names_vendor(b, span->model, T("")));
}

int book_set_spans(struct book *b, struct attribution *a, struct fault *why) {
	int rc = get_spans(b, why);

	for (size_t i = 0; rc >= 0 && i < b->spans->count; i++) {
		const struct ledger_span *span = &b->spans->at[i];
		if (is_servers(b, span)) {
			const struct replica_span known = span_of(b->spans, span);
			attribution_set_span(a, span->replica, span->model, &known);
		}
		if (span->apart > 0) {
			attribution_set_bounds(a, span->replica, span->first_ns, span->last_ns);
		}
	}
	attribution_set_gateways(a, b->spans->known.gateways);
	return rc;
}

void book_find_pauses(const struct book *b, int64_t day_ns, struct quality *day) {
	for (size_t i = 0; i < b->spans->pause_count; i++) {
		const struct book_pause *p = &b->spans->pauses[i];
		if (p->pause.day_ns == day_ns) {
			attribution_find_pause(names_text(b->names, p->replica).at, p->pause.missing, day);
		}
	}
}

bool book_span_meets(const struct book *b, name_id replica, int64_t from_ns, int64_t to_ns) {
	const struct book_spans *s = b->spans;

	if (replica >= s->name_room || s->of_name[replica] == 0) {
		return false;
	}
	const struct ledger_span *span = &s->at[s->of_name[replica] - 1];
	return span->first_ns < to_ns && span->last_ns >= from_ns;
}

/* ---- names ---- */

struct misnamed {
	struct book *book;
	const struct name_rules *rules;
};

/* Is there evidence of a server, or of engines below it? */
static bool is_known(const struct book *b, const char *name) {
	size_t len = strlen(name);

	for (size_t i = 0; i < b->spans->count; i++) {
		struct text has = names_text(b->names, b->spans->at[i].replica);
		if (text_starts(has, (struct text){name, len}) && (has.len == len || has.at[len] == '/')) {
			return true;
		}
	}
	return false;
}

static int find_misnamed(void *context, const struct ledger_source *s) {
	const struct misnamed *m = context;
	char name[1025];

	if (s->records > 0 && name_rules_path(m->rules, s->path, name, sizeof name) && !is_known(m->book, name)) {
		quality_finding(&m->book->quality, "names", s->path, "--fleet", QUALITY_NO_AMOUNT,
		                "logs were read without the \"names\" of the fleet file, which name their servers differently: read them into a "
		                "new book, with tollbook ingest --fleet");
	}
	return 0;
}

int book_find_misnamed(struct book *b, struct fault *why) {
	struct misnamed m = {b, b->fleet ? fleet_names(b->fleet) : NULL};
	int rc = m.rules && m.rules->count > 0 ? get_spans(b, why) : 0;

	return rc < 0 || !b->spans || !m.rules || m.rules->count == 0 ? rc : ledger_sources(b->ledger, find_misnamed, &m, why);
}
