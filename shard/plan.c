/* plan.c: tollbook shard plan: which task reads which log. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "book/config.h"
#include "shard/shard.h"
#include "core/files/files.h"
#include "core/heap.h"
#include "core/quality.h"
#include "core/sorted.h"
#include "ledger/ledger.h"

#define TASKS_MAX 4000

/* A log to be assigned to a task. */
struct piece {
	char *path;
	int64_t bytes, index, task;
	const struct config_logs *of; /* NULL: the command line's */
};

struct draft {
	const struct shard_settings *asked;
	const struct terminal *terminal;
	struct book_settings set;
	struct config config; /* empty without one */
	struct config_found found;
	struct shard_option *said; /* what tasks get: the given options, and the configuration as options */
	size_t said_count;
	struct piece *at;
	size_t count, room;
	struct ingest_place *places; /* of their paths */
	int64_t tasks;
	struct fleet *fleet; /* read, for the descriptions that it names; or NULL */
};

static int add_file(void *context, const char *name, const struct ingest_found *found, const struct ingest_source *source) {
	struct draft *d = context;
	const struct config_logs *of = d->found.sources ? d->found.of[source - d->found.sources] : NULL;

	d->at = must_grow(d->at, d->count, &d->room, sizeof *d->at, 64);
	size_t len = strlen(name) + 1;
	d->at[d->count] = (struct piece){.path = memcpy(must_alloc(len), name, len), .bytes = found->bytes, .index = (int64_t)d->count, .of = of};
	d->count++;
	return 0;
}

static int largest_first(const void *a, const void *b) {
	const struct piece *x = a, *y = b;

	return x->bytes != y->bytes ? (x->bytes < y->bytes) - (x->bytes > y->bytes)
	                            : (x->index > y->index) - (x->index < y->index);
}

static int by_index(const void *a, const void *b) {
	const struct piece *x = a, *y = b;

	return (x->index > y->index) - (x->index < y->index);
}

static bool has_less(const void *load, int64_t a, int64_t b) {
	const int64_t *bytes = load;

	return bytes[a] != bytes[b] ? bytes[a] < bytes[b] : a < b;
}

/* The largest first, each to the task with the least so far: a huge log gets a separate task. */
static void share_out(struct draft *d) {
	int64_t *load = must_calloc((size_t)d->tasks, sizeof *load);
	struct heap least;

	heap_init(&least, has_less, load);
	for (int64_t t = 0; t < d->tasks; t++) {
		heap_push(&least, t);
	}
	sort_items(d->at, d->count, sizeof *d->at, largest_first);
	for (size_t i = 0; i < d->count; i++) {
		int64_t task = heap_pop(&least);
		d->at[i].task = task;
		load[task] += d->at[i].bytes + 1; /* empty ones are also work */
		heap_push(&least, task);
	}
	heap_release(&least);
	sort_items(d->at, d->count, sizeof *d->at, by_index);
	free(load);
}

/* ---- writing ---- */

static void put_text(FILE *out, const char *key, const char *s) {
	fprintf(out, "\"%s\":", key);
	json_put_text(out, text_of(s));
}

#define GIVEN_MAX ((size_t)1 << 28)

static int read_given(const char *path, struct text *out, struct fault *why) {
	FILE *in = fopen(path, "re");
	char *at = NULL;
	size_t len = 0, room = 0, n = 1;

	while (in && n > 0 && len <= GIVEN_MAX) {
		room = room - len < 65536 ? room * 2 + 131072 : room;
		at = must_realloc(at, room);
		n = fread(at + len, 1, room - len, in);
		len += n;
	}
	if (!in || ferror(in)) {
		int rc = fault_set(why, ERROR_CONFIG, "%s: cannot read: %s", path, strerror(errno));
		free(at);
		if (in) {
			fclose(in);
		}
		return rc;
	}
	fclose(in);
	*out = (struct text){at, len};
	return 0;
}

/* ---- options of tasks ---- */

/* Options that name a file of which the plan keeps a copy. */
static bool names_file(const struct shard_option *o) {
	static const char *const names[] = {"fleet", "prices", "pattern"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (strcmp(o->name, names[i]) == 0) {
			return true;
		}
	}
	return false;
}

static void add_setting(struct draft *d, const char *name, const char *value) {
	if (value) {
		d->said = must_realloc(d->said, (d->said_count + 1) * sizeof *d->said);
		d->said[d->said_count++] = (struct shard_option){name, value};
	}
}

static void add_settings(struct draft *d) {
	const struct config *c = &d->config;

	add_setting(d, "book", d->set.book);
	add_setting(d, "fleet", c->fleet);
	add_setting(d, "gpu-hour", c->gpu_hour);
	add_setting(d, "rule", c->rule);
	add_setting(d, "tenant-key-file", c->tenant_key);
	for (size_t i = 0; i < c->prices.count; i++) {
		add_setting(d, "prices", c->prices.at[i]);
	}
	for (size_t i = 0; i < c->matches.count; i++) {
		add_setting(d, "list", c->matches.at[i]);
	}
}

static void collect_said(struct draft *d) {
	for (size_t i = 0; i < d->asked->given_count; i++) {
		const struct shard_option *o = &d->asked->given[i];
		if (!(d->config.book && strcmp(o->name, "book") == 0)) { /* --book is already a setting */
			add_setting(d, o->name, o->value);
		}
	}
	if (d->config.book) {
		add_settings(d);
	}
}

/* "given/2-fleet": path of a copy below the plan's folder; with a name in .gz it would be compressed again. */
static void given_name(size_t i, const struct shard_option *o, char *out, size_t size) {
	snprintf(out, size, "given/%zu-%s", i, o->name);
}

static int write_file_option(const struct draft *d, size_t i, FILE *out, struct fault *why) {
	char name[64], hash[DIGEST_HEX_MAX];
	struct text bytes;
	int rc = read_given(d->said[i].value, &bytes, why);

	if (rc < 0) {
		return rc;
	}
	digest_of(bytes, hash);
	free((void *)(uintptr_t)bytes.at);
	given_name(i, &d->said[i], name, sizeof name);
	put_text(out, "value", name);
	fprintf(out, ",\"sha256\":\"%s\"", hash);
	shard_write_descriptions(strcmp(d->said[i].name, "fleet") == 0 ? d->fleet : NULL, out);
	fputs("}\n", out);
	return 0;
}

static int write_options(const struct draft *d, FILE *out, struct fault *why) {
	int rc = 0;

	for (size_t i = 0; i < d->said_count && rc == 0; i++) {
		const struct shard_option *o = &d->said[i];
		fputc('{', out);
		put_text(out, "option", o->name);
		fputc(',', out);
		if (names_file(o)) {
			rc = write_file_option(d, i, out, why);
		} else {
			put_text(out, "value", d->said[i].value);
			fputs("}\n", out);
		}
	}
	return rc;
}

/* The fleet, prices and patterns as they are now. A key of tenants must not be readable with the plan. */
static int copy_given(const struct draft *d, struct fault *why) {
	char name[64], path[4200];
	int rc = 0;

	for (size_t i = 0; i < d->said_count && rc == 0; i++) {
		const struct shard_option *o = &d->said[i];
		struct text bytes;
		if (!names_file(o)) {
			continue;
		}
		given_name(i, o, name, sizeof name);
		snprintf(path, sizeof path, "%s/%s", d->set.output, name);
		rc = read_given(d->said[i].value, &bytes, why);
		if (rc == 0) {
			rc = outfile_write(path, bytes, why);
			free((void *)(uintptr_t)bytes.at);
		}
	}
	return rc;
}

static void write_source(const struct piece *p, const struct ingest_place *place, FILE *out) {
	fprintf(out, "{\"source\":%lld,\"task\":%lld,\"bytes\":%lld,", (long long)p->index, (long long)p->task,
	        (long long)p->bytes);
	put_text(out, "path", p->path);
	if (place && place->apart) {
		fputc(',', out);
		put_text(out, "apart", place->apart);
	}
	if (place && place->detail > 0) {
		fprintf(out, ",\"detail\":%u", place->detail);
	}
	for (size_t i = 0; p->of && i < SHARD_SOURCE_KEYS; i++) {
		const char *value;
		memcpy(&value, (const char *)p->of + shard_source_keys[i].in_config, sizeof value);
		if (value) {
			fputc(',', out);
			put_text(out, shard_source_keys[i].name, value);
		}
	}
	fputs("}\n", out);
}

static int write_plan(struct draft *d, FILE *out, struct fault *why) {
	int64_t bytes = 0;

	for (size_t i = 0; i < d->count; i++) {
		bytes += d->at[i].bytes;
	}
	fprintf(out, "{\"schema\":\"tollbook.plan.v1\",\"version\":\"%s\",\"tasks\":%lld,\"sources\":%zu,\"bytes\":%lld}\n",
	        TOLLBOOK_VERSION, (long long)d->tasks, d->count, (long long)bytes);
	int rc = write_options(d, out, why);
	for (size_t i = 0; i < d->count && rc == 0; i++) {
		write_source(&d->at[i], ingest_place_of(d->places, d->count, d->at[i].path), out);
	}
	return rc;
}

static int make_folders(const char *folder, struct fault *why) {
	static const char *const below[] = {"", "/given", "/map", "/fit", "/attribute", "/requests"};
	char path[4200];

	for (size_t i = 0; i < sizeof below / sizeof *below; i++) {
		snprintf(path, sizeof path, "%s%s", folder, below[i]);
		if (mkdir(path, 0777) != 0 && errno != EEXIST) {
			return fault_set(why, ERROR_IO, "%s: cannot make the folder: %s", path, strerror(errno));
		}
	}
	return 0;
}

/* A plan is not changed while tasks may work on it. */
static int put_plan(struct draft *d, const char *path, struct text plan, struct fault *why) {
	struct text old;
	struct stat st;

	if (stat(path, &st) == 0) {
		int rc = file_read(path, (size_t)1 << 32, &old, why);
		bool same = rc == 0 && text_eq(old, plan);
		if (rc == 0) {
			free((void *)(uintptr_t)old.at);
		}
		return rc < 0 || same ? rc
		                      : fault_set(why, ERROR_CONFIG, "%s: contains another plan, expected a new folder: "
		                                  "-o PLAN", d->set.output);
	}
	int rc = copy_given(d, why);
	rc = rc < 0 ? rc : shard_copy_descriptions(d->fleet, d->set.output, why);
	return rc < 0 ? rc : outfile_write(path, plan, why);
}

static int write_draft(struct draft *d, struct fault *why) {
	char path[4200], *at = NULL;
	size_t len = 0;
	int rc = make_folders(d->set.output, why);

	if (rc < 0) {
		return rc;
	}
	FILE *out = memory_open(&at, &len);
	rc = write_plan(d, out, why);
	memory_close(out, &at);
	snprintf(path, sizeof path, "%s/plan.jsonl", d->set.output);
	rc = rc < 0 ? rc : put_plan(d, path, (struct text){at, len}, why);
	free(at);
	return rc;
}

/* ---- checks ---- */

/* Reports now what later tasks would fail for. */
static int check_files(struct draft *d, int64_t *from_ns, int64_t *to_ns, struct fault *why) {
	struct names *names = names_new();
	struct prices *prices = NULL;
	struct zone *tz = NULL;

	int rc = settings_zone("tz", d->set.tz, &tz, why);
	rc = rc == 0 ? settings_period(&d->set, tz, from_ns, to_ns, why) : rc;
	rc = rc == 0 ? settings_fleet(&d->set, names, &d->fleet, why) : rc;
	rc = rc == 0 ? settings_prices_or_installed(&d->set, &prices, why) : rc;
	if (prices) {
		prices_free(prices);
	}
	zone_free(tz);
	names_free(names);
	return rc;
}

static int check_asked(const struct draft *d, struct fault *why) {
	if (!d->set.output) {
		return fault_set(why, ERROR_CONFIG, "no plan folder given, expected -o PLAN, a folder that all machines share");
	}
	if (d->tasks < 1 || d->tasks > TASKS_MAX) {
		return fault_option(why, "tasks", "no number of tasks given, expected --tasks N, at most %d", TASKS_MAX);
	}
	for (size_t i = 0; i < d->set.logs.count; i++) {
		if (strcmp(d->set.logs.at[i], "-") == 0) {
			return fault_set(why, ERROR_CONFIG, "standard input cannot be divided among tasks, expected files and directories");
		}
	}
	return 0;
}

static int read_config(struct draft *d, struct fault *why) {
	if (!d->asked->config) {
		return 0;
	}
	if (d->set.logs.count > 0) {
		return fault_set(why, ERROR_CONFIG, "the logs are those of the configuration, expected no LOG");
	}
	int rc = config_read(&d->config, d->asked->config, why);
	return rc < 0 ? rc : config_set_options(&d->config, &d->set, why);
}

/* A folder that cannot be listed now would be missing silently later. */
static int refuse_damage(const struct terminal *t, const struct quality *q) {
	for (size_t i = 0; i < q->damage_count; i++) {
		terminal_error(t, "%s: %s", q->damages[i].file, q->damages[i].reason);
	}
	return q->damage_count > 0 ? EXIT_FAILED : 0;
}

static int list_logs(struct draft *d, int64_t from_ns, int64_t to_ns, struct quality *q, struct fault *why) {
	struct logs logs = {0};
	struct ingest_options found;
	bool by_config = d->config.book;
	int status = by_config ? config_find_logs(&d->found, &d->config, from_ns, to_ns, q, why) : settings_logs(&d->set, d->terminal, &logs, why);

	if (status == 0) {
		found = (struct ingest_options){.sources = d->found.sources, .source_count = d->found.count};
		ingest_files(by_config ? &found : &logs.options, add_file, d, q);
		status = refuse_damage(d->terminal, q);
	}
	for (size_t i = 0; i < q->warning_count; i++) {
		terminal_warning(d->terminal, "%s", q->warnings[i]);
	}
	if (!by_config) {
		logs_release(&logs);
	}
	return status;
}

/* How paths name servers, which a task alone does not see. */
static void find_places(struct draft *d) {
	d->places = must_calloc(d->count + 1, sizeof *d->places);
	for (size_t i = 0; i < d->count; i++) {
		d->places[i].path = d->at[i].path;
	}
	ingest_find_places(d->places, d->count);
}

static void draft_release(struct draft *d) {
	ingest_places_free(d->places, d->places ? d->count : 0);
	for (size_t i = 0; i < d->count; i++) {
		free(d->at[i].path);
	}
	free(d->at);
	free(d->said);
	fleet_free(d->fleet);
	config_logs_release(&d->found);
	if (d->asked->config) { /* its lists are added to those of the settings, which had none */
		free(d->set.prices.at);
		free(d->set.list.at);
	}
	config_release(&d->config);
}

int shard_plan(const struct shard_settings *asked, const struct book_settings *set, const struct terminal *t,
               struct shard_tally *tally, struct fault *why) {
	struct draft d = {.asked = asked, .terminal = t, .set = *set, .tasks = asked->tasks};
	struct quality q;
	int64_t from_ns, to_ns;

	quality_init(&q);
	int status = check_asked(&d, why);
	status = status == 0 ? read_config(&d, why) : status;
	/* all readers of the plan could read it */
	status = status == 0 && d.set.book ? ledger_refuse(d.set.book, why) : status;
	status = status == 0 ? check_files(&d, &from_ns, &to_ns, why) : status;
	status = status == 0 ? list_logs(&d, from_ns, to_ns, &q, why) : status;
	if (status == 0) {
		collect_said(&d);
		find_places(&d);
		share_out(&d);
		status = write_draft(&d, why);
	}
	tally->sources = (int64_t)d.count;
	draft_release(&d);
	quality_release(&q);
	return status;
}
