/* What the figures rest on, and what was wrong with the input. */
#include <stdlib.h>

#include "report/renderings/table.h"
#include "core/text.h"

#define WARNINGS_SHOWN 20

void table_say(const struct page *p, const char *lead, const char *bytes) {
	struct text t = text_of(bytes);
	size_t size = PRINTABLE_MAX * t.len + 1, len = strlen(lead);
	char *safe = must_alloc(len + size);

	memcpy(safe, lead, len);
	printable(t, safe + len, size);
	table_paragraph(p, safe, 2);
	free(safe);
}

/* Models separately, if there are several: they may rest on different evidence. */
static void print_models(const struct page *p) {
	static const char *const headers[] = {"of busy time", "A", "B", "C", "D"};
	char name[LABEL_MAX], figure[FIGURE_MAX];
	struct grid g;

	grid_init(&g, headers, 5, 1);
	for (size_t i = 0; i < p->s->models.count; i++) {
		const struct block *b = &table_at(&p->s->models, i)->block;
		if (block_busy_ns(b) == 0) {
			continue;
		}
		grid_add(&g, table_label(table_at(&p->s->models, i)->model, name));
		for (int k = GRADE_A; k < GRADE_NONE; k++) {
			grid_add(&g, b->evidence_ns[k] > 0 ? figure_percent(b->evidence_ns[k], block_busy_ns(b), figure)
							   : "–");
		}
	}
	if (g.count > 5) {
		grid_print(&g, p->table_width, p->out);
	}
	grid_release(&g);
}

/* Result of `attribute --cross-check` for the period's days. */
#define CHECKS_SHOWN 3
static void print_checks(const struct page *p) {
	size_t count, shown = 0;
	const struct quality_notice *n = quality_notices(p->s->quality, NOTICE_ASSUMPTION, &count);
	char line[512];

	for (size_t i = 0; i < count && shown < CHECKS_SHOWN; i++) {
		if (n[i].field[NOTICE_KIND] && strcmp(n[i].field[NOTICE_KIND], QUALITY_CROSS_CHECK) == 0) {
			snprintf(line, sizeof line, "%s.", n[i].field[NOTICE_TEXT]);
			table_say(p, "Cross-check: ", line);
			shown++;
		}
	}
}

/* What to switch on, if time was split by averages or overlapping requests. */
static void print_advice(const struct page *p) {
	size_t count;
	const struct quality_notice *n = quality_notices(p->s->quality, NOTICE_MISSING, &count);
	char line[512];

	for (size_t i = 0; i < count && statement_wants_better(p->s); i++) {
		if (strcmp(n[i].field[NOTICE_KIND], QUALITY_BETTER) == 0) {
			snprintf(line, sizeof line, "%s.", n[i].field[NOTICE_TEXT]);
			table_say(p, "For better evidence: ", line);
		}
	}
}

void table_evidence(const struct page *p) {
	static const char *const headers[] = {"grade", "what the split of busy time rests on", "GPU-hours", "of busy"};
	int128 busy = block_busy_ns(&p->s->total);
	char figure[FIGURE_MAX];
	struct grid g;

	table_heading(p, "Evidence");
	grid_init(&g, headers, 4, 2);
	for (int i = 0; i < GRADES; i++) {
		if (p->s->evidence_ns[i] > 0) {
			grid_add(&g, grade_names[i]);
			grid_add(&g, grade_titles[i]);
			grid_add(&g, figure_hours(p->s->evidence_ns[i], figure_hour_places(p->s), figure));
			grid_add(&g, figure_percent(p->s->evidence_ns[i], busy, figure));
		}
	}
	grid_print(&g, p->table_width, p->out);
	grid_release(&g);
	print_models(p);
	print_checks(p);
	print_advice(p);
}

static void print_counts(const struct page *p, const struct quality *q) {
	char line[512], lines[FIGURE_MAX], steps[FIGURE_MAX], requests[FIGURE_MAX], windows[FIGURE_MAX],
	    powers[FIGURE_MAX], duplicates[FIGURE_MAX];

	snprintf(line, sizeof line,
		 "Read %s line%s of %zu file%s: %s step%s, %s request%s, %s window%s, %s power sample%s; %s duplicate%s.",
		 figure_count(q->lines, lines), PLURAL(q->lines), q->input_count, PLURAL(q->input_count),
		 figure_count(q->steps, steps), PLURAL(q->steps), figure_count(q->requests, requests), PLURAL(q->requests),
		 figure_count(q->windows, windows), PLURAL(q->windows), figure_count(q->powers, powers), PLURAL(q->powers),
		 figure_count(q->duplicates, duplicates), PLURAL(q->duplicates));
	table_paragraph(p, line, 2);
}

static void print_rejects(const struct page *p, const struct quality *q) {
	char lead[700], reason[600], count[FIGURE_MAX];
	for (size_t i = 0; i < q->reject_count; i++) {
		snprintf(lead, sizeof lead, "Rejected: %s line%s, %.80s, first at ",
			 figure_count(q->rejects[i].lines, count), PLURAL(q->rejects[i].lines), q->rejects[i].reason);
		table_say(p, lead, q->rejects[i].first);
	}
	for (size_t i = 0; i < q->damage_count; i++) {
		const struct quality_damage *d = &q->damages[i];
		printable(text_of(d->reason), reason, sizeof reason); /* may name another file */
		if (d->offset > 0) {
			snprintf(lead, sizeof lead, "Damaged at byte %lld, %s: ", (long long)d->offset, reason);
		} else {
			snprintf(lead, sizeof lead, "Not read, %s: ", reason);
		}
		table_say(p, lead, q->damages[i].file);
	}
}

static void print_warnings(const struct page *p, const struct quality *q) {
	size_t shown = p->r->verbose || q->warning_count < WARNINGS_SHOWN ? q->warning_count : WARNINGS_SHOWN;
	for (size_t i = 0; i < shown; i++) {
		table_say(p, p->r->color ? "\033[33mWarning:\033[0m " : "Warning: ", q->warnings[i]);
	}
	if (shown < q->warning_count) {
		fprintf(p->out, "%zu more warnings: see them with -v.\n", q->warning_count - shown);
	}
}

void table_quality(const struct page *p) {
	table_heading(p, "Data quality");
	print_counts(p, p->s->quality);
	print_rejects(p, p->s->quality);
	print_warnings(p, p->s->quality);
}
