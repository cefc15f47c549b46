/* mail.c: the mail of a night. */
#include "book/mail.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/decimal.h"
#include "core/exact.h"
#include "core/files/files.h"
#include "core/instant.h"
#include "core/sorted.h"
#include "core/text.h"

#define MAIL_COLUMNS 72
#define MAIL_LINES 30
/* Maxima, if the rest leaves room. */
#define FINDINGS_SHOWN 4
#define LARGEST_SHOWN 3
#define FINDING_LINES 2
#define FIGURE 120
#define LARGEST_MAX 256
#define NAME_SHOWN 24

struct month {
	struct statement_totals totals;
	char models[LARGEST_MAX], tenants[LARGEST_MAX];
};

/* ---- text ---- */

/* Words from `column` on, following lines indented; at most `lines` lines. */
static void put_words(FILE *out, const char *text, size_t column, size_t indent, int lines) {
	size_t start = column;

	while (*text) {
		size_t len = strcspn(text, " "), space = column > start ? 1 : 0;
		if (column + space + len > MAIL_COLUMNS && column > start) {
			if (--lines == 0) {
				fputs(" …", out);
				break;
			}
			fprintf(out, "\n%*s", (int)indent, "");
			column = start = indent;
			space = 0;
		}
		len = len > MAIL_COLUMNS - indent ? MAIL_COLUMNS - indent : len; /* a path may be longer than a line */
		fprintf(out, "%s%.*s", space ? " " : "", (int)len, text);
		column += space + len;
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

/* The end of a part: after ", " or "; ". */
static size_t part_length(const char *text) {
	for (const char *c = text; *c; c++) {
		if ((*c == ',' || *c == ';') && c[1] == ' ') {
			return (size_t)(c - text) + 2;
		}
	}
	return strlen(text);
}

/* Parts are not broken. */
static void put_parts(FILE *out, const char *text) {
	size_t column = 2;

	fputs("  ", out);
	while (*text) {
		size_t len = part_length(text);
		if (column > 2 && column + len > MAIL_COLUMNS + 1) {
			fputs("\n  ", out);
			column = 2;
		}
		bool ends = column + len + part_length(text + len) > MAIL_COLUMNS + 1; /* no blanks at the end of a line */
		fprintf(out, "%.*s", (int)(ends && text[len - 1] == ' ' ? len - 1 : len), text);
		column += len;
		text += len;
	}
	fputc('\n', out);
}

/* Money with the currency's sign or code. */
static const char *money_text(const char *currency, int64_t nano, char out[FIGURE]) {
	char number[DECIMAL_TEXT_MAX];
	int64_t size = nano < 0 ? -nano : nano;
	bool dollars = strcmp(currency, "USD") == 0;
	int places = size >= 1000 * NANO ? 0 : size >= NANO || size == 0 ? 2 : 6;

	decimal_format(size, places, number);
	snprintf(out, FIGURE, "%s%s%s%.16s", nano < 0 ? "-" : "", dollars ? "$" : number, dollars ? number : " ", dollars ? "" : currency);
	return out;
}

static const char *unit_text(const char *currency, int64_t nano, char out[FIGURE]) {
	char number[DECIMAL_TEXT_MAX];
	bool dollars = strcmp(currency, "USD") == 0;

	decimal_format(nano, nano >= 100 * NANO ? 0 : nano >= NANO ? 2 : nano >= NANO / 10 ? 3 : 4, number);
	snprintf(out, FIGURE, "%s%s%s%.16s", dollars ? "$" : number, dollars ? number : " ", dollars ? "" : currency, "");
	return out;
}

/* ---- findings ---- */

/* What to do about a finding of a kind. */
static const struct {
	const char *kind, *command;
} commands[] = {
	{"adjustment", "tollbook report --runs, then report of that month"},
	{"unobserved", "add the missing logs, or correct \"uptime\" in the fleet file"},
	{"counted-twice", "set \"same\" or \"different\" in the fleet file"},
	{"gpus", "set gpus_per_replica in the fleet file, or --gpus"},
	{"clock", "correct the server's clock"},
	{"no-report", "tollbook report shows which periods have entries"},
	{"gap", "add the logs of the missing lines"},
};

static const char *command_of(const struct quality_notice *n) {
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		if (strcmp(commands[i].kind, n->field[NOTICE_KIND]) == 0) {
			return commands[i].command;
		}
	}
	return NULL;
}

static int compare_findings(const void *a, const void *b) {
	const struct quality_notice *x = *(const struct quality_notice *const *)a, *y = *(const struct quality_notice *const *)b;
	int64_t left = x->amount_nano == QUALITY_NO_AMOUNT ? -1 : llabs(x->amount_nano), right = y->amount_nano == QUALITY_NO_AMOUNT ? -1 : llabs(y->amount_nano);

	return left != right ? (left < right ? 1 : -1) : x < y ? -1 : 1;
}

static void put_finding(FILE *out, const struct mail *m, const struct quality_notice *n, size_t number) {
	char amount[FIGURE], line[2048] = "";
	const char *command = command_of(n), *option = n->field[NOTICE_OPTION];

	if (n->amount_nano != QUALITY_NO_AMOUNT) {
		snprintf(line, sizeof line, "%s: ", money_text(m->currency, n->amount_nano, amount));
	}
	size_t len = strlen(line);
	snprintf(line + len, sizeof line - len, "%s", n->field[NOTICE_TEXT] ? n->field[NOTICE_TEXT] : n->field[NOTICE_KIND]);
	fprintf(out, "  %zu  ", number);
	put_words(out, line, 5, 5, FINDING_LINES);
	if (command || option) {
		snprintf(line, sizeof line, "→ %.200s", command ? command : option);
		fputs("     ", out);
		put_words(out, line, 5, 5, 1);
	}
}

static void put_rejects(FILE *out, const struct quality *q) {
	int64_t lines = 0;

	for (size_t i = 0; i < q->reject_count; i++) {
		lines += q->rejects[i].lines;
	}
	if (lines > 0 || q->damage_count > 0) {
		fprintf(out, "     %" PRId64 " line%s rejected, %zu file%s damaged → tollbook nightly -v\n", lines, PLURAL(lines), q->damage_count,
		        PLURAL(q->damage_count));
	}
}

static void put_findings(FILE *out, const struct mail *m, size_t most) {
	const struct quality *q = &m->book->quality;
	size_t count;
	const struct quality_notice *n = quality_notices(q, NOTICE_FINDING, &count);
	const struct quality_notice **order = must_calloc(count + 1, sizeof(*order));

	for (size_t i = 0; i < count; i++) {
		order[i] = &n[i];
	}
	sort_items(order, count, sizeof(*order), compare_findings);
	if (quality_has_findings(q)) {
		fputs("FINDINGS (exit status 1)\n", out);
	}
	for (size_t i = 0; i < count && i < most; i++) {
		put_finding(out, m, order[i], i + 1);
	}
	if (count > most) {
		fprintf(out, "     and %zu more (-v)\n", count - most);
	}
	put_rejects(out, q);
	free(order);
}

/* ---- the day and the week before it ---- */

/* The highest costs in one line: "largest models: a 12.5 %, b 10.1 %"; nothing for fewer than two. */
static void say_largest(const struct statement *s, enum by_key key, char out[LARGEST_MAX]) {
	struct statement_share at[LARGEST_SHOWN];
	size_t count = statement_largest(s, key, at, LARGEST_SHOWN);
	int64_t whole = statement_totals(s).capacity_nano;
	size_t n = (size_t)snprintf(out, LARGEST_MAX, "largest %ss:", by_key_names[key]);

	for (size_t i = 0; i < count && i < LARGEST_SHOWN; i++) {
		struct text name = at[i].name.len > 0 ? text_cut(at[i].name, 0, at[i].name.len < NAME_SHOWN ? at[i].name.len : NAME_SHOWN) : T("(none)");
		n += (size_t)snprintf(out + n, LARGEST_MAX - n, "%s %.*s %.1f %%", i > 0 ? "," : "", TEXT_ARG(name), 100 * (double)at[i].nano / (double)whole);
	}
	if (count < 2 || whole <= 0) {
		out[0] = '\0';
	}
}

static int month_of_book(const struct mail *m, int64_t from_ns, int64_t to_ns, struct month *out, struct fault *why) {
	struct book_statement s = {.from_ns = from_ns, .to_ns = to_ns, .as_of = INT64_MAX - 1};
	int rc = book_state(m->book, &s, why);

	*out = (struct month){0};
	if (rc > 0) {
		out->totals = statement_totals(s.statement);
		say_largest(s.statement, BY_MODEL, out->models);
		say_largest(s.statement, BY_TENANT, out->tenants);
	}
	book_statement_release(&s);
	return rc;
}

static int totals_of(const struct mail *m, int64_t from_ns, int64_t to_ns, struct statement_totals *out, struct fault *why) {
	struct book_statement s = {.from_ns = from_ns, .to_ns = to_ns, .as_of = INT64_MAX - 1};
	int rc = book_state(m->book, &s, why);

	*out = (struct statement_totals){0};
	if (rc > 0) {
		*out = statement_totals(s.statement);
	}
	book_statement_release(&s);
	return rc;
}

static double work_share(const struct statement_totals *t) {
	return t->capacity_ns > 0 ? (double)t->busy_ns / (double)t->capacity_ns : 0;
}

static void put_change(FILE *out, double day, double mean) {
	if (mean <= 0) {
		fputs("\n", out);
	} else if (fabs(day / mean - 1) < 0.0005) {
		fputs("          =\n", out);
	} else if (day / mean > 10) {
		fprintf(out, " %8.0f ×\n", day / mean);
	} else {
		fprintf(out, " %+8.1f %%\n", 100 * (day / mean - 1));
	}
}

/* mean: NAN if it is not known */
static void put_row(FILE *out, const char *name, double day, double mean, int places) {
	fprintf(out, "  %-28s %13.*f", name, places, day);
	if (isnan(mean)) {
		fputc('\n', out);
		return;
	}
	fprintf(out, " %13.*f", places, mean);
	put_change(out, day, mean);
}

/* What was paid, and what vendors are owed: GPU time without a rate is not free, and API spend is not in what was paid. */
static void put_spend(const struct mail *m, const struct statement_totals *t, char *line, size_t room) {
	char paid[FIGURE], bought[FIGURE];

	line[0] = '\0';
	if (t->capacity_ns > 0 || !t->has_bought) {
		snprintf(line, room, "%s paid%s", money_text(m->currency, t->capacity_nano, paid), t->unrated_ns > 0 ? " where the rate is known" : "");
	}
	if (t->has_bought) {
		size_t len = strlen(line);
		snprintf(line + len, room - len, "%s%s of API spend at list price", len > 0 ? ", " : "", money_text(m->currency, t->bought_nano, bought));
	}
}

static void put_day(FILE *out, const struct mail *m, int64_t day_ns, const struct statement_totals *d, const struct statement_totals *w, double days) {
	char date[INSTANT_TEXT_MAX], name[80];
	int places = d->capacity_nano >= 1000 * NANO ? 2 : 4;

	instant_format(day_ns, date);
	fprintf(out, "%.10s (UTC)%26s%s\n", date, "day", days >= 1 ? "   week's mean    change" : "");
	snprintf(name, sizeof name, "paid, %.16s", m->currency);
	if (d->capacity_ns > 0 || !d->has_bought) {
		put_row(out, name, (double)d->capacity_nano / 1e9, days >= 1 ? (double)w->capacity_nano / 1e9 / days : NAN, places);
		put_row(out, "at work, % of paid time", 100 * work_share(d), w->capacity_ns > 0 ? 100 * work_share(w) : NAN, 1);
	}
	if (d->has_bought) {
		put_row(out, "API spend at list price", (double)d->bought_nano / 1e9, days >= 1 ? (double)w->bought_nano / 1e9 / days : NAN, places);
	}
	if (d->output_known) {
		put_row(out, "output per million", (double)d->output_nano / 1e9, w->output_known ? (double)w->output_nano / 1e9 : NAN, 4);
		put_row(out, "  at work", (double)d->output_busy_nano / 1e9, w->output_known ? (double)w->output_busy_nano / 1e9 : NAN, 4);
	}
	double tokens = (double)(d->input_ntok + d->cached_ntok + d->output_ntok), mean = (double)(w->input_ntok + w->cached_ntok + w->output_ntok);
	put_row(out, "tokens, M", tokens / 1e6, days >= 1 ? mean / 1e6 / days : NAN, 3);
}

/* The main cause of a change in the cost of output. */
static void put_cause(FILE *out, const struct statement_totals *d, const struct statement_totals *w) {
	if (!d->output_known || !w->output_known || d->output_nano <= 0 || w->output_nano <= 0 || work_share(w) <= 0 || work_share(d) <= 0 ||
	    w->output_busy_nano <= 0 || d->output_busy_nano <= 0) {
		return;
	}
	double change = log((double)d->output_nano / (double)w->output_nano), busy = log((double)d->output_busy_nano / (double)w->output_busy_nano);
	double load = log(work_share(w) / work_share(d));
	char line[200];
	if (fabs(change) < 0.005) {
		return;
	}
	bool up = change > 0, by_load = up ? load >= busy : load <= busy;
	snprintf(line, sizeof line, "Output cost %.1f %% %s than the week's mean, mostly because %s.", 100 * fabs(exp(change) - 1), up ? "more" : "less",
	         by_load ? (up ? "less of the paid time was at work" : "more of the paid time was at work")
	                 : (up ? "a token took more GPU time or more expensive hours" : "a token took less GPU time or less expensive hours"));
	fputs("  ", out);
	put_words(out, line, 2, 2, 2);
}

/* ---- the mail ---- */

static int64_t month_of(int64_t ns) {
	struct civil c;
	int64_t out = 0;

	instant_to_civil(ns, &c);
	(void)!exact_mul_div(civil_days(c.year, c.month, 1), NS_PER_DAY, 1, &out);
	return out;
}

static void put_subject(FILE *out, const struct mail *m, int64_t day_ns, const struct statement_totals *d) {
	char date[INSTANT_TEXT_MAX], spend[160], unit[FIGURE], line[320];
	size_t findings;

	(void)quality_notices(&m->book->quality, NOTICE_FINDING, &findings);
	instant_format(day_ns, date);
	put_spend(m, d, spend, sizeof spend);
	snprintf(line, sizeof line, "tollbook %.10s: %s", date, spend);
	if (d->capacity_ns > 0 || !d->has_bought) {
		size_t len = strlen(line);
		snprintf(line + len, sizeof line - len, ", %.1f %% at work", 100 * work_share(d));
	}
	if (d->output_known) {
		size_t len = strlen(line);
		snprintf(line + len, sizeof line - len, ", output %s/M", unit_text(m->currency, d->output_nano, unit));
	}
	size_t len = strlen(line);
	snprintf(line + len, sizeof line - len, "; %zu finding%s", findings, PLURAL(findings));
	put_words(out, line, 0, 2, 2);
}

static void put_month(FILE *out, const struct mail *m, int64_t day_ns, const struct month *month) {
	const struct statement_totals *t = &month->totals;
	char date[INSTANT_TEXT_MAX], spend[160], idle[FIGURE], margin[FIGURE], line[400];

	instant_format(day_ns, date);
	put_spend(m, t, spend, sizeof spend);
	snprintf(line, sizeof line, "%.7s so far: %s", date, spend);
	if (t->capacity_ns > 0 || !t->has_bought) {
		size_t len = strlen(line);
		snprintf(line + len, sizeof line - len, "; %s idle, %.1f %% at work", money_text(m->currency, t->idle_nano, idle), 100 * work_share(t));
	}
	if (t->margin_known) {
		size_t len = strlen(line);
		snprintf(line + len, sizeof line - len, "; margin at list price %s", money_text(m->currency, t->margin_nano, margin));
	}
	put_words(out, line, 0, 2, 2);
	const char *const largest[] = {month->models, month->tenants};
	for (size_t i = 0; i < 2; i++) {
		if (largest[i][0]) {
			fputs("  ", out);
			put_words(out, largest[i], 2, 2, 1);
		}
	}
}

/* The book's figures in the mail. */
struct figures {
	int64_t day_ns, week_ns;
	struct statement_totals day, week;
	struct month month;
};

static int read_figures(const struct mail *m, int64_t from_ns, int64_t to_ns, struct figures *f, struct fault *why) {
	int64_t now_ns = instant_floor(book_now_ns(), NS_PER_DAY), day_ns = instant_floor(to_ns - 1, NS_PER_DAY);

	day_ns = day_ns < now_ns ? day_ns : now_ns - NS_PER_DAY; /* the last day that is over and has entries */
	f->day_ns = day_ns;
	f->week_ns = day_ns - 7 * NS_PER_DAY > instant_floor(from_ns, NS_PER_DAY) ? day_ns - 7 * NS_PER_DAY : instant_floor(from_ns, NS_PER_DAY);
	int rc = totals_of(m, day_ns, day_ns + NS_PER_DAY, &f->day, why);
	rc = rc < 0 ? rc : totals_of(m, f->week_ns, day_ns, &f->week, why);
	return rc < 0 ? rc : month_of_book(m, month_of(day_ns), day_ns + NS_PER_DAY, &f->month, why);
}

static void put_figures(FILE *out, const struct mail *m, const struct figures *f, size_t findings) {
	put_subject(out, m, f->day_ns, &f->day);
	put_findings(out, m, findings);
	put_day(out, m, f->day_ns, &f->day, &f->week, (double)(f->day_ns - f->week_ns) / (double)NS_PER_DAY);
	put_cause(out, &f->day, &f->week);
	put_month(out, m, f->day_ns, &f->month);
}

static int put_head(const struct mail *m, FILE *out, struct fault *why) {
	struct ledger_head head;
	int rc = ledger_head(m->book->ledger, &head, why);

	if (rc >= 0 && head.run > 0) {
		fprintf(out, "Head of the chain of runs, for verify --head: run %" PRId64 ",\n  %s\n", head.run, head.seal);
	}
	return rc;
}

static int put_all(FILE *out, const struct mail *m, const struct figures *f, size_t findings, struct fault *why) {
	if (f) {
		put_figures(out, m, f, findings);
	} else {
		fputs("tollbook: the book has no entries yet\n", out);
		put_findings(out, m, findings);
	}
	fputs("DONE\n", out);
	put_parts(out, m->done);
	if (m->page) {
		fputs("  page: ", out);
		put_words(out, m->page, 8, 8, 2);
	}
	return put_head(m, out, why);
}

static size_t lines_of(const char *text) {
	size_t lines = 0;

	for (; *text; text++) {
		lines += *text == '\n';
	}
	return lines;
}

/* With as many findings as fit. */
static int put_fitting(FILE *out, const struct mail *m, const struct figures *f, struct fault *why) {
	int rc = 0;

	for (size_t findings = FINDINGS_SHOWN; findings > 0 && rc >= 0; findings--) {
		char *text = NULL;
		size_t len = 0;
		FILE *held = memory_open(&text, &len);
		rc = put_all(held, m, f, findings, why);
		memory_close(held, &text);
		bool fits = findings == 1 || lines_of(text) <= MAIL_LINES;
		if (rc >= 0 && fits) {
			fwrite(text, 1, len, out);
		}
		free(text);
		if (fits) {
			break;
		}
	}
	return rc;
}

int mail_write(const struct mail *m, FILE *out, struct fault *why) {
	struct figures figures;
	int64_t from_ns, to_ns;
	int rc = ledger_extent(m->book->ledger, INT64_MAX - 1, &from_ns, &to_ns, why), known = rc > 0;

	rc = rc > 0 ? read_figures(m, from_ns, to_ns, &figures, why) : rc;
	return rc < 0 ? rc : put_fitting(out, m, known ? &figures : NULL, why);
}
