#include "attribute/split/passes.h"

#include <stdlib.h>

#include "attribute/evidence/days.h"
#include "attribute/evidence/sequence.h"
#include "attribute/split/parallel.h"
#include "core/exact.h"

/* How much of the adjacent days a spell sees, as work may cross midnight. */
#define MARGIN_NS NS_PER_DAY

/* The pass through one spell of a replica with several kinds of evidence. It posts the spell's time only. */
struct part {
	struct part *next;
	struct spell spell;
	struct attribute_options options;
	struct accounts_common common;
	struct replica_summary summary;
	struct pass pass;
};

/* State while reading all evidence. */
struct going {
	const struct passes *ws;
	struct pass whole; /* of replicas that have one kind of evidence throughout */
	const struct replica_summary *at; /* NULL: at no replica */
	struct replica_summary spanned; /* the same with a span, if it has spells */
	struct spell *spells; /* of that replica; NULL: it has only one */
	struct pauses pauses;
	size_t count, begun;
	struct part *parts; /* those in progress */
	bool substituted[SUBSTITUTES];
};

static struct pass pass_of(const struct passes *ws, const struct accounts_common *common) {
	return (struct pass){.purpose = ws->purpose, .part = ws->part, .common = common, .fits = ws->fits, .quality = ws->quality};
}

/* ---- spells ---- */

/* Fits sum over spells: each item is in one of them. Posting needs the adjacent records. */
static int64_t margin_of(enum pass_purpose purpose) {
	return purpose == PASS_POST ? MARGIN_NS : 0;
}

/* A pause has nothing to fit, and only the requested period is posted. */
static bool is_needed(const struct going *g, const struct spell *s) {
	const struct attribute_options *o = g->ws->common->options;

	return g->ws->purpose != PASS_POST ? s->kind != DAY_NOTHING : s->from_ns < o->to_ns && s->to_ns > o->from_ns && s->from_ns < s->to_ns;
}

static int begin_part(struct going *g, const struct spell *s, struct fault *why) {
	const struct passes *ws = g->ws;
	struct part *p = must_calloc(1, sizeof *p);

	p->spell = *s;
	p->common = *ws->common;
	p->options = *ws->common->options;
	p->options.from_ns = s->from_ns > p->options.from_ns ? s->from_ns : p->options.from_ns;
	p->options.to_ns = s->to_ns < p->options.to_ns ? s->to_ns : p->options.to_ns;
	p->common.options = &p->options;
	p->summary = days_summary(replicas_days(ws->replicas, g->at->replica), &g->spanned, s, margin_of(ws->purpose));
	p->pass = pass_of(ws, &p->common);
	p->pass.days = replicas_days(ws->replicas, g->at->replica);
	p->next = g->parts;
	g->parts = p;
	int rc = ws->purpose == PASS_POST && g->at->powers > 0 ? evidence_power_reader_new(&p->pass.power, ws->evidence, why) : 0;
	if (p->pass.power) {
		evidence_reader_seek(p->pass.power, g->at->replica);
	}
	int failed = pass_begin(&p->pass, &p->summary, why);
	return rc < 0 ? rc : failed;
}

static int end_part(struct going *g, struct part **at, struct fault *why) {
	struct part *p = *at;
	int rc = pass_end(&p->pass, why);

	for (int i = 0; i < SUBSTITUTES; i++) {
		g->substituted[i] |= p->pass.substituted[i];
	}
	evidence_reader_free(p->pass.power);
	*at = p->next;
	free(p);
	return rc;
}

/* Begins the passes through the spells up to an instant, which must have all their items. */
static int begin_parts(struct going *g, int64_t until_ns, struct fault *why) {
	int rc = 0;

	for (; rc >= 0 && g->begun < g->count && spell_reaches(&g->spells[g->begun], until_ns, MARGIN_NS); g->begun++) {
		rc = is_needed(g, &g->spells[g->begun]) ? begin_part(g, &g->spells[g->begun], why) : 0;
	}
	return rc;
}

static int item_of_spells(struct going *g, const struct item *item, struct fault *why) {
	int64_t ends_ns = days_instant(item);
	int rc = begin_parts(g, ends_ns > item->at_ns ? ends_ns : item->at_ns, why);

	if (item->kind == ITEM_STEP && g->ws->purpose == PASS_POST) {
		pauses_follow(&g->pauses, g->ws->common->options, (const struct step_item *)item);
	}
	for (struct part **p = &g->parts; *p && rc >= 0;) {
		if (spell_is_over(&(*p)->spell, item->at_ns, MARGIN_NS)) {
			rc = end_part(g, p, why);
			continue;
		}
		rc = spell_has(&(*p)->spell, days_instant(item), margin_of(g->ws->purpose)) ? pass_item(&(*p)->pass, item, why) : 0;
		p = &(*p)->next;
	}
	return rc;
}

static int end_spells(struct going *g, struct fault *why) {
	struct fault later;
	int rc = begin_parts(g, INT64_MAX, why);

	while (g->parts) {
		int failed = end_part(g, &g->parts, rc < 0 ? &later : why);
		rc = rc < 0 ? rc : failed;
	}
	pauses_find(&g->pauses, names_text(g->ws->common->options->names, g->at->replica).at, g->ws->quality);
	free(g->spells);
	g->spells = NULL;
	return rc;
}

/* ---- replicas ---- */

/* Days are split as a whole: other evidence of a day, before its steps begin or after they end, is in no sum. */
static void warn_lacking_steps(const struct going *g) {
	const struct attribute_options *o = g->ws->common->options;

	if (g->ws->purpose == PASS_POST && days_lack_steps(replicas_days(g->ws->replicas, g->at->replica), o->from_ns, o->to_ns)) {
		quality_warn(g->ws->quality, "replica %s: on a day with steps, its logs report work more than an hour "
					     "before the first or after the last step, and that time is not counted: "
					     "split the logs there and attribute the parts separately",
		             names_text(o->names, g->at->replica).at);
	}
}

static int begin(struct going *g, name_id replica, struct fault *why) {
	g->at = replicas_of(g->ws->replicas, replica);
	warn_lacking_steps(g);
	g->whole.days = replicas_days(g->ws->replicas, replica);
	g->count = days_spells(g->whole.days, g->at, g->ws->common->options, &g->spells);
	g->begun = 0;
	g->pauses = (struct pauses){.last = UNKNOWN};
	if (g->spells) {
		g->spanned = *g->at;
		days_span(g->whole.days, &g->spanned);
	}
	return g->spells ? 0 : pass_begin(&g->whole, g->at, why);
}

static int end(struct going *g, struct fault *why) {
	int rc = !g->at ? 0 : g->spells ? end_spells(g, why) : pass_end(&g->whole, why);

	g->at = NULL;
	return rc;
}

/* Items come grouped by replica; up to before replica `to`. */
static int pass_records(struct going *g, struct evidence_reader *reader, name_id to, struct fault *why) {
	const struct item *item;
	struct fault later; /* of what does not tie out after an error: not the reason */
	int got = 0, rc = 0;

	while (rc >= 0 && (got = evidence_next(reader, &item, why)) > 0 && item->replica < to) {
		if (!g->at || g->at->replica != item->replica) {
			rc = end(g, why);
			rc = rc < 0 ? rc : begin(g, item->replica, why);
		}
		rc = rc < 0 ? rc : g->spells ? item_of_spells(g, item, why) : pass_item(&g->whole, item, why);
	}
	rc = rc < 0 ? rc : got < 0 ? got : 0;
	int failed = end(g, rc < 0 ? &later : why);
	return rc < 0 ? rc : failed;
}

/* Replicas that are known to be paid, but have no records here. */
static int pass_without_records(struct going *g, struct fault *why) {
	const struct replica_summary *s = NULL;
	struct fault later;
	int rc = 0;

	g->whole.days = NULL;
	while (rc >= 0 && (s = replicas_next(g->ws->replicas, s))) {
		if (s->has_span && s->steps + s->requests + s->windows + s->powers == 0) {
			rc = pass_begin(&g->whole, s, why);
			int failed = pass_end(&g->whole, rc < 0 ? &later : why);
			rc = rc < 0 ? rc : failed;
		}
	}
	return rc;
}

static struct going *going_new(const struct passes *ws) {
	struct going *g = must_calloc(1, sizeof *g);

	g->ws = ws;
	g->whole = pass_of(ws, ws->common);
	return g;
}

static void add_found(const struct going *g, const struct evidence_reader *reader, struct passes_found *found) {
	found->duplicates += evidence_duplicates(reader);
	for (int i = 0; i < SUBSTITUTES; i++) {
		found->substituted[i] |= g->whole.substituted[i] || g->substituted[i];
	}
}

int passes_range(const struct passes *ws, const struct passes_range *range, struct passes_found *found, struct fault *why) {
	struct going *g = going_new(ws);
	struct evidence_reader *reader;
	int rc = evidence_reader_new(&reader, ws->evidence, why);

	if (rc >= 0) {
		evidence_count_duplicates(reader, ws->common->options->from_ns, ws->common->options->to_ns);
		evidence_reader_seek(reader, range->from);
	}
	if (rc >= 0 && ws->purpose == PASS_POST) {
		rc = evidence_power_reader_new(&g->whole.power, ws->evidence, why);
	}
	if (g->whole.power) {
		evidence_reader_seek(g->whole.power, range->from);
	}
	rc = rc < 0 ? rc : pass_records(g, reader, range->to, why);
	add_found(g, reader, found);
	evidence_reader_free(g->whole.power);
	evidence_reader_free(reader);
	free(g);
	return rc;
}

/* What the records do not show: replicas without any, and a warning for each substitute of a model. */
static int pass_rest(const struct passes *ws, const struct passes_found *found, struct fault *why) {
	struct going *g = going_new(ws);
	int rc = evidence_power_reader_new(&g->whole.power, ws->evidence, why);

	rc = rc < 0 ? rc : pass_without_records(g, why);
	for (int i = 0; i < SUBSTITUTES; i++) {
		g->whole.substituted[i] |= found->substituted[i];
	}
	pass_warn_substitutes(&g->whole);
	evidence_reader_free(g->whole.power);
	free(g);
	return rc;
}

int passes_run(const struct passes *ws, int64_t *duplicates, struct fault *why) {
	struct passes_found found = {.duplicates = 0};
	int rc = parallel_run(ws, &found, why);

	*duplicates = found.duplicates;
	return rc >= 0 && ws->purpose == PASS_POST ? pass_rest(ws, &found, why) : rc;
}
