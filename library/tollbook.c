#include "library/tollbook.h"

#include <stdlib.h>

#include "book/book.h"
#include "book/from_logs.h"
#include "book/night.h"

struct tollbook_statement {
	struct book_settings set;
	struct terminal terminal;
	struct zone *tz;
	/* one of the two */
	struct from_logs *from_logs;
	struct book book;
	struct book_statement report;
	bool of_book;
};

/* ---- settings ---- */

static void say(void *settings, enum terminal_voice voice, const char *message) {
	const struct tollbook_settings *s = settings;

	if (s->warn && voice != TERMINAL_HINT) {
		s->warn(s->context, message);
	}
}

static void add_all(struct list *to, const char *const *texts, size_t count) {
	for (size_t i = 0; i < count; i++) {
		list_add(to, texts[i]);
	}
}

/* Dates are checked here, as the command line checks its options. */
static int check_date(const char *text, const char *what, struct fault *why) {
	int64_t ns;

	return !text || instant_parse(text_of(text), &ns)
	           ? 0 : fault_set(why, ERROR_CONFIG, "%s: %s is not an instant, expected 2026-11-20 or 2026-11-20T08:00:00Z", what, text);
}

static int settle(struct tollbook_statement *st, const struct tollbook_settings *s, struct fault *why) {
	st->set = (struct book_settings){.fleet = s->fleet, .gpu_hour_nano = s->gpu_hour_nano, .book = s->book, .from = s->from, .to = s->to,
	                                 .tz = s->tz, .format = "table", .idle_proportional = true};
	st->terminal = (struct terminal){.context = (void *)(uintptr_t)s, .say = say, .out = stdout};
	add_all(&st->set.logs, s->logs, s->log_count);
	add_all(&st->set.prices, s->prices, s->price_count);
	int rc = s->by ? settings_by(&st->set.by, s->by, why) : 0;
	rc = rc < 0 ? rc : check_date(s->from, "from", why);
	rc = rc < 0 ? rc : check_date(s->to, "to", why);
	return rc < 0 ? rc : settings_zone("tz", s->tz, &st->tz, why);
}

static int end(int rc, const struct fault *why, struct tollbook_message *message) {
	if (rc < 0 && message) {
		snprintf(message->text, sizeof message->text, "%s", why->message[0] ? why->message : "the work could not be finished");
	}
	return rc;
}

/* ---- statements ---- */

static const struct statement *statement_of(const struct tollbook_statement *st) {
	return st->of_book ? st->report.statement : from_logs_statement(st->from_logs);
}

/* Returns the statement, or frees it. */
static int hand_over(struct tollbook_statement *st, int rc, struct tollbook_statement **out, const struct fault *why,
                     struct tollbook_message *message) {
	*out = rc == 0 ? st : NULL;
	if (rc != 0) {
		tollbook_statement_free(st);
		return end(rc, why, message);
	}
	return statement_has_findings(statement_of(st)) ? TOLLBOOK_FINDINGS : TOLLBOOK_TIED_OUT;
}

int tollbook_run(const struct tollbook_settings *s, struct tollbook_statement **out, struct tollbook_message *message) {
	static const struct pages_settings no_pages;
	struct tollbook_statement *st = must_calloc(1, sizeof *st);
	struct fault why = {0};
	int rc = settle(st, s, &why);

	rc = rc < 0 ? rc : from_logs_new(&st->from_logs, &st->set, &st->terminal, &no_pages, &why);
	if (rc > 0) { /* EXIT_FAILED */
		rc = fault_set(&why, ERROR_CONFIG, "no evidence of time or tokens in the logs, so there is no statement");
	}
	return hand_over(st, rc, out, &why, message);
}

static int read_book(struct tollbook_statement *st, struct fault *why) {
	int rc = book_open(&st->book, &st->set, &st->terminal, LEDGER_READ, false, why);

	if (rc != 0) {
		return rc;
	}
	st->of_book = true;
	st->report = (struct book_statement){.tz = st->tz, .as_of = INT64_MAX - 1};
	rc = settings_period(&st->set, st->tz, &st->report.from_ns, &st->report.to_ns, why);
	rc = rc < 0 ? rc : book_state(&st->book, &st->report, why);
	return rc < 0 ? rc : rc > 0 ? 0 : fault_set(why, ERROR_CONFIG, "the book has no entries in this period");
}

int tollbook_report(const struct tollbook_settings *s, struct tollbook_statement **out, struct tollbook_message *message) {
	struct tollbook_statement *st = must_calloc(1, sizeof *st);
	struct fault why = {0};
	int rc = settle(st, s, &why);

	rc = rc < 0 ? rc : read_book(st, &why);
	return hand_over(st, rc, out, &why, message);
}

int tollbook_night(const char *config, struct tollbook_message *message) {
	const struct night_settings night = {.config = config};
	const struct book_settings set = {.gpu_hour_nano = -1, .format = "table"};
	const struct terminal silent = {.out = stdout, .quiet = true};
	struct fault why = {0};

	return end(night_run(&night, &set, &silent, &why), &why, message);
}

void tollbook_statement_free(struct tollbook_statement *st) {
	if (!st) {
		return;
	}
	from_logs_free(st->from_logs);
	if (st->of_book) {
		book_statement_release(&st->report);
		book_close(&st->book);
	}
	zone_free(st->tz);
	free(st->set.logs.at);
	free(st->set.prices.at);
	free(st);
}

int tollbook_statement_write(const struct tollbook_statement *st, const char *format, FILE *out, struct tollbook_message *message) {
	const struct rendering_options plain = {.width = 100};
	struct fault why = {0};

	return end(statement_render(statement_of(st), format, &plain, out, &why), &why, message);
}

struct tollbook_totals tollbook_statement_totals(const struct tollbook_statement *st) {
	struct statement_totals t = statement_totals(statement_of(st));

	return (struct tollbook_totals){
		.requests = t.requests, .input_ntok = t.input_ntok, .cached_ntok = t.cached_ntok, .output_ntok = t.output_ntok,
		.capacity_ns = t.capacity_ns > INT64_MAX ? -1 : (int64_t)t.capacity_ns, .capacity_nano = t.capacity_nano, .input_known = t.input_known, .output_known = t.output_known,
		.input_nano = t.input_nano, .output_nano = t.output_nano,
	};
}
