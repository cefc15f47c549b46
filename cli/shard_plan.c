/* shard_plan.c: tollbook shard plan: which task reads which log. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cli/say.h"
#include "cli/setup.h"
#include "cli/shard.h"
#include "core/files.h"
#include "core/quality.h"

#define TASKS_MAX 4000

/* A log to be handed to a task. */
struct piece {
	char *path;
	int64_t bytes, index, task;
};

struct draft {
	struct run *r;
	struct piece *at;
	size_t count, room;
	int64_t tasks;
};

static int take_file(void *context, const char *name, int64_t bytes) {
	struct draft *d = context;

	if (d->count == d->room) {
		d->room = d->room > 0 ? 2 * d->room : 64;
		d->at = must_realloc(d->at, d->room * sizeof *d->at);
	}
	size_t len = strlen(name) + 1;
	d->at[d->count] = (struct piece){memcpy(must_alloc(len), name, len), bytes, (int64_t)d->count, 0};
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

/* The largest first, each to the task that has the least so far: a huge log gets a task of its own. */
static void share_out(struct draft *d) {
	int64_t *load = must_calloc((size_t)d->tasks, sizeof *load);

	if (d->count > 1) {
		qsort(d->at, d->count, sizeof *d->at, largest_first);
	}
	for (size_t i = 0; i < d->count; i++) {
		int64_t least = 0;
		for (int64_t t = 1; t < d->tasks; t++) {
			least = load[t] < load[least] ? t : least;
		}
		d->at[i].task = least;
		load[least] += d->at[i].bytes + 1; /* empty ones are work too */
	}
	if (d->count > 1) {
		qsort(d->at, d->count, sizeof *d->at, by_index);
	}
	free(load);
}

/* ---- writing ---- */

static void put_text(FILE *out, const char *key, const char *s) {
	size_t room = 6 * strlen(s) + 1;
	char *escaped = must_alloc(room);

	json_escape(text_of(s), escaped, room);
	fprintf(out, "\"%s\":\"%s\"", key, escaped);
	free(escaped);
}

/* The value of an option as it was given. */
static const char *given_value(const struct run *r, const struct given *g) {
	const char *a = r->argv[g->at];
	const char *equals = strncmp(a, "--", 2) == 0 ? strchr(a, '=') : NULL;

	return equals ? equals + 1 : a;
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

static int put_file(const char *path, struct text bytes, struct fault *why) {
	struct outfile *file;
	int rc = outfile_open(&file, path, why);

	if (rc < 0) {
		return rc;
	}
	fwrite(bytes.at, 1, bytes.len, outfile_stream(file));
	return outfile_commit(file, why);
}

/* Options that name a file of which the plan keeps a copy. */
static bool names_file(const struct option *o) {
	static const char *const names[] = {"fleet", "prices", "pattern"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (strcmp(o->name, names[i]) == 0) {
			return true;
		}
	}
	return false;
}

/* "given/2-fleet": where a copy is, below the plan's folder; .gz by name would be packed once more. */
static void given_name(size_t i, const struct option *o, char *out, size_t size) {
	snprintf(out, size, "given/%zu-%s", i, o->name);
}

static bool is_said(const struct option *o) {
	return (o->groups & (GROUP_COST | GROUP_SPLIT | GROUP_PRICES | GROUP_PERIOD | GROUP_LOGS)) != 0;
}

static int write_file_option(const struct run *r, size_t i, FILE *out, struct fault *why) {
	char name[64], hash[DIGEST_HEX_MAX];
	struct text bytes;
	int rc = read_given(given_value(r, &r->given[i]), &bytes, why);

	if (rc < 0) {
		return rc;
	}
	struct digest *d = digest_new();
	digest_add(d, bytes);
	digest_finish(d, hash);
	digest_free(d);
	free((void *)(uintptr_t)bytes.at);
	given_name(i, r->given[i].option, name, sizeof name);
	put_text(out, "value", name);
	fprintf(out, ",\"sha256\":\"%s\"}\n", hash);
	return 0;
}

static int write_options(const struct run *r, FILE *out, struct fault *why) {
	int rc = 0;

	for (size_t i = 0; i < r->given_count && rc == 0; i++) {
		const struct option *o = r->given[i].option;
		if (!is_said(o)) {
			continue;
		}
		fputc('{', out);
		put_text(out, "option", o->name);
		fputc(',', out);
		if (names_file(o)) {
			rc = write_file_option(r, i, out, why);
		} else {
			put_text(out, "value", o->argument ? given_value(r, &r->given[i]) : "");
			fputs("}\n", out);
		}
	}
	return rc;
}

/* The fleet, prices and patterns as they are now. */
static int copy_given(const struct run *r, struct fault *why) {
	char name[64], path[4200];
	int rc = 0;

	for (size_t i = 0; i < r->given_count && rc == 0; i++) {
		const struct option *o = r->given[i].option;
		struct text bytes;
		if (!is_said(o) || !names_file(o)) {
			continue;
		}
		given_name(i, o, name, sizeof name);
		snprintf(path, sizeof path, "%s/%s", r->output, name);
		rc = read_given(given_value(r, &r->given[i]), &bytes, why);
		if (rc == 0) {
			rc = put_file(path, bytes, why);
			free((void *)(uintptr_t)bytes.at);
		}
	}
	return rc;
}

static int write_plan(struct draft *d, FILE *out, struct fault *why) {
	int64_t bytes = 0;

	for (size_t i = 0; i < d->count; i++) {
		bytes += d->at[i].bytes;
	}
	fprintf(out, "{\"schema\":\"tollbook.plan.v1\",\"version\":\"%s\",\"tasks\":%lld,\"sources\":%zu,\"bytes\":%lld}\n",
	        TOLLBOOK_VERSION, (long long)d->tasks, d->count, (long long)bytes);
	int rc = write_options(d->r, out, why);
	for (size_t i = 0; i < d->count && rc == 0; i++) {
		const struct piece *p = &d->at[i];
		fprintf(out, "{\"source\":%lld,\"task\":%lld,\"bytes\":%lld,", (long long)p->index, (long long)p->task,
		        (long long)p->bytes);
		put_text(out, "path", p->path);
		fputs("}\n", out);
	}
	return rc;
}

static int make_folders(const char *folder, struct fault *why) {
	static const char *const below[] = {"", "/given", "/map", "/fit", "/attribute"};
	char path[4200];

	for (size_t i = 0; i < sizeof below / sizeof *below; i++) {
		snprintf(path, sizeof path, "%s%s", folder, below[i]);
		if (mkdir(path, 0777) != 0 && errno != EEXIST) {
			return fault_set(why, ERROR_IO, "%s: cannot make the folder: %s", path, strerror(errno));
		}
	}
	return 0;
}

/* A plan that tasks may be at work on is not changed under them. */
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
		                      : fault_set(why, ERROR_CONFIG, "%s: there is another plan already, expected a new folder: "
		                                  "-o PLAN", d->r->output);
	}
	int rc = copy_given(d->r, why);
	return rc < 0 ? rc : put_file(path, plan, why);
}

static int write_draft(struct draft *d, struct fault *why) {
	char path[4200], *at = NULL;
	size_t len = 0;
	int rc = make_folders(d->r->output, why);

	if (rc < 0) {
		return rc;
	}
	FILE *out = open_memstream(&at, &len);
	if (!out) {
		die_out_of_memory();
	}
	rc = write_plan(d, out, why);
	fclose(out);
	snprintf(path, sizeof path, "%s/plan.jsonl", d->r->output);
	rc = rc < 0 ? rc : put_plan(d, path, (struct text){at, len}, why);
	free(at);
	return rc;
}

/* What later tasks would stumble over is said now. */
static int check_files(struct run *r) {
	struct names *names = names_new();
	struct fleet *fleet = NULL;
	struct prices *prices = NULL;
	struct zone *tz = NULL;
	int64_t from_ns, to_ns;

	int status = setup_zone(r, "tz", r->tz, &tz);
	status = status == 0 ? setup_period(r, tz, &from_ns, &to_ns) : status;
	status = status == 0 ? setup_fleet(r, names, &fleet) : status;
	status = status == 0 ? setup_prices(r, &prices) : status;
	if (fleet) {
		fleet_free(fleet);
	}
	if (prices) {
		prices_free(prices);
	}
	zone_free(tz);
	names_free(names);
	return status;
}

static int check_options(struct run *r) {
	const struct shard_settings *s = r->own;

	if (!r->output) {
		say_error(r, "where to? expected -o PLAN, a folder that all machines see");
		return EXIT_USAGE;
	}
	if (s->tasks < 1 || s->tasks > TASKS_MAX) {
		return say_option(r, "tasks", "over how many tasks? expected --tasks N, at most %d", TASKS_MAX);
	}
	if (r->requests || r->model_report || r->quarantine || r->compare_rules) {
		say_error(r, "--requests, --model-report, --compare-rules and --quarantine are for tollbook run, not for shards");
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < r->operands.count; i++) {
		if (strcmp(r->operands.at[i], "-") == 0) {
			say_error(r, "standard input cannot be shared out, expected files and directories");
			return EXIT_USAGE;
		}
	}
	return check_files(r);
}

/* A log that cannot be listed now would be missing without a word later. */
static int refuse_damage(struct run *r, const struct quality *q) {
	for (size_t i = 0; i < q->damage_count; i++) {
		say_error(r, "%s: %s", q->damages[i].file, q->damages[i].reason);
	}
	return q->damage_count > 0 ? EXIT_FAILED : 0;
}

int shard_plan(struct run *r, struct shard_tally *tally, struct fault *why) {
	struct draft d = {.r = r, .tasks = ((struct shard_settings *)r->own)->tasks};
	struct quality q;
	struct logs logs;

	int status = check_options(r);
	status = status == 0 ? setup_logs(r, &logs) : status;
	if (status != 0) {
		return status;
	}
	quality_init(&q);
	ingest_files(&logs.options, take_file, &d, &q);
	status = refuse_damage(r, &q);
	if (status == 0) {
		share_out(&d);
		status = write_draft(&d, why);
	}
	tally->sources = (int64_t)d.count;
	for (size_t i = 0; i < d.count; i++) {
		free(d.at[i].path);
	}
	free(d.at);
	quality_release(&q);
	logs_release(&logs);
	return status;
}
