/* shard.c: tollbook shard: a fleet larger than one machine, as tasks of any batch scheduler. */
#include "shard/shard.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "cli/options.h"
#include "cli/say.h"
#include "cli/values.h"
#include "core/exact.h"

struct settings {
	struct shard_settings shard;
	const char *log;
};

/* The peak memory of this program; getrusage may return that of its parent. */
static long most_kib(void) {
	char line[200];
	long kib = 0;
	struct rusage use;
	FILE *status = fopen("/proc/self/status", "re");

	while (status && kib == 0 && fgets(line, sizeof line, status)) {
		kib = strncmp(line, "VmHWM:", 6) == 0 ? strtol(line + 6, NULL, 10) : 0;
	}
	if (status) {
		fclose(status);
	}
	getrusage(RUSAGE_SELF, &use);
	return kib > 0 ? kib : use.ru_maxrss;
}

/* One line of JSON, for monitoring thousands of tasks. */
static void log_line(const struct run *r, const struct shard_tally *t, int64_t ns, int status, const char *error) {
	const struct settings *s = r->own;
	const char *task = s->shard.task_text ? s->shard.task_text : getenv("SLURM_ARRAY_TASK_ID");
	char escaped[6 * sizeof((struct fault *)0)->message + 1];
	int64_t number;

	task = task ? task : getenv("JOB_COMPLETION_INDEX");
	json_escape(text_of(error), escaped, sizeof escaped);
	fprintf(stderr,
	        "{\"tollbook\":\"shard %s\",\"task\":%lld,\"status\":%d,\"seconds\":%lld.%03lld,\"max_rss_kib\":%ld,"
	        "\"sources\":%lld,\"replicas\":%lld,\"records\":%lld,\"entries\":%lld,\"error\":\"%s\"}\n",
	        r->word->name, task && text_to_i64(text_of(task), &number) ? (long long)number : -1, status,
	        (long long)(ns / NS_PER_SECOND), (long long)(ns % NS_PER_SECOND / 1000000), most_kib(),
	        (long long)t->sources, (long long)t->replicas, (long long)t->records, (long long)t->entries, escaped);
}

/* Needs the records of all replicas at once, or the lines themselves: tasks leave entries, and sums of breakdowns. */
static bool is_for_run(const char *name) {
	static const char *const names[] = {"model-report", "quarantine"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (strcmp(name, names[i]) == 0) {
			return true;
		}
	}
	return false;
}

/* Breakdowns are in every task's file: only the statement differs. */
static int refuse_breakdowns(struct run *r) {
	if (strcmp(r->word->name, "report") == 0) {
		return 0;
	}
	return r->set.requests         ? say_option(r, "requests", "--requests is for tollbook shard report")
	       : r->set.by.position    ? say_option(r, "by", "--by position is for tollbook shard report")
	       : r->set.compare_rules ? say_option(r, "compare-rules", "--compare-rules is for tollbook shard report")
	                              : 0;
}

static int refuse_for_run(struct run *r) {
	for (size_t i = 0; i < r->given_count; i++) {
		const char *name = r->given[i].option->name;
		if (is_for_run(name)) {
			return say_option(r, name, "--%s is for tollbook run, not for shards", name);
		}
	}
	return refuse_breakdowns(r);
}

/* Options of a plan are not options of its tasks. */
static int refuse_options(struct run *r) {
	for (size_t i = 0; i < r->given_count; i++) {
		const struct option *o = r->given[i].option;
		if (o->groups & (GROUP_COST | GROUP_SPLIT | GROUP_PRICES | GROUP_PERIOD | GROUP_LOGS)) {
			return say_option(r, o->name, "--%s is given once, to tollbook shard plan: its tasks must "
						      "agree", o->name);
		}
	}
	return 0;
}

/* With a configuration, one of the two sets it. */
static int refuse_beside_config(struct run *r) {
	const struct settings *s = r->own;

	for (size_t i = 0; s->shard.config && i < r->given_count; i++) {
		const struct option *o = r->given[i].option;
		if (o->groups & (GROUP_COST | GROUP_SPLIT | GROUP_PRICES | GROUP_LOGS)) {
			return say_option(r, o->name, "--%s is set in the configuration", o->name);
		}
	}
	return 0;
}

/* The value of an option as it was given; "" for one without. */
static const char *given_value(const struct run *r, const struct given *g) {
	const char *a = r->argv[g->at];
	const char *equals = strncmp(a, "--", 2) == 0 ? strchr(a, '=') : NULL;

	return !g->option->argument ? "" : equals ? equals + 1 : a;
}

/* What a plan passes on to its tasks; the caller frees. */
static struct shard_option *options_given(const struct run *r, size_t *count) {
	const unsigned groups = GROUP_COST | GROUP_SPLIT | GROUP_PRICES | GROUP_PERIOD | GROUP_LOGS | GROUP_BOOK;
	struct shard_option *out = must_calloc(r->given_count, sizeof *out);

	*count = 0;
	for (size_t i = 0; i < r->given_count; i++) {
		const struct given *g = &r->given[i];
		if (g->option->groups & groups) {
			out[(*count)++] = (struct shard_option){g->option->name, given_value(r, g)};
		}
	}
	return out;
}

static int need_plan(struct run *r) {
	say_error(r, "%s, expected the folder of one plan", r->operands.count == 0 ? "no plan given" : "more than a plan given");
	say_next(r, "make one: tollbook shard plan --tasks N -o PLAN LOG...");
	return EXIT_USAGE;
}

static int prepare(struct run *r, bool is_plan) {
	struct shard_settings *s = &((struct settings *)r->own)->shard;
	int status = refuse_for_run(r);

	status = status == 0 ? is_plan ? refuse_beside_config(r) : refuse_options(r) : status;
	if (status == 0 && !is_plan && r->operands.count != 1) {
		status = need_plan(r);
	}
	s->take = options_set;
	s->folder = !is_plan && r->operands.count > 0 ? r->operands.at[0] : NULL;
	r->set.logs = is_plan ? r->operands : (struct list){0};
	return status;
}

static int do_step(struct run *r, struct fault *why);

static const struct word words[] = {
	{"plan", "-o PLAN LOG...", "lists the logs and distributes them over tasks", do_step},
	{"map", "PLAN [--task K]", "reads the logs of a task into records by replica", do_step},
	{"fit", "PLAN [--task K]", "sums the steps of a task's replicas for the step models", do_step},
	{"attribute", "PLAN [--task K]", "splits the time of a task's replicas into entries", do_step},
	{"requests", "PLAN [--task K]", "the cost of a task's requests, for report --requests", do_step},
	{"report", "PLAN [options]", "the statement of a plan whose tasks are done", do_step},
};
static shard_step *const steps[] = {shard_plan, shard_map, shard_fit, shard_attribute, shard_requests, shard_report}; /* by word */

static int do_step(struct run *r, struct fault *why) {
	struct settings *s = r->own;
	struct shard_tally tally = {0};
	int64_t start_ns = progress_clock_ns();
	shard_step *step = steps[r->word - words];
	int status = prepare(r, step == shard_plan);
	struct shard_option *given = options_given(r, &s->shard.given_count);

	s->shard.given = given;
	stop_guard(&r->stop);
	status = status == 0 ? step(&s->shard, &r->set, &r->terminal, &tally, why) : status;
	stop_unguard(&r->stop);
	free(given);
	if (s->log) {
		int code = status < 0 ? (int)error_exit_status(status) : status;
		log_line(r, &tally, progress_clock_ns() - start_ns, code, status < 0 ? why->message : "");
		return code;
	}
	return status;
}

static const char *log_word(size_t i) {
	return i == 0 ? "json" : NULL;
}

static const struct option own[] = {
	{"config", 'c', "FILE", "plan: take logs, fleet, prices and book from the configuration of nightly", 0, value_text,
	 offsetof(struct settings, shard.config), NULL, true},
	{"tasks", 0, "N", "distribute the logs over this many tasks", 0, value_count, offsetof(struct settings, shard.tasks), NULL, true},
	{"task", 0, "K", "which task, from 0 (default: SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX)", 0, value_text,
	 offsetof(struct settings, shard.task_text), NULL, true},
	{"log", 0, "json", "a line of JSON about the task on standard error", 0, value_word, offsetof(struct settings, log), log_word, true},
};

const struct command command_shard = {
	.name = "shard",
	.synopsis = "plan|map|fit|attribute|requests|report …",
	.what = "Run in tasks, for a batch scheduler (samples/slurm, samples/kubernetes)",
	.about = "PLAN is a folder that all machines share. The tasks of a step may run in any order, in parallel, "
		 "and twice;\nthe next step starts when all are done. Retry on exit status 3, not on 2. The statement "
		 "is the same as that\nof `tollbook run` over the same logs, to the last byte.\n",
	.example = "tollbook shard plan --fleet fleet.json --tasks 40 -o /shared/2026-11-24 /logs/2026-11-24",
	.groups = GROUP_COST | GROUP_SPLIT | GROUP_DETAIL | GROUP_PRICES | GROUP_PERIOD | GROUP_REPORT | GROUP_OUTPUT | GROUP_LOGS | GROUP_BOOK,
	OWN(struct settings),
	WORDS,
};
