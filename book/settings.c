#include "book/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/files/files.h"
#include "core/instant.h"
#include "core/typo.h"

#define COLUMNS_DEFAULT 100
#define TABLE_COLUMNS 250

void list_add(struct list *l, const char *text) {
	l->at = must_realloc(l->at, (l->count + 1) * sizeof *l->at);
	l->at[l->count++] = text;
}

int64_t book_now_ns(void) {
	const char *said = getenv("TOLLBOOK_NOW");
	int64_t ns;

	return said && instant_parse(text_of(said), &ns) ? ns : instant_now();
}

/* ---- what was paid ---- */

bool settings_have_rate(const struct book_settings *s) {
	return s->fleet || s->gpu_hour_nano >= 0;
}

int settings_no_rate(struct fault *why) {
	int rc = fault_set(why, ERROR_CONFIG, "the price of the GPUs is missing");
	return fault_next(why, rc, "for a quick look, one GPU per replica: --gpu-hour 2.49\n"
	                           "else describe what was paid in a file: --fleet fleet.json (man 5 tollbook)\n"
	                           "of usage of vendors' APIs alone, without GPUs: --gpu-hour 0");
}

static int add_pairs(struct fleet *f, bool same, const struct list *pairs, struct fault *why) {
	for (size_t i = 0; i < pairs->count; i++) {
		if (!fleet_add_pair(f, same, text_of(pairs->at[i]))) {
			const char *option = same ? "same" : "different";
			return fault_option(why, option, "--%s %s: expected two names of servers, A=B", option, pairs->at[i]);
		}
	}
	return 0;
}

int settings_add_pairs(struct fleet *f, const struct book_settings *s, struct fault *why) {
	int rc = add_pairs(f, true, &s->same, why);

	return rc ? rc : add_pairs(f, false, &s->different, why);
}

int settings_fleet(const struct book_settings *s, struct names *names, struct fleet **out, struct fault *why) {
	if (!s->fleet && s->gpu_hour_nano < 0) {
		return settings_no_rate(why);
	}
	if (s->gpus > 0 && s->gpu_hour_nano < 0) {
		return fault_option(why, "gpus", "--gpus applies to --gpu-hour only; a fleet file has "
						 "\"gpus_per_replica\"");
	}
	int rc = 0;
	if (s->fleet) {
		rc = fleet_open(out, s->fleet, names, why);
	} else {
		*out = fleet_of_rate(s->gpu_hour_nano);
	}
	if (rc == 0 && s->gpu_hour_nano >= 0) {
		fleet_set_default_rate(*out, s->gpu_hour_nano);
		fleet_set_gpus(*out, s->gpus);
	}
	rc = rc ? rc : fleet_set_cards(*out, s->gpus_file, why);
	return rc ? rc : settings_add_pairs(*out, s, why);
}

bool settings_rule(struct book_settings *s, const char *name) {
	for (int i = 0; i < RULES; i++) {
		if (strcmp(rule_names[i], name) == 0) {
			s->rule = i;
			return true;
		}
	}
	return false;
}

bool settings_cards_of(const struct fleet *f, struct names *names, name_id replica, name_id model, int64_t at_ns,
                    struct estimate_cards *out) {
	struct fleet_cards c;

	if (!fleet_cards_of(f, names, replica, model, at_ns, &c)) {
		return false;
	}
	*out = (struct estimate_cards){.gpu = c.gpu, .model = c.model, .gpus = c.gpus, .rate_nano = c.rate_nano,
	                               .rate_from_ns = c.rate_from_ns, .rate_until_ns = c.rate_until_ns, .role = c.role};
	return true;
}

/* ---- prices ---- */

static int add_prices(const struct book_settings *s, struct prices *prices, struct fault *why) {
	for (size_t i = 0; i < s->prices.count; i++) {
		int rc = prices_add_file(prices, s->prices.at[i], why);
		if (rc < 0) {
			return rc;
		}
	}
	int rc = 0;
	for (size_t i = 0; i < s->list.count && rc == 0; i++) {
		rc = prices_add_match(prices, s->list.at[i], why);
	}
	prices_join(prices);
	rc = rc < 0 ? rc : prices_check_matches(prices, why);
	if (rc < 0) {
		why->option = "list";
		return ERROR_CONFIG;
	}
	return 0;
}

/* The requested catalogue, else the installed one. */
int settings_prices_or_installed(const struct book_settings *s, struct prices **out, struct fault *why) {
	if (s->prices.count > 0) {
		return settings_prices(s, out, why);
	}
	*out = prices_new();
	int rc = prices_add_installed(*out, why);
	rc = rc == 0 ? add_prices(s, *out, why) : rc;
	if (rc != 0) {
		prices_free(*out);
		*out = NULL;
	}
	return rc;
}

int settings_prices(const struct book_settings *s, struct prices **out, struct fault *why) {
	*out = NULL;
	if (s->prices.count == 0 && s->list.count > 0) {
		int rc = fault_option(why, "list", "--list needs a catalogue to take the price from");
		return fault_next(why, rc, "name one: --prices FILE");
	}
	if (s->prices.count == 0) {
		return 0;
	}
	*out = prices_new();
	int rc = add_prices(s, *out, why);
	if (rc != 0) {
		prices_free(*out);
		*out = NULL;
	}
	return rc;
}

/* ---- the period ---- */

int settings_zone(const char *option, const char *name, struct zone **out, struct fault *why) {
	struct fault wrong;

	*out = NULL;
	if (!name) {
		return 0;
	}
	*out = zone_new(text_of(name), &wrong);
	return *out ? 0 : fault_option(why, option, "--%s: %s", option, wrong.message);
}

/* An instant, or the start of a date in the zone. */
static int64_t start_of(const char *text, const struct zone *tz) {
	int64_t ns = 0, local;
	struct civil date;

	(void)instant_parse(text_of(text), &ns); /* already checked by the caller */
	instant_to_civil(ns, &date);
	bool bare = strlen(text) == sizeof "2026-11-20" - 1;
	return bare && zone_to_instant(tz, &date, &local, NULL) ? local : ns;
}

int settings_period(const struct book_settings *s, const struct zone *tz, int64_t *from_ns, int64_t *to_ns, struct fault *why) {
	*from_ns = s->from ? start_of(s->from, tz) : INT64_MIN;
	*to_ns = s->to ? start_of(s->to, tz) : INT64_MAX;
	if (*from_ns >= *to_ns) {
		return fault_option(why, "to", "--to %s is not after --from %s", s->to ? s->to : "", s->from ? s->from : "");
	}
	return 0;
}

/* ---- logs ---- */

int settings_tenant_key(const struct book_settings *s, const struct terminal *t, struct tenant_key **out, struct fault *why) {
	struct fault wrong;
	bool open;

	*out = NULL;
	if (!s->tenant_key) {
		return 0;
	}
	if (tenant_key_read(out, s->tenant_key, &open, &wrong) < 0) {
		return fault_option(why, "tenant-key-file", "%s", wrong.message);
	}
	if (open) {
		terminal_warning(t, "%s: everybody can read this key, and identify tenants with it: chmod o-r", s->tenant_key);
	}
	return 0;
}

static struct text text_or_empty(const char *s) {
	return s ? text_of(s) : T("");
}

static void fill_sources(const struct book_settings *s, struct logs *l) {
	l->sources = must_calloc(s->logs.count, sizeof *l->sources);
	for (size_t i = 0; i < s->logs.count; i++) {
		l->sources[i] = (struct ingest_source){
			.path = s->logs.at[i],
			.replica = text_or_empty(s->replica),
			.model = text_or_empty(s->model),
			.tenant = text_or_empty(s->tenant),
			.log_zone = l->zone,
			.log_year = (int)s->log_year,
			.log_format = s->log_format,
		};
	}
}

static int read_patterns(const struct book_settings *s, struct logs *l, struct fault *why) {
	if (s->log_format && strcmp(s->log_format, "pattern") == 0 && !s->pattern) {
		int rc = fault_option(why, "log-format", "--log-format pattern needs a file of patterns");
		return fault_next(why, rc, "name one: --pattern FILE");
	}
	return s->pattern ? ingest_patterns_read(&l->patterns, s->pattern, why) : 0;
}

int settings_logs(const struct book_settings *s, const struct terminal *t, struct logs *l, struct fault *why) {
	*l = (struct logs){0};
	if (s->logs.count == 0) {
		return fault_option(why, FAULT_MISSING, "no LOG given, expected a file, a directory or - for standard input");
	}
	int rc = settings_zone("log-zone", s->log_zone, &l->zone, why);
	rc = rc == 0 ? read_patterns(s, l, why) : rc;
	rc = rc == 0 ? settings_tenant_key(s, t, &l->tenant_key, why) : rc;
	if (rc != 0) {
		logs_release(l);
		return rc;
	}
	fill_sources(s, l);
	l->options = (struct ingest_options){
		.sources = l->sources,
		.source_count = s->logs.count,
		.threads = (unsigned)s->threads,
		.quarantine = s->quarantine,
		.no_evidence = s->no_evidence.at,
		.no_evidence_count = s->no_evidence.count,
		.max_line_bytes = (size_t)s->max_line_bytes,
		.max_ratio = s->max_ratio,
		.now_ns = book_now_ns(),
		.progress = t->progress,
		.progress_context = t->context,
		.patterns = l->patterns,
		.tenant_key = l->tenant_key,
	};
	return 0;
}

void logs_release(struct logs *l) {
	free(l->sources);
	zone_free(l->zone);
	ingest_patterns_free(l->patterns);
	tenant_key_free(l->tenant_key);
	*l = (struct logs){0};
}

/* ---- the statement ---- */

static const char *by_word(size_t i) {
	return i == BY_KEYS ? "position" : by_key_names[i];
}

/* The key of this name; BY_KEYS: position; -1 with the fault set. */
static int find_key(const char *name, struct fault *why) {
	char all[360] = "";
	struct typo typo;

	typo_init(&typo, name);
	for (size_t i = 0; i <= BY_KEYS; i++) {
		if (strcmp(by_word(i), name) == 0) {
			return (int)i;
		}
		typo_offer(&typo, by_word(i));
		size_t len = strlen(all);
		snprintf(all + len, sizeof all - len, "%s%s", i > 0 ? ", " : "", by_word(i));
	}
	return fault_set(why, -1, "is not one of %s%s%s%s", all, typo.nearest ? "; did you mean " : "", typo.nearest ? typo.nearest : "",
	                 typo.nearest ? "?" : "");
}

static int add_key(struct by *by, const char *name, struct fault *why) {
	int i = find_key(name, why);

	if (i < 0) {
		return ERROR_CONFIG;
	}
	if (i == BY_KEYS) {
		by->position = true;
		return 0;
	}
	for (size_t k = 0; k < by->count; k++) {
		if (by->key[k] == (enum by_key)i) {
			return fault_set(why, ERROR_CONFIG, "names %s twice", name);
		}
	}
	by->key[by->count++] = (enum by_key)i;
	return 0;
}

int settings_by(struct by *out, const char *keys, struct fault *why) {
	struct text rest = text_of(keys), key;
	int rc = 0;

	*out = (struct by){0};
	for (bool more = true; more && rc == 0;) {
		char name[32];
		more = text_until(&rest, T(","), &key);
		key = more ? key : rest;
		snprintf(name, sizeof name, "%.*s", (int)(key.len < sizeof name ? key.len : sizeof name - 1), key.at);
		rc = add_key(out, name, why);
	}
	return rc;
}

struct report_options settings_report(const struct book_settings *s, struct names *names, struct prices *prices, const struct zone *tz,
                                      const struct fleet *fleet) {
	struct report_options o = {
		.names = names,
		.prices = prices,
		.by_count = s->by.count,
		.tz = tz,
		.tz_name = s->tz,
		.idle_proportional = s->idle_proportional,
		.version = TOLLBOOK_VERSION,
		.one_format = s->one_format ? s->format : NULL,
	};

	if (fleet) {
		o.currency = fleet_currency(fleet);
		o.rule = rule_names[s->rule];
		o.fleet = fleet;
		o.replica_gpus = fleet_replica_gpus_text;
		o.fleet_sha256 = fleet_sha256(fleet);
		o.descriptions_sha256 = fleet_descriptions_sha256(fleet);
	}
	memcpy(o.by, s->by.key, sizeof o.by);
	return o;
}

static int render(const struct book_settings *s, const struct terminal *t, const struct statement *of, struct fault *why) {
	struct rendering_options options = {
		.focus_version = s->focus_version,
		.sort = s->sort,
		.top = s->top,
		.level = s->level,
		.color = s->output ? t->color_files : t->color,
		.width = s->output || t->columns == 0 ? COLUMNS_DEFAULT : t->columns,
		.verbose = t->verbose,
		.screen = !s->output && t->rows > 0,
		.table_width = s->output || t->rows == 0 ? TABLE_COLUMNS : 0, /* files have full names, and a row a line */
		.rows = t->rows,
		.ascii = t->ascii,
	};
	struct outfile *file;
	int rc = outfile_open(&file, s->output, why);

	if (rc) {
		return rc;
	}
	return outfile_end(file, statement_render(of, s->format, &options, outfile_stream(file), why), why);
}

int settings_write(const struct book_settings *s, const struct terminal *t, const struct statement *of, struct fault *why) {
	terminal_guard(t, true);
	int rc = render(s, t, of, why);
	/* `| head` closed the pipe on purpose: the status is that of the work */
	bool reader_left = rc == ERROR_IO && errno == EPIPE && !s->output;
	terminal_guard(t, false);
	return reader_left ? 0 : rc;
}
