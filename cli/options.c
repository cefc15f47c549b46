#include "cli/options.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/say.h"
#include "core/typo.h"
#include "cli/values.h"
#include "ingest/ingest.h"

/* ---- the words that options accept ---- */

static const char *word_at(const char *const *words, size_t count, size_t i) {
	return i < count ? words[i] : NULL;
}

static const char *rule_word(size_t i) {
	return word_at(rule_names, RULES, i);
}

/* "position" follows the keys: it means a separate table. */
static const char *by_word(size_t i) {
	return i == BY_KEYS ? "position" : word_at(by_key_names, BY_KEYS, i);
}

static const char *idle_word(size_t i) {
	static const char *const words[] = {"separate", "proportional"};
	return word_at(words, 2, i);
}

static const char *color_word(size_t i) {
	static const char *const words[] = {"auto", "always", "never"};
	return word_at(words, 3, i);
}

static const char *level_word(size_t i) {
	static const char *const words[] = {"total", "model", "tenant", "row", "adjustment", "position"};
	return word_at(words, sizeof words / sizeof *words, i);
}

static const char *sandbox_word(size_t i) {
	static const char *const words[] = {"auto", "off"};
	return word_at(words, 2, i);
}

static const char *rendering_word(size_t i) {
	size_t count;
	const struct rendering_info *infos = report_renderings(&count);
	return i < count ? infos[i].name : NULL;
}

static const char *focus_word(size_t i) {
	return word_at(focus_version_names, FOCUS_VERSIONS, i);
}

static const char *sort_word(size_t i) {
	return word_at(row_order_names, ROW_ORDERS, i);
}

static const char *log_format_word(size_t i) {
	size_t count;
	const struct ingest_format_info *infos = ingest_formats(&count);
	return i < count ? infos[i].name : NULL;
}

/* ---- the table ---- */

#define INTO(member) offsetof(struct run, member)
#define SET(member) offsetof(struct run, set.member)

static const struct option common[] = {
	{"fleet", 0, "FILE", "what was paid: pools, GPUs, rates (schemas/fleet.schema.json)", GROUP_COST, value_text, SET(fleet), NULL, true},
	{"gpu-hour", 0, "PRICE", "instead of a fleet: the price of a GPU-hour", GROUP_COST, value_money, SET(gpu_hour_nano), NULL, true},
	{"gpus", 0, "N", "GPUs per replica, with --gpu-hour (default: as logs state, else 1)", GROUP_COST, value_count, SET(gpus), NULL, true},
	{"gpus-file", 0, "FILE", "another GPU catalogue (schemas/gpus.schema.json)", GROUP_SPLIT, value_text, SET(gpus_file), NULL, true},
	{"rule", 0, "NAME", "how a mixed step is split: shapley (default), proportional, …", GROUP_SPLIT, value_choice, SET(rule), rule_word, false},
	{"compare-rules", 0, NULL, "also show the split by other rules, and by rules of other tools", GROUP_DETAIL, value_flag, SET(compare_rules), NULL, false},
	{"requests", 0, "FILE", "also write the cost of every request (CSV, .gz by name)", GROUP_DETAIL, value_text, SET(requests), NULL, true},
	{"model-report", 0, "FILE", "also write the fitted step models: coefficients, residuals", GROUP_DETAIL, value_text, SET(model_report), NULL, true},
	{"prices", 0, "FILE", "catalogue of list prices; repeatable", GROUP_PRICES, value_list, SET(prices), NULL, false},
	{"list", 0, "NAME=MODEL", "use MODEL's list price for log model NAME; repeatable", GROUP_PRICES, value_list, SET(list), NULL, false},
	{"from", 0, "T", "from this instant or date on (2026-11-20, 2026-11-20T08:00:00Z)", GROUP_PERIOD, value_instant_text, SET(from), NULL, false},
	{"to", 0, "T", "up to this instant, exclusive", GROUP_PERIOD, value_instant_text, SET(to), NULL, false},
	{"tz", 0, "ZONE", "zone of days, months and bare dates (default UTC)", GROUP_PERIOD, value_text, SET(tz), NULL, false},
	{"by", 0, "KEYS", "rows by any of hour,day,month,model,replica,pool,tenant; position", GROUP_REPORT, value_by, SET(by), by_word, false},
	{"idle", 0, "HOW", "idle, other and unobserved cost: proportional to work (default), or separate", GROUP_REPORT, value_idle, SET(idle_proportional), idle_word, false},
	{"format", 0, "NAME", "table (default), csv, json, html, focus, prometheus, journal, …", GROUP_REPORT, value_word, SET(format), rendering_word, false},
	{"markdown", 0, NULL, "the same as --format markdown", GROUP_REPORT, value_markdown, SET(format), NULL, false},
	{"focus-version", 0, "V", "version of --format focus: 1.2 (default), 1.3 or 1.4", GROUP_REPORT, value_choice, SET(focus_version), focus_word, false},
	{"sort", 0, "KEY", "rows of tables and pages by cost (default), key, tokens or margin", GROUP_REPORT, value_choice, SET(sort), sort_word, false},
	{"level", 0, "NAME", "in CSV only lines of one level: total, model, tenant, row, adjustment, position", GROUP_REPORT, value_word, SET(level), level_word, false},
	{"top", 0, "N", "only the first N rows of each table and page", GROUP_REPORT, value_count, SET(top), NULL, false},
	{"output", 'o', "FILE", "write to FILE by rename; .html, .csv, .json, .md set the format", GROUP_OUTPUT, value_text, SET(output), NULL, true},
	{"model", 0, "NAME", "the model, for logs that do not name it", GROUP_LOGS, value_text, SET(model), NULL, true},
	{"replica", 0, "NAME", "the replica, for logs that do not name it (default: the file's name)", GROUP_LOGS, value_text, SET(replica), NULL, true},
	{"tenant", 0, "NAME", "the tenant, for logs that do not name it", GROUP_LOGS, value_text, SET(tenant), NULL, true},
	{"log-zone", 0, "ZONE", "zone of timestamps that have none (default UTC)", GROUP_LOGS, value_text, SET(log_zone), NULL, true},
	{"log-year", 0, "YYYY", "year of timestamps that have none", GROUP_LOGS, value_year, SET(log_year), NULL, true},
	{"log-format", 0, "NAME", "force a format instead of detecting it", GROUP_LOGS, value_word, SET(log_format), log_format_word, true},
	{"pattern", 0, "FILE", "read lines that match these patterns (samples/pattern.conf)", GROUP_LOGS, value_text, SET(pattern), NULL, true},
	{"tenant-key-file", 0, "FILE", "replace tenants by aliases made with this key (t- and 16 hex digits)", GROUP_LOGS, value_text, SET(tenant_key), NULL, true},
	{"same", 0, "A=B", "two names of one server; repeatable", GROUP_LOGS, value_list, SET(same), NULL, false},
	{"different", 0, "A=B", "names of two servers; repeatable", GROUP_LOGS, value_list, SET(different), NULL, false},
	{"no-evidence", 0, "GLOB", "files that are expected to contain no evidence; repeatable", GROUP_LOGS, value_list, SET(no_evidence), NULL, false},
	{"quarantine", 0, "FILE", "write rejected lines to FILE, without users' text", GROUP_LOGS, value_text, SET(quarantine), NULL, true},
	{"threads", 0, "N", "read this many files at once (default: one per core)", GROUP_LOGS, value_count, SET(threads), NULL, false},
	{"max-line", 0, "BYTES", "reject longer lines (default 32M)", GROUP_LOGS, value_bytes, SET(max_line_bytes), NULL, false},
	{"max-ratio", 0, "N", "treat more output per compressed byte as damage (default 1100)", GROUP_LOGS, value_count, SET(max_ratio), NULL, false},
	{"book", 0, "PATH", "the book: a directory (default: book)", GROUP_BOOK, value_text, SET(book), NULL, true},
	{"quiet", 'q', NULL, "print nothing but errors", GROUP_GENERAL, value_flag, INTO(quiet), NULL, false},
	{"verbose", 'v', NULL, "print more: all warnings, and each input", GROUP_GENERAL, value_flag, INTO(verbose), NULL, false},
	{"no-progress", 0, NULL, "no progress line on the terminal", GROUP_GENERAL, value_flag, INTO(no_progress), NULL, false},
	{"color", 0, "WHEN", "auto (default), always, never; respects NO_COLOR", GROUP_GENERAL, value_choice, INTO(color), color_word, false},
	{"sandbox", 0, "WHEN", "auto (default): only the named files, no programs, no sockets; off", GROUP_GENERAL, value_choice, INTO(sandbox), sandbox_word, false},
	{"help", 'h', NULL, "this text", GROUP_GENERAL, value_flag, INTO(help), NULL, false},
	{"version", 0, NULL, "the version; with -v also features and libraries", GROUP_GENERAL, value_flag, INTO(version), NULL, false},
};
#define COMMON_COUNT (sizeof common / sizeof *common)

const struct option *options_common(size_t *count) {
	*count = COMMON_COUNT;
	return common;
}

const char *options_group_title(size_t bit) {
	static const char *const titles[] = {
		"What was paid", "How time is split", "Details of the split", "List prices", "Period", "Statement",
		"Output",        "How logs are read", "Book",        "General",
	};
	return word_at(titles, sizeof titles / sizeof *titles, bit);
}

bool option_belongs(const struct option *o, const struct command *c) {
	unsigned groups = GROUP_GENERAL | (c ? c->groups : 0);

	return (o->groups & groups) != 0;
}

/* ---- finding ---- */

/* The next option of the command, its own ones first; NULL after the last. */
static const struct option *option_at(const struct run *r, size_t *i) {
	const struct command *c = r->command;
	size_t own = c ? c->own_count : 0;

	while (*i < own + COMMON_COUNT) {
		size_t at = (*i)++;
		if (at < own) {
			return &c->own[at];
		}
		if (option_belongs(&common[at - own], c)) {
			return &common[at - own];
		}
	}
	return NULL;
}

static const struct option *find_long(const struct run *r, struct text name) {
	size_t i = 0;

	for (const struct option *o; (o = option_at(r, &i));) {
		if (text_eq(text_of(o->name), name)) {
			return o;
		}
	}
	return NULL;
}

static const struct option *find_short(const struct run *r, char letter) {
	size_t i = 0;

	for (const struct option *o; (o = option_at(r, &i));) {
		if (o->letter == letter) {
			return o;
		}
	}
	return NULL;
}

/* ---- errors ---- */

static void see_help(struct run *r) {
	const char *name = r->command ? r->command->name : "";

	say_next(r, "see: tollbook %s%s--help", name, *name ? " " : "");
}

/* An option of another command is not a typo. */
static bool is_of_others(struct text name) {
	for (size_t i = 0; i < COMMON_COUNT; i++) {
		if (text_eq(text_of(common[i].name), name)) {
			return true;
		}
	}
	return false;
}

static int unknown_long(struct run *r, int at, struct text name) {
	char word[64];
	struct typo typo;
	size_t i = 0;

	snprintf(word, sizeof word, "%.*s", (int)(name.len < 63 ? name.len : 63), name.at);
	if (is_of_others(name)) {
		say_argument(r, at, "--%s is an option of other commands", word);
		see_help(r);
		return EXIT_USAGE;
	}
	typo_init(&typo, word);
	for (const struct option *o; (o = option_at(r, &i));) {
		typo_offer(&typo, o->name);
	}
	if (typo.nearest) {
		return say_argument(r, at, "no option --%s; did you mean --%s?", word, typo.nearest);
	}
	say_argument(r, at, "no option --%s", word);
	see_help(r);
	return EXIT_USAGE;
}

static bool is_given(const struct run *r, const struct option *o) {
	for (size_t i = 0; i < r->given_count; i++) {
		if (r->given[i].option == o) {
			return true;
		}
	}
	return false;
}

/* ---- reading ---- */

static int set_option(struct run *r, const struct option *o, const char *value, int at) {
	struct fault why;
	char *base = o->groups ? (char *)r : r->own;

	assert(base);
	if (o->once && is_given(r, o)) {
		return say_argument(r, at, "--%s is given twice, expected once", o->name);
	}
	if (o->take(o, base + o->into, value, &why) < 0) {
		return say_argument(r, at, "--%s %s %s", o->name, value ? value : "", why.message);
	}
	r->given = must_realloc(r->given, (r->given_count + 1) * sizeof *r->given);
	r->given[r->given_count++] = (struct given){o, at};
	return 0;
}

/* Reads an option with its value, if any, `inside` the argument or else in the next one. */
static int set_with_value(struct run *r, const struct option *o, const char *inside, int *at) {
	if (!o->argument) {
		return set_option(r, o, NULL, *at);
	}
	if (inside) {
		return set_option(r, o, inside, *at);
	}
	if (*at + 1 >= r->argc) {
		return say_argument(r, r->argc, "--%s needs a value: %s", o->name, o->argument);
	}
	(*at)++;
	return set_option(r, o, r->argv[*at], *at);
}

static int read_long(struct run *r, int *at) {
	const char *argument = r->argv[*at] + 2, *equals = strchr(argument, '=');
	struct text name = {argument, equals ? (size_t)(equals - argument) : strlen(argument)};
	const struct option *o = find_long(r, name);

	if (!o) {
		return unknown_long(r, *at, name);
	}
	if (equals && !o->argument) {
		return say_argument(r, *at, "--%s takes no value", o->name);
	}
	return set_with_value(r, o, equals ? equals + 1 : NULL, at);
}

/* "-q", "-qv", "-oFILE", "-o FILE". */
static int read_short(struct run *r, int *at) {
	int error = 0, start = *at;

	for (const char *c = r->argv[start] + 1; *c && !error; c++) {
		const struct option *o = find_short(r, *c);
		if (!o) {
			say_argument(r, start, "no option -%c", *c);
			see_help(r);
			return EXIT_USAGE;
		}
		error = set_with_value(r, o, o->argument && c[1] ? c + 1 : NULL, at);
		if (o->argument) {
			break;
		}
	}
	return error;
}

/* -o page.html is a page: the end of the name selects the format without --format. */
static int format_from_output(struct run *r) {
	static const struct {
		struct text end;
		const char *format;
	} ends[] = {{T(".html"), "html"}, {T(".htm"), "html"}, {T(".csv"), "csv"}, {T(".json"), "json"}, {T(".jsonl"), "jsonl"},
	            {T(".md"), "markdown"}, {T(".prom"), "prometheus"}, {T(".journal"), "journal"}, {T(".beancount"), "beancount"}};
	const struct option *o = find_long(r, T("format")), *output = find_long(r, T("output"));

	if (!r->set.output || !o || is_given(r, o) || !o->choice) {
		return 0;
	}
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		if (!text_ends(text_of(r->set.output), ends[i].end)) {
			continue;
		}
		for (size_t k = 0; o->choice(k); k++) {
			if (strcmp(o->choice(k), ends[i].format) == 0) {
				return set_option(r, o, ends[i].format, 0);
			}
		}
		return say_argument(r, r->argc, "--%s %s: %s has no format %s; name one that it has with --format", output->name,
		                    r->set.output, r->command->name, ends[i].format);
	}
	return 0;
}

int options_read(struct run *r, int from) {
	bool only_operands = false;
	int error = 0;

	for (int at = from; at < r->argc && !error && !r->help; at++) {
		const char *a = r->argv[at];
		if (only_operands || a[0] != '-' || !a[1]) {
			list_add(&r->operands, a);
		} else if (strcmp(a, "--") == 0) {
			only_operands = true;
		} else {
			error = a[1] == '-' ? read_long(r, &at) : read_short(r, &at);
		}
	}
	return error ? error : format_from_output(r);
}

int options_set(struct book_settings *into, const char *name, const char *value, struct fault *why) {
	const unsigned not_settings = GROUP_GENERAL;

	for (size_t i = 0; i < COMMON_COUNT; i++) {
		const struct option *o = &common[i];
		if (!(o->groups & not_settings) && strcmp(o->name, name) == 0) {
			return o->take(o, (char *)into + (o->into - offsetof(struct run, set)), o->argument ? value : NULL, why);
		}
	}
	return 1;
}

static void release_list(struct run *r, const struct option *o) {
	if (o->take == value_list) {
		char *base = o->groups ? (char *)r : r->own;
		free(((struct list *)(void *)(base + o->into))->at);
	}
}

void options_release(struct run *r) {
	for (size_t i = 0; i < COMMON_COUNT; i++) {
		release_list(r, &common[i]);
	}
	for (size_t i = 0; r->command && i < r->command->own_count; i++) {
		release_list(r, &r->command->own[i]);
	}
	free(r->operands.at);
	free(r->given);
	free(r->own);
}
