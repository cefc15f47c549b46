/* close.c: tollbook close: freezes a period's statement; later evidence becomes adjusting entries. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "book/book.h"
#include "cli/say.h"
#include "cli/values.h"
#include "core/instant.h"
#include "core/files/files.h"
#include "core/text.h"

struct settings {
	const char *reopen; /* the reason */
	bool list;
};

/* The period's own row, and what else is closed. */
struct look {
	const char *name;
	int64_t from_ns, to_ns;
	int64_t open_id;   /* run that closed this period; 0: it is open */
	bool overlaps, later; /* another closed one overlaps it, or is later */
	int64_t day_end;
};

static int look_at(void *look, const struct ledger_period *p) {
	struct look *k = look;

	if (p->reopened_run) {
		return 0;
	}
	if (strcmp(p->name, k->name) == 0) {
		k->open_id = p->id;
	} else if (p->from_ns < k->to_ns && p->to_ns > k->from_ns) {
		k->overlaps = true;
	} else if (p->from_ns >= k->to_ns) {
		k->later = true;
	}
	return 0;
}

/* The priced statement of the period as JSON; the caller frees. 1, or 0 if there is nothing in it. */
static int render_statement(struct book *b, const struct look *k, char **text, size_t *len, struct fault *why) {
	struct book_statement s = {.from_ns = k->from_ns, .to_ns = k->to_ns, .as_of = INT64_MAX - 1};
	const struct rendering_options plain = {.width = 100};
	int rc = book_state(b, &s, why);

	if (rc > 0) {
		FILE *out = memory_open(text, len);
		rc = statement_render(s.statement, "json", &plain, out, why);
		memory_close(out, text);
		rc = rc < 0 ? rc : 1;
	}
	book_statement_release(&s);
	return rc;
}

static int put_period(struct book *b, const struct look *k, struct text statement, struct fault *why) {
	char hash[DIGEST_HEX_MAX], entries[DIGEST_HEX_MAX];
	struct ledger_period p = {.name = k->name, .from_ns = k->from_ns, .to_ns = k->to_ns};
	int rc = book_begin(b, "close", why);

	rc = rc < 0 ? rc : ledger_document_put(b->ledger, statement, hash, why);
	rc = rc < 0 ? rc : ledger_period_hash(b->ledger, k->from_ns, k->to_ns, entries, why);
	p.run = b->run.id;
	p.statement = hash;
	p.entries = entries;
	rc = rc < 0 ? rc : ledger_period_close(b->ledger, &p, why);
	rc = rc < 0 ? rc : book_commit(b, why);
	if (rc == 0 && !b->terminal->quiet) {
		printf("%s is closed: statement %.16s, entries %.16s, run %" PRId64 "\n", k->name, hash, entries, b->run.id);
	}
	return rc;
}

static int close_period(struct book *b, const struct look *k, struct fault *why) {
	char *text = NULL;
	size_t len = 0;
	int64_t days = 0;

	if (k->open_id || k->overlaps) {
		return fault_set(why, ERROR_CONFIG, "%s: %s", k->name,
		                 k->open_id ? "is closed already" : "another closed period overlaps it");
	}
	if (k->to_ns > book_now_ns()) {
		return fault_set(why, ERROR_CONFIG, "%s: %s, so its statement is not final: close it once it is over", k->name,
		                 k->from_ns > book_now_ns() ? "has not begun" : "is still running");
	}
	int rc = ledger_dirty_count(b->ledger, INT64_MIN, INT64_MAX, &days, why);
	if (rc == 0 && days > 0) {
		return fault_set(why, ERROR_CONFIG, "records of %" PRId64 " day%s are not attributed yet: run tollbook attribute or nightly first", days, PLURAL(days));
	}
	rc = rc < 0 ? rc : render_statement(b, k, &text, &len, why);
	if (rc == 0) {
		rc = fault_set(why, ERROR_CONFIG, "%s: the book has no entries in this period", k->name);
	}
	rc = rc < 0 ? rc : put_period(b, k, (struct text){text, len}, why);
	free(text);
	return rc;
}

/* Its days are attributed again by the next run, and adjustments that were posted for it no longer count. */
static int reopen(struct book *b, const struct look *k, const char *reason, struct fault *why) {
	if (!k->open_id || k->later) {
		return fault_set(why, ERROR_CONFIG, "%s: %s", k->name,
		                 k->open_id ? "a later period is closed and may hold adjustments of it: reopen that "
					      "one first"
		                            : "is not closed");
	}
	int64_t gone, since_ns;
	char since[INSTANT_TEXT_MAX];
	int rc = ledger_gone(b->ledger, k->from_ns - NS_PER_DAY, k->to_ns + NS_PER_DAY, &gone, &since_ns, why);

	if (rc > 0) {
		return fault_set(why, ERROR_CONFIG, "%s: cannot be reopened: retention has removed its records since "
						    "%.10s",
		                 k->name, instant_format(since_ns, since));
	}
	rc = rc < 0 ? rc : book_begin(b, "reopen", why);

	rc = rc < 0 ? rc : ledger_period_reopen(b->ledger, k->open_id, b->run.id, reason, why);
	rc = rc < 0 ? rc : ledger_dirty(b->ledger, k->from_ns, k->to_ns, why);
	rc = rc < 0 ? rc : book_commit(b, why);
	if (rc == 0 && !b->terminal->quiet) {
		printf("%s is reopened (run %" PRId64 "); run tollbook attribute or nightly\n", k->name, b->run.id);
	}
	return rc;
}

static int print_period(void *out, const struct ledger_period *p) {
	fprintf(out, "%-10s  run %" PRId64 "  statement %.16s  entries %.16s  %s%s\n", p->name, p->run, p->statement, p->entries,
	        p->reopened_run ? "opened again: " : "closed", p->reason);
	return 0;
}

static int work(struct book *b, struct look *k, const struct settings *s, struct fault *why) {
	int rc = s->list ? ledger_periods(b->ledger, print_period, stdout, why) : ledger_periods(b->ledger, look_at, k, why);

	if (rc < 0 || s->list) {
		return rc;
	}
	return s->reopen ? reopen(b, k, s->reopen, why) : close_period(b, k, why);
}

static int close_command(struct run *r, struct fault *why) {
	const struct settings *s = r->own;
	struct look k = {0};
	struct book b;

	if (!s->list && (r->operands.count != 1 ||
	                 !ledger_period_parse(text_of(r->operands.at[0]), &k.from_ns, &k.to_ns))) {
		return say_argument(r, r->operands.count > 0 ? 2 : r->argc, "no period, expected a month or a day: 2026-10, 2026-10-31");
	}
	k.name = r->operands.count > 0 ? r->operands.at[0] : "";
	int status = book_open(&b, &r->set, &r->terminal, s->list ? LEDGER_READ : LEDGER_WRITE, false, why);
	if (status != 0) {
		return status;
	}
	stop_guard(&r->stop);
	status = work(&b, &k, s, why);
	stop_unguard(&r->stop);
	book_close(&b);
	return status;
}

static const struct option own[] = {
	{"reopen", 0, "REASON", "reopen it instead; the reason is recorded", 0, value_text, offsetof(struct settings, reopen), NULL, true},
	{"periods", 0, NULL, "list the periods that were closed", 0, value_flag, offsetof(struct settings, list), NULL, false},
};

const struct command command_close = {
	.name = "close",
	.synopsis = "[options] PERIOD",
	.what = "Freeze a period's statement; later evidence becomes adjusting entries",
	.about = "PERIOD is a month (2026-10) or a day (2026-10-31), UTC. Its priced statement is kept with its hash.\n",
	.example = "tollbook close --book book 2026-10",
	.groups = GROUP_BOOK | GROUP_PRICES,
	OWN(struct settings),
	.main = close_command,
};
