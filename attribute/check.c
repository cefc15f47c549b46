#include "attribute/check.h"

#include <stdlib.h>

#include "attribute/fleet/capacity.h"
#include "attribute/split/breakdowns.h"
#include "attribute/split/folds.h"
#include "attribute/split/pass.h"

#define ENTRIES_BYTES ((size_t)1 << 20)

/* Which evidence a pass uses. */
enum view { VIEW_ALL, VIEW_REQUESTS, VIEW_WINDOWS };

struct totals {
	double prefill_ns, decode_ns;
};

static int add_entry(void *context, const struct entry *e) {
	struct totals *t = context;

	if (e->kind == ENTRY_INPUT || e->kind == ENTRY_INPUT_CACHED) {
		t->prefill_ns += (double)e->gpu_ns;
	} else if (e->kind == ENTRY_OUTPUT) {
		t->decode_ns += (double)e->gpu_ns;
	}
	return 0;
}

/* Does the replica have steps, and also this kind of evidence (VIEW_ALL: any or none)? */
static bool has_both(const struct replica_summary *s, enum view beside) {
	return s->steps > 0 && (beside == VIEW_ALL || (beside == VIEW_REQUESTS ? s->requests : s->windows) > 0);
}

static struct replica_summary seen_as(const struct replica_summary *s, enum view view) {
	struct replica_summary seen = *s;

	seen.steps = view == VIEW_ALL ? s->steps : 0;
	seen.requests = view == VIEW_WINDOWS ? 0 : s->requests;
	return seen;
}

/* One pass over the replicas that have both. */
static int pass_over(const struct check *c, struct pass *pass, enum view view, enum view beside, struct fault *why) {
	struct evidence_reader *reader;
	struct replica_summary seen = {.replica = 0};
	const struct item *item;
	name_id at = 0;
	bool inside = false;
	int got = 0, rc = evidence_reader_new(&reader, c->evidence, why);

	if (rc >= 0 && pass->purpose == PASS_POST) {
		rc = evidence_power_reader_new(&pass->power, c->evidence, why);
	}
	while (rc >= 0 && (got = evidence_next(reader, &item, why)) > 0) {
		if (item->replica != at) {
			const struct replica_summary *next = replicas_of(c->replicas, item->replica);
			rc = inside ? pass_end(pass, why) : 0;
			at = item->replica;
			inside = has_both(next, beside);
			seen = seen_as(next, view);
			pass->days = replicas_days(c->replicas, at);
			rc = rc >= 0 && inside ? pass_begin(pass, &seen, why) : rc;
		}
		rc = rc >= 0 && inside ? pass_item(pass, item, why) : rc;
	}
	if (inside) {
		int failed = pass_end(pass, why);
		rc = rc < 0 ? rc : failed;
	}
	evidence_reader_free(pass->power);
	evidence_reader_free(reader);
	return rc < 0 ? rc : got;
}

static int total(const struct check *c, enum view view, enum view beside, struct totals *t, struct fault *why) {
	struct quality quality;
	struct attribution_fits *own = attribution_fits_new(c->options->names); /* of this view alone */
	const struct accounts_common common = {
	    .options = c->options,
	    .entries = entries_new(c->options->names, 1, ENTRIES_BYTES),
	    .capacity = capacity_new(c->options),
	    .hits = view == VIEW_ALL ? c->hits : NULL,
	    .ranks = c->ranks,
	    .breakdowns = breakdowns_new(c->options->names, false, false, false),
	    .unattributed = names_id(c->options->names, T("(unattributed)")),
	};
	struct pass *pass = must_calloc(1, sizeof *pass);
	int rc = 0;

	quality_init(&quality);
	*pass = (struct pass){.purpose = PASS_FIT, .common = &common, .fits = own, .quality = &quality};
	if (view != VIEW_ALL) {
		rc = pass_over(c, pass, view, beside, why);
		rc = rc < 0 ? rc : fits_solve(own, why);
	}
	*pass = (struct pass){
	    .purpose = PASS_POST, .common = &common, .fits = view == VIEW_ALL ? c->fits : own, .quality = &quality};
	rc = rc < 0 ? rc : pass_over(c, pass, view, beside, why);
	rc = rc < 0 ? rc : entries_each(common.entries, add_entry, t, why);
	free(pass);
	quality_release(&quality);
	entries_free(common.entries);
	capacity_free(common.capacity);
	breakdowns_free(common.breakdowns);
	attribution_fits_free(own);
	return rc;
}

static double per_cent_off(double got, double due) {
	return due > 0 ? 100 * (got / due - 1) : 0;
}

static int print_view(const struct check *c, enum view beside, const char *what, FILE *out, struct fault *why) {
	struct totals due = {0, 0}, got = {0, 0};
	int rc = total(c, VIEW_ALL, beside, &due, why);

	rc = rc < 0 ? rc : total(c, beside, beside, &got, why);
	if (rc >= 0 && due.prefill_ns + due.decode_ns > 0) { /* else no evidence is in the period */
		fprintf(out,
			"cross-check: split by %s alone, prefill differs by %+.1f %% and decode by %+.1f %% from "
			"the split by steps\n",
			what, per_cent_off(got.prefill_ns, due.prefill_ns), per_cent_off(got.decode_ns, due.decode_ns));
	}
	return rc;
}

static bool any_has_both(const struct replicas *s, enum view beside) {
	const struct replica_summary *at = NULL;

	while ((at = replicas_next(s, at))) {
		if (has_both(at, beside)) {
			return true;
		}
	}
	return false;
}

/* Steps that were left out of the fit, by kind of batch. */
static int print_folds(const struct check *c, FILE *out, struct fault *why) {
	struct quality quality;
	struct folds folds;
	const struct accounts_common common = {.options = c->options, .ranks = c->ranks};
	struct pass *pass = must_calloc(1, sizeof *pass);
	int rc = 0;

	quality_init(&quality);
	folds_init(&folds, c->options->names, c->options->from_ns, c->options->to_ns);
	for (int round = 0; round < 2 && rc >= 0; round++) {
		*pass = (struct pass){.purpose = PASS_FIT, .common = &common, .folds = &folds, .quality = &quality};
		rc = pass_over(c, pass, VIEW_ALL, VIEW_ALL, why);
		rc = rc < 0 || round > 0 ? rc : folds_solve(&folds, why);
	}
	if (rc >= 0) {
		char sentence[160];
		folds_print(&folds, out);
		if (c->stated && folds_sentence(&folds, sentence, sizeof sentence)) {
			quality_state(c->stated, QUALITY_CROSS_CHECK, NULL, NULL, NULL, NULL, sentence);
		}
	}
	folds_release(&folds);
	quality_release(&quality);
	free(pass);
	return rc;
}

int check_print(const struct check *c, FILE *out, struct fault *why) {
	int rc = any_has_both(c->replicas, VIEW_ALL) ? print_folds(c, out, why) : 0;

	if (rc >= 0 && any_has_both(c->replicas, VIEW_REQUESTS)) {
		rc = print_view(c, VIEW_REQUESTS, "requests (grade C)", out, why);
	}
	if (rc >= 0 && any_has_both(c->replicas, VIEW_WINDOWS)) {
		rc = print_view(c, VIEW_WINDOWS, "windows (grade D)", out, why);
	}
	return rc;
}
