/* evidence.c: what tasks of `tollbook shard` read and found. */
#include <stdlib.h>

#include "core/json.h"
#include "core/names.h"
#include "core/quality_lines.h"
#include "ledger/book.h"

int ledger_evidence_put(struct ledger *l, int64_t run, const struct ledger_evidence *e, struct fault *why) {
	char sha256[DIGEST_HEX_MAX];
	int rc = ledger_document_put(l, e->notes, sha256, why);

	return rc < 0 ? rc : ask_do(l, Q_EVIDENCE_PUT, VALUES(V_STR(e->plan), V_INT(e->task), V_INT(e->from_ns),
	                                                      V_INT(e->to_ns), V_STR(sha256), V_INT(run)), why);
}

int ledger_evidence_count(struct ledger *l, const char *plan, int64_t *count, struct fault *why) {
	int rc = ask_int(l, Q_EVIDENCE_COUNT, VALUES(V_STR(plan)), count, why);

	return rc < 0 ? rc : 0;
}

int ledger_evidence_plans(struct ledger *l, int64_t *count, struct fault *why) {
	int rc = ask_int(l, Q_EVIDENCE_PLANS, NULL, 0, count, why);

	return rc < 0 ? rc : 0;
}

int ledger_evidence_span(struct ledger *l, int64_t as_of, int64_t *from_ns, int64_t *to_ns, struct fault *why) {
	enum query q = Q_EVIDENCE_SPAN;
	int rc = ask_first(l, q, VALUES(V_INT(as_of)), why);

	if (rc <= 0) {
		return rc;
	}
	rc = row_null(l, q, 0) ? 0 : 1;
	*from_ns = row_int(l, q, 0);
	*to_ns = row_int(l, q, 1);
	ask_end(l, q);
	return rc;
}

/* ---- adding up ---- */

/* One plan at a time, the latest first. */
struct sum {
	struct quality *out;
	struct quality plan; /* of the current one */
	char hash[DIGEST_HEX_MAX];
	struct names *read;  /* hashes of the logs of later plans */
};

static bool is_read(const struct sum *s, const struct quality_input *in) {
	return names_find(s->read, text_of(in->sha256)) != 0;
}

/* Have later plans read everything that this one did? */
static bool is_replaced(const struct sum *s) {
	bool all = s->plan.input_count > 0;

	for (size_t i = 0; i < s->plan.input_count; i++) {
		all &= is_read(s, &s->plan.inputs[i]);
	}
	return all;
}

static void drop_read(struct sum *s) {
	size_t kept = 0;

	for (size_t i = 0; i < s->plan.input_count; i++) {
		struct quality_input *in = &s->plan.inputs[i];
		if (is_read(s, in)) {
			free(in->file);
			free(in->format);
		} else {
			s->plan.inputs[kept++] = *in;
		}
	}
	s->plan.input_count = kept;
}

static void end_plan(struct sum *s) {
	if (!is_replaced(s)) {
		quality_report_joins(&s->plan); /* its inputs have the numbers used in places */
		drop_read(s);
		for (size_t i = 0; i < s->plan.input_count; i++) {
			names_id(s->read, text_of(s->plan.inputs[i].sha256));
		}
		quality_merge(s->out, &s->plan);
	}
	quality_release(&s->plan);
	quality_init(&s->plan);
}

static int add_notes(struct sum *s, struct text notes, struct fault *why) {
	struct json *j = json_new();
	struct text line;
	int rc = 0;

	while (rc == 0 && text_until(&notes, T("\n"), &line)) {
		if (line.len > 0 && (!json_parse(j, line, NULL) || !quality_read_line(&s->plan, j))) {
			rc = fault_set(why, ERROR_IO, "the ledger is damaged: what a task found cannot be read; restore a backup");
		}
	}
	json_free(j);
	return rc;
}

static int add_row(struct sum *s, struct ledger *l, struct fault *why) {
	char hash[DIGEST_HEX_MAX];
	struct text notes;

	row_hash(l, Q_EVIDENCE, 0, hash);
	if (strcmp(hash, s->hash) != 0) {
		end_plan(s);
		memcpy(s->hash, hash, sizeof hash);
	}
	int rc = document_unpack(row_text(l, Q_EVIDENCE, 1), &notes, why);
	if (rc < 0) {
		return rc;
	}
	rc = add_notes(s, notes, why);
	free((char *)(uintptr_t)notes.at);
	return rc;
}

int ledger_evidence_get(struct ledger *l, int64_t as_of, int64_t from_ns, int64_t to_ns, struct quality *out,
                        struct fault *why) {
	struct sum s = {.out = out, .read = names_new()};
	int rc = ask(l, Q_EVIDENCE, VALUES(V_INT(as_of), V_INT(from_ns), V_INT(to_ns)), why);

	quality_init(&s.plan);
	while (ask_row(l, Q_EVIDENCE, &rc, why)) {
		rc = add_row(&s, l, why);
	}
	ask_end(l, Q_EVIDENCE);
	end_plan(&s);
	quality_release(&s.plan);
	names_free(s.read);
	return rc;
}
