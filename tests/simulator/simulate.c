/*
 * simulate.c: nights of a book in a simulated machine, thousands of them, each seed the same again.
 *
 *   simulate FIRST SECONDS [COUNT]     from seed FIRST on, for so many seconds, at most COUNT seeds; "-v" in front lists each night
 *
 * A seed makes a small fleet and its logs, which grow, are rotated, packed, copied, come late or hold junk. Each night may
 * be killed at any change of the disk, with and without the power (writes since the last sync are then lost, kept or torn,
 * in any order), have a disk that is full or fails, reads that fail or end early, files that cannot be opened, a clock that
 * jumps, a second night or a reader within it. A month may be closed in between.
 *
 * After each night that nothing disturbed: the parts of the statement sum to the whole, each request of the logs counts
 * once, and what is closed is as it was closed. After the last: verify finds nothing, and the statement has the bytes of
 * that of a book which took in the same logs in one night, and the figures of `run`.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "book/book.h"
#include "book/from_logs.h"
#include "book/night.h"
#include "cli/cli.h"
#include "core/decimal.h"
#include "core/json.h"
#include "inspect/inspect.h"
#include "tests/simulator/logs.h"
#include "tests/simulator/machine.h"

/* 2026-11-02T03:00:00Z: behind all records. */
#define FIRST_NIGHT_NS INT64_C(1793588400000000000)
#define NIGHT_NS (INT64_C(24) * 3600 * 1000000000)
#define HOUR_NS (INT64_C(3600) * 1000000000)
#define NIGHTS_MAX 8
#define FAILURES_MAX 5
#define MONTH_FROM "2026-10-01"
#define MONTH_TO "2026-11-01"

extern const struct command command_close;

struct world {
	struct machine machine;
	struct logs_world logs;
	struct terminal terminal;
	uint64_t seed, state;
	int night, nights; /* of the book; of all, also those beside it and at once */
	bool verbose, failed, closed, retires;
	long changes; /* of the last night that nothing disturbed: where a fault may lie */
	int64_t seen;  /* requests, as of then */
	struct statement_totals month; /* as it was closed */
	char doing[200], heard[500];
	FILE *nowhere;
};

static void fail(struct world *w, const char *form, ...) __attribute__((format(printf, 2, 3)));
static void fail(struct world *w, const char *form, ...) {
	va_list args;

	w->failed = true;
	printf("seed %" PRIu64 ": night %d%s: ", w->seed, w->night, w->doing);
	va_start(args, form);
	vprintf(form, args);
	va_end(args);
	putchar('\n');
}

/* What is said last as an error, for messages. */
static void hear(void *world, enum terminal_voice voice, const char *message) {
	struct world *w = world;

	if (w->verbose) {
		printf("    %s\n", message);
	}
	if (voice == TERMINAL_ERROR) {
		snprintf(w->heard, sizeof w->heard, "%s", message);
	}
}

/* ---- the scene ---- */

static const char fleet[] =
	"{\"schema\":\"tollbook.fleet.v1\",\"currency\":\"USD\",\"different\":[[\"pool0-0\",\"pool1-1\"],[\"pool0-0\",\"pool0-2\"],[\"pool0-0\",\"pool1-3\"],"
	"[\"pool1-1\",\"pool0-2\"],[\"pool1-1\",\"pool1-3\"],[\"pool0-2\",\"pool1-3\"]],\"pools\":["
	"{\"name\":\"a\",\"match\":\"pool0-*\",\"model\":\"m\",\"gpus_per_replica\":1,\"rates\":[{\"from\":\"2026-01-01\",\"per_gpu_hour\":\"2.49\"}]},"
	"{\"name\":\"b\",\"match\":\"pool1-*\",\"model\":\"m\",\"gpus_per_replica\":2,\"rates\":[{\"from\":\"2026-01-01\",\"per_gpu_hour\":\"1.89\"},"
	"{\"from\":\"2026-11-01\",\"per_gpu_hour\":\"1.79\"}]}]}";
/* Small catalogues: to read the built-in ones takes longer than all else. */
static const char gpus[] = "{\"schema\":\"tollbook.gpus.v1\",\"gpus\":[{\"name\":\"H100-SXM\",\"aliases\":[\"H100\"],\"dense_tflops\":{\"bf16\":989},"
                           "\"bandwidth_gb_s\":3350,\"memory_gb\":80,\"tdp_watts\":700,\"idle_watts\":70,\"source\":\"a test\"}]}";
static const char prices[] =
	"{\"schema\":\"tollbook.prices.v1\",\"date\":\"2024-01-01\",\"currency\":\"USD\",\"providers\":[{\"id\":\"p\",\"claims\":{\"contains\":"
	"\"m\"},\"models\":[{\"id\":\"m\",\"match\":{\"equals\":\"m\"},\"prices\":[{\"input\":\"2.5\",\"cache_read\":\"1.25\",\"output\":\"10\"}]}]}]}";

static void put_config(struct world *w, const char *book) {
	char path[64], text[800];

	snprintf(path, sizeof path, DISK_ROOT "/%s.conf", book);
	snprintf(text, sizeof text, "{\"schema\":\"tollbook.config.v1\",\"book\":\"" DISK_ROOT "/%s\",\"fleet\":\"" DISK_ROOT "/fleet.json\","
	         "\"gpus_file\":\"" DISK_ROOT "/gpus.json\",\"prices\":[\"" DISK_ROOT "/prices.json\"],\"settle_hours\":0,"
	         "\"logs\":[{\"path\":\"" DISK_ROOT "/logs/*\"}],%s"
	         "\"reports\":[{\"output\":\"" DISK_ROOT "/%s.json\",\"format\":\"json\",\"by\":\"hour,replica,tenant\"}]}",
	         book, w->retires ? "\"retention\":{\"records_days\":3}," : "", book);
	disk_put(&w->machine.disk, path, text, strlen(text));
}

static void beside(void *world);

/* What cli/main.c has for the rest of the command line. */
bool run_colors(const struct run *r, int fd) {
	(void)r;
	(void)fd;
	return false;
}

static void world_init(struct world *w, uint64_t seed, bool verbose, FILE *nowhere) {
	*w = (struct world){.seed = seed, .state = seed * 7919, .verbose = verbose, .changes = 100, .nowhere = nowhere};
	machine_init(&w->machine, seed);
	w->machine.now_ns = FIRST_NIGHT_NS - NIGHT_NS;
	w->machine.beside = beside;
	w->machine.context = w;
	w->terminal = (struct terminal){.context = w, .say = hear, .out = nowhere, .quiet = !verbose, .verbose = verbose};
	w->retires = draw_one_in(&w->state, 6);
	disk_put(&w->machine.disk, DISK_ROOT "/fleet.json", fleet, strlen(fleet));
	disk_put(&w->machine.disk, DISK_ROOT "/gpus.json", gpus, strlen(gpus));
	disk_put(&w->machine.disk, DISK_ROOT "/prices.json", prices, strlen(prices));
	put_config(w, "book");
	put_config(w, "once");
	logs_world_init(&w->logs, &w->machine.disk, &w->state);
	machine_use(&w->machine);
}

static void world_release(struct world *w) {
	machine_use(NULL);
	logs_world_release(&w->logs);
	machine_release(&w->machine);
}

/* ---- what is done ---- */

static int night_of(struct world *w, const char *config, struct fault *why) {
	const struct night_settings asked = {.config = config};
	const struct book_settings set = {.gpu_hour_nano = -1, .format = "table", .threads = 1};

	w->nights++;
	return night_run(&asked, &set, &w->terminal, why);
}

static struct book_settings settings_of(const char *book, struct list *catalogues) {
	static const char *const path[] = {DISK_ROOT "/prices.json"};

	*catalogues = (struct list){(const char **)(uintptr_t)path, 1};
	return (struct book_settings){.gpu_hour_nano = -1, .book = book, .gpus_file = DISK_ROOT "/gpus.json", .prices = *catalogues, .threads = 1,
	                              .format = "json", .idle_proportional = true};
}

/* The totals of a book from one instant to another; 1, 0 where there is nothing, or negative. */
static int totals_of(struct world *w, const char *from, const char *to, struct statement_totals *out, struct fault *why) {
	struct list catalogues;
	struct book_settings set = settings_of(DISK_ROOT "/book", &catalogues);
	struct book_statement s = {.as_of = INT64_MAX - 1};
	struct book b;

	set.from = from;
	set.to = to;
	int rc = book_open(&b, &set, &w->terminal, LEDGER_READ, false, why);
	if (rc != 0) {
		return rc;
	}
	rc = settings_period(&set, NULL, &s.from_ns, &s.to_ns, why);
	rc = rc < 0 ? rc : book_state(&b, &s, why);
	if (rc > 0) {
		*out = statement_totals(s.statement);
	}
	book_statement_release(&s);
	book_close(&b);
	return rc;
}

static int close_month(struct world *w, struct fault *why) {
	struct list catalogues;
	const char *period = "2026-10";
	void *own = must_calloc(1, command_close.own_bytes);
	struct run r = {.command = &command_close, .operands = {&period, 1}, .own = own, .terminal = w->terminal};

	r.set = settings_of(DISK_ROOT "/book", &catalogues);
	int rc = command_close.main(&r, why);
	free(own);
	return rc;
}

/* ---- a statement as JSON ---- */

struct statement_json {
	struct json *json;
	struct text bytes;
};

static bool statement_read(struct world *w, const char *path, struct statement_json *out) {
	const struct node *n = disk_find(&w->machine.disk, path);

	*out = (struct statement_json){.json = json_new()};
	if (!n) {
		fail(w, "%s is not there", path);
		return false;
	}
	out->bytes = (struct text){(const char *)n->now.at, n->now.len};
	if (!json_parse(out->json, out->bytes, NULL)) {
		fail(w, "%s is no JSON", path);
		return false;
	}
	return true;
}

static int64_t integer_at(const struct json *j, json_at object, const char *key) {
	int64_t n = 0;
	json_at v = json_get(j, object, text_of(key));

	return v != JSON_ABSENT && json_i64(j, v, &n) ? n : 0;
}

static int64_t money_at(const struct json *j, json_at object, const char *key) {
	int64_t nano = 0;

	(void)!decimal_parse(json_raw(j, json_get(j, object, text_of(key))), 0, &nano);
	return nano;
}

/* The parts of GPU time and cost sum to the capacity, in the total and in each row, and rows to the total. */
static void check_identity(struct world *w, const struct statement_json *s) {
	static const char *const parts[] = {"prefill", "decode", "other", "idle", "unobserved"};
	const struct json *j = s->json;
	json_at total = json_get(j, 0, T("total")), rows = json_get(j, 0, T("rows"));
	int64_t rows_ns = 0, rows_nano = 0;

	json_at gpu = json_get(j, total, T("gpu_ns")), cost = json_get(j, total, T("cost"));
	int64_t ns = integer_at(j, gpu, "capacity"), nano = money_at(j, cost, "capacity");
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		ns -= integer_at(j, gpu, parts[i]);
		nano -= money_at(j, cost, parts[i]);
	}
	for (json_at row = json_first(j, rows); row != JSON_ABSENT; row = json_next(j, row)) {
		rows_ns += integer_at(j, json_get(j, row, T("gpu_ns")), "capacity");
		rows_nano += money_at(j, json_get(j, row, T("cost")), "capacity");
	}
	if (ns != 0 || nano != 0) {
		fail(w, "the parts of the total miss %" PRId64 " ns and %" PRId64 " nano of it", ns, nano);
	}
	if (rows_ns != integer_at(j, gpu, "capacity") || rows_nano != money_at(j, cost, "capacity")) {
		fail(w, "rows sum to %" PRId64 " ns and %" PRId64 " nano, the total is %" PRId64 " and %" PRId64, rows_ns, rows_nano,
		     integer_at(j, gpu, "capacity"), money_at(j, cost, "capacity"));
	}
}

/* ---- what must hold ---- */

/* Each request that is in the logs counts once. Where a month is closed, late ones are adjustments. */
static void check_sums(struct world *w) {
	struct logs_sum logs = logs_world_sum(&w->logs);
	struct statement_totals t = {0};
	struct fault why = {0};

	if (totals_of(w, NULL, NULL, &t, &why) < 0) {
		fail(w, "no report: %s", why.message);
		return;
	}
	if (w->closed || !logs.whole) {
		return;
	}
	if (t.requests != logs.requests) {
		fail(w, "%" PRId64 " requests, the logs have %" PRId64, t.requests, logs.requests);
	} else if (w->logs.requests_only && (t.input_ntok + t.cached_ntok != logs.prompt || t.output_ntok != logs.output)) {
		fail(w, "%" PRId64 " and %" PRId64 " tokens, the logs have %" PRId64 " and %" PRId64, t.input_ntok + t.cached_ntok, t.output_ntok,
		     logs.prompt, logs.output);
	}
	w->seen = t.requests;
}

static bool same_totals(const struct statement_totals *a, const struct statement_totals *b) {
	return a->requests == b->requests && a->input_ntok == b->input_ntok && a->cached_ntok == b->cached_ntok && a->output_ntok == b->output_ntok &&
	       a->capacity_ns == b->capacity_ns && a->capacity_nano == b->capacity_nano;
}

static void check_month(struct world *w) {
	struct statement_totals t = {0};
	struct fault why = {0};

	if (w->closed && totals_of(w, MONTH_FROM, MONTH_TO, &t, &why) >= 0 && !same_totals(&t, &w->month)) {
		fail(w, "the closed month changed: %" PRId64 " requests, %" PRId64 " ns; it was closed with %" PRId64 ", %" PRId64, t.requests, t.capacity_ns,
		     w->month.requests, w->month.capacity_ns);
	}
}

/* After a night that nothing disturbed. */
static void check_night(struct world *w) {
	struct statement_json s;
	struct logs_sum logs = logs_world_sum(&w->logs);

	check_sums(w);
	check_month(w);
	if (logs.requests > 0 && statement_read(w, DISK_ROOT "/book.json", &s)) {
		check_identity(w, &s);
	}
	if (logs.requests > 0) {
		json_free(s.json);
	}
}

static void check_verify(struct world *w) {
	const struct verify_settings all = {.all = true};
	struct list catalogues;
	struct book_settings set = settings_of(DISK_ROOT "/book", &catalogues);
	struct fault why = {0};

	set.fleet = DISK_ROOT "/fleet.json";
	w->heard[0] = '\0';
	int rc = verify_book(&set, &w->terminal, &all, &why);
	if (rc != EXIT_TIED_OUT) {
		fail(w, "verify: %d: %s %s", rc, rc < 0 ? why.message : "", w->heard);
	}
}

/* The same bytes as of a book that took all logs in in one night. */
static void check_once(struct world *w) {
	static const char *const parts[] = {"total", "models", "tenants", "rows"};
	struct statement_json a, b = {0};
	struct fault why = {0};

	if (night_of(w, DISK_ROOT "/once.conf", &why) < 0) {
		fail(w, "a night at once: %s", why.message);
		return;
	}
	if (!disk_find(&w->machine.disk, DISK_ROOT "/once.json")) {
		return;
	}
	if (statement_read(w, DISK_ROOT "/book.json", &a) && statement_read(w, DISK_ROOT "/once.json", &b)) {
		for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
			struct text x = json_raw(a.json, json_get(a.json, 0, text_of(parts[i]))), y = json_raw(b.json, json_get(b.json, 0, text_of(parts[i])));
			if (!text_eq(x, y)) {
				fail(w, "%s: not as in a book of one night", parts[i]);
			}
		}
	}
	json_free(a.json);
	if (b.json) {
		json_free(b.json);
	}
}

/* GPU time and tokens as `run` gives them. */
static void check_run(struct world *w) {
	static const char *const logs[] = {DISK_ROOT "/logs"};
	static const struct pages_settings no_pages;
	struct list catalogues;
	struct book_settings set = settings_of(NULL, &catalogues);
	struct statement_totals book = {0}, run;
	struct from_logs *j = NULL;
	struct fault why = {0};

	set.fleet = DISK_ROOT "/fleet.json";
	set.logs = (struct list){(const char **)(uintptr_t)logs, 1};
	int rc = from_logs_new(&j, &set, &w->terminal, &no_pages, &why);
	if (rc < 0) {
		fail(w, "run: %s", why.message);
	} else if (rc == 0 && totals_of(w, NULL, NULL, &book, &why) > 0) {
		run = statement_totals(from_logs_statement(j));
		book.capacity_nano = run.capacity_nano; /* rounded by days in a book */
		if (!same_totals(&book, &run)) {
			fail(w, "%" PRId64 " requests, %" PRId64 " ns in the book, %" PRId64 ", %" PRId64 " of run", book.requests, book.capacity_ns, run.requests,
			     run.capacity_ns);
		}
	}
	from_logs_free(j);
}

/* ---- nights ---- */

/* Log-uniform up to what a night had: early calls matter as late ones. */
static long draw_call(struct world *w, long most) {
	int bits = 0;

	while ((1L << bits) < most) {
		bits++;
	}
	return (long)draw_within(&w->state, 1, (INT64_C(1) << draw_within(&w->state, 1, bits + 1)) + 1);
}

static struct plan draw_plan(struct world *w) {
	static const int errors[] = {5 /* EIO */, 28 /* ENOSPC */, 13 /* EACCES */, 24 /* EMFILE */};
	struct plan p = {.kind = FAULT_NONE};

	if (draw_within(&w->state, 0, 10) < 7) {
		p.kind = (enum fault_kind)draw_within(&w->state, FAULT_KILL, FAULT_KINDS);
		p.at = p.kind == FAULT_CLOCK || p.kind == FAULT_OPEN ? draw_call(w, 60) : draw_call(w, w->changes);
		p.on = draw_one_in(&w->state, 2);
		p.error = errors[draw_within(&w->state, 0, 4)];
		p.clock_ns = draw_within(&w->state, -20, 20) * HOUR_NS;
		w->machine.full_bytes = disk_used(&w->machine.disk) + (size_t)draw_within(&w->state, 0, 300000);
	}
	p.short_io = draw_one_in(&w->state, 4);
	p.named_only = draw_one_in(&w->state, 4);
	p.beside_at = draw_one_in(&w->state, 4) ? draw_call(w, 4 * w->changes) : 0;
	return p;
}

static void describe(struct world *w, const struct plan *p) {
	size_t n = 0;

	w->doing[0] = '\0';
	if (p->kind != FAULT_NONE) {
		n += (size_t)snprintf(w->doing, sizeof w->doing, " (%s at %ld%s)", fault_names[p->kind], p->at, p->on ? " on" : "");
	}
	snprintf(w->doing + n, sizeof w->doing - n, "%s%s%s", p->short_io ? " (short reads and writes)" : "", p->named_only ? " (no unnamed files)" : "",
	         p->beside_at ? " (another beside it)" : "");
}

/* A fault is no failure, but it has a message. */
static void check_status(struct world *w, int rc, const struct process *p, const struct fault *why) {
	if (rc < 0 && !p->struck && !p->dead && !p->plan.beside_at) {
		fail(w, "nothing was wrong, and it ended with: %s", why->message);
	} else if (rc < 0 && !why->message[0]) {
		fail(w, "ended with %d and without a message", rc);
	} else if (rc >= 0 && rc != EXIT_TIED_OUT && rc != EXIT_FINDINGS) {
		fail(w, "ended with %d", rc);
	}
}

/* Runs to its end while a night runs: another night, with faults of its own or without, or a reader. */
static void beside(void *world) {
	struct world *w = world;
	struct process p;
	struct plan plan = {.kind = FAULT_NONE};
	struct statement_totals t = {0};
	struct fault why = {0};
	int64_t requests = logs_world_sum(&w->logs).requests;

	if (draw_one_in(&w->state, 3)) {
		plan.kind = draw_one_in(&w->state, 2) ? FAULT_KILL : FAULT_WRITE;
		plan.at = draw_call(w, w->changes);
		plan.error = 5;
	}
	machine_begin(&w->machine, &p, &plan);
	if (draw_one_in(&w->state, 2)) {
		int rc = night_of(w, DISK_ROOT "/book.conf", &why);
		machine_end(&w->machine);
		if (rc < 0 && !why.message[0]) {
			fail(w, "a second night ended without a message");
		}
		return;
	}
	int rc = totals_of(w, NULL, NULL, &t, &why);
	machine_end(&w->machine);
	if (rc > 0 && !w->closed && (t.requests < w->seen || t.requests > requests)) {
		fail(w, "a reader saw %" PRId64 " requests, expected %" PRId64 " to %" PRId64, t.requests, w->seen, requests);
	}
}

static void note(const struct world *w, const struct process *p, int rc, const struct fault *why) {
	if (w->verbose) {
		printf("seed %" PRIu64 " night %d%s: %d, %ld changes, %ld reads%s %s\n", w->seed, w->night, w->doing, rc, p->changes, p->reads,
		       p->dead ? ", dead" : p->struck ? ", struck" : "", rc < 0 ? why->message : "");
	}
}

static void one_night(struct world *w, bool last) {
	struct plan plan = last ? (struct plan){.kind = FAULT_NONE} : draw_plan(w);
	struct process p;
	struct fault why = {0};

	w->night++;
	w->machine.now_ns = FIRST_NIGHT_NS + w->night * NIGHT_NS;
	describe(w, &plan);
	machine_begin(&w->machine, &p, &plan);
	int rc = night_of(w, DISK_ROOT "/book.conf", &why);
	machine_end(&w->machine);
	w->machine.full_bytes = SIZE_MAX;
	note(w, &p, rc, &why);
	check_status(w, rc, &p, &why);
	if (rc >= 0 && !p.struck && !p.dead && !plan.beside_at && !w->failed) {
		w->changes = p.changes > 20 ? p.changes : w->changes;
		machine_begin(&w->machine, &p, &(struct plan){.kind = FAULT_NONE});
		check_night(w);
		machine_end(&w->machine);
	}
}

/* The month is closed, or the attempt is killed; what it was closed with is kept. */
static void maybe_close(struct world *w) {
	struct plan plan = {.kind = FAULT_NONE};
	struct process p;
	struct fault why = {0};

	if (draw_one_in(&w->state, 2)) {
		plan.kind = draw_one_in(&w->state, 2) ? FAULT_KILL : FAULT_CUT;
		plan.at = draw_call(w, 60);
	}
	snprintf(w->doing, sizeof w->doing, ", close (%s at %ld)", fault_names[plan.kind], plan.at);
	machine_begin(&w->machine, &p, &plan);
	int rc = close_month(w, &why);
	machine_end(&w->machine);
	note(w, &p, rc, &why);
	if (rc < 0 && !why.message[0]) {
		fail(w, "ended without a message");
	}
	if (rc == 0) {
		w->closed = true;
	} else if (!p.dead) {
		return; /* there is nothing to close yet */
	}
	machine_begin(&w->machine, &p, &(struct plan){.kind = FAULT_NONE});
	if (!w->closed) { /* killed: closed or not, the next attempt says */
		rc = close_month(w, &why);
		w->closed = rc == 0 || strstr(why.message, "is closed already");
	}
	if (w->closed && totals_of(w, MONTH_FROM, MONTH_TO, &w->month, &why) < 0) {
		fail(w, "no report of the closed month: %s", why.message);
	}
	machine_end(&w->machine);
}

static void last_checks(struct world *w) {
	struct process p;

	machine_begin(&w->machine, &p, &(struct plan){.kind = FAULT_NONE});
	check_verify(w);
	if (!w->closed) {
		check_once(w);
	}
	if (!w->closed && !w->failed && draw_one_in(&w->state, 2)) {
		check_run(w);
	}
	machine_end(&w->machine);
}

/* Nights, and whether all was well. */
static int play(uint64_t seed, bool verbose, FILE *nowhere, bool *failed) {
	struct world w;

	world_init(&w, seed, verbose, nowhere);
	int64_t nights = draw_within(&w.state, 1, NIGHTS_MAX), close_after = draw_one_in(&w.state, 3) ? draw_within(&w.state, 1, nights + 1) : 0;
	for (int i = 0; i < nights && !w.failed; i++) {
		logs_world_day(&w.logs, &w.machine.disk, &w.state, i, false);
		one_night(&w, false);
		if (i + 1 == close_after && !w.failed) {
			maybe_close(&w);
		}
	}
	if (!w.failed) {
		logs_world_day(&w.logs, &w.machine.disk, &w.state, NIGHTS_MAX, true);
		one_night(&w, true);
	}
	if (!w.failed) {
		last_checks(&w);
	}
	*failed = w.failed;
	int done = w.nights;
	world_release(&w);
	return done;
}

static double seconds(void) {
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
	bool verbose = argc > 1 && strcmp(argv[1], "-v") == 0, failed;
	char **args = argv + verbose;
	int64_t nights = 0, failures = 0;
	FILE *nowhere = fopen("/dev/null", "w");

	if (argc - verbose < 3) {
		fprintf(stderr, "usage: simulate [-v] FIRST SECONDS [COUNT]\n");
		return EXIT_USAGE;
	}
	uint64_t first = strtoull(args[1], NULL, 10), seed = first, count = argc - verbose > 3 ? strtoull(args[3], NULL, 10) : UINT64_MAX;
	double start = seconds(), until = start + strtod(args[2], NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	sqlite_calls_register();
	for (; seconds() < until && seed - first < count && failures < FAILURES_MAX; seed++) {
		nights += play(seed, verbose, nowhere, &failed);
		failures += failed;
	}
	fclose(nowhere);
	printf("%s: %" PRId64 " nights of %" PRIu64 " books, %.0f a second\n", failures ? "FAILED" : "ok", nights, seed - first,
	       (double)nights / (seconds() - start));
	return failures ? EXIT_FINDINGS : EXIT_TIED_OUT;
}
