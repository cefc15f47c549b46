#include "tests/simulator/world.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "book/night.h"
#include "cli/cli.h"

extern const struct command command_close;

void world_fail(struct world *w, const char *form, ...) {
	va_list args;

	w->failed = true;
	printf("seed %" PRIu64 ": night %d%s: ", w->seed, w->night, w->doing);
	va_start(args, form);
	vprintf(form, args);
	va_end(args);
	putchar('\n');
}

/* The last error message. */
static void hear(void *world, enum terminal_voice voice, const char *message) {
	struct world *w = world;

	if (w->verbose) {
		printf("    %s\n", message);
	}
	if (voice == TERMINAL_ERROR) {
		snprintf(w->heard, sizeof w->heard, "%s", message);
	}
}

/* ---- the set-up ---- */

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

void world_init(struct world *w, uint64_t seed, bool verbose, FILE *nowhere) {
	*w = (struct world){.seed = seed, .state = seed * 7919, .verbose = verbose, .changes = 100, .nowhere = nowhere};
	machine_init(&w->machine, seed);
	w->machine.now_ns = FIRST_NIGHT_NS - NIGHT_NS;
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
	sqlite_calls_reset();
}

void world_release(struct world *w) {
	machine_use(NULL);
	logs_world_release(&w->logs);
	machine_release(&w->machine);
}

/* ---- actions ---- */

int world_night(struct world *w, const char *config, struct fault *why) {
	const struct night_settings asked = {.config = config};
	const struct book_settings set = {.gpu_hour_nano = -1, .format = "table", .threads = 1};

	w->nights++;
	return night_run(&asked, &set, &w->terminal, why);
}

struct book_settings world_settings(const char *book, struct list *catalogues) {
	static const char *const path[] = {DISK_ROOT "/prices.json"};

	*catalogues = (struct list){(const char **)(uintptr_t)path, 1};
	return (struct book_settings){.gpu_hour_nano = -1, .book = book, .gpus_file = DISK_ROOT "/gpus.json", .prices = *catalogues, .threads = 1,
	                              .format = "json", .idle_proportional = true};
}

int world_totals(struct world *w, bool month, struct statement_totals *out, struct fault *why) {
	struct list catalogues;
	struct book_settings set = world_settings(DISK_ROOT "/book", &catalogues);
	struct book_statement s = {.as_of = INT64_MAX - 1};
	struct book b;

	set.from = month ? "2026-10-01" : NULL;
	set.to = month ? "2026-11-01" : NULL;
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

int world_close(struct world *w, struct fault *why) {
	struct list catalogues;
	const char *period = "2026-10";
	void *own = must_calloc(1, command_close.own_bytes);
	struct run r = {.command = &command_close, .operands = {&period, 1}, .own = own, .terminal = w->terminal};

	r.set = world_settings(DISK_ROOT "/book", &catalogues);
	int rc = command_close.main(&r, why);
	free(own);
	return rc;
}

/* ---- a night as a process ---- */

static void describe(struct world *w, const struct plan *p) {
	size_t n = 0;

	w->doing[0] = '\0';
	if (p->kind != FAULT_NONE) {
		n += (size_t)snprintf(w->doing, sizeof w->doing, " (%s at %ld%s)", fault_names[p->kind], p->at, p->on ? " on" : "");
	}
	snprintf(w->doing + n, sizeof w->doing - n, "%s%s%s", p->short_io ? " (short reads and writes)" : "", p->named_only ? " (no unnamed files)" : "",
	         p->beside_at ? " (another beside it)" : "");
}

/* A fault is not a failure, but it has a message. */
static void check_status(struct world *w, int rc, const struct process *p, const struct fault *why) {
	if (rc < 0 && !p->struck && !p->dead && !p->plan.beside_at) {
		world_fail(w, "nothing was wrong, and it ended with: %s", why->message);
	} else if (rc < 0 && !why->message[0]) {
		world_fail(w, "ended with %d and without a message", rc);
	} else if (rc >= 0 && rc != EXIT_TIED_OUT && rc != EXIT_FINDINGS) {
		world_fail(w, "ended with %d", rc);
	}
}

void world_note(const struct world *w, const struct process *p, int rc, const struct fault *why) {
	if (w->verbose) {
		printf("seed %" PRIu64 " night %d%s: %d, %ld changes, %ld reads%s %s\n", w->seed, w->night, w->doing, rc, p->changes, p->reads,
		       p->dead ? ", dead" : p->struck ? ", struck" : "", rc < 0 ? why->message : "");
	}
}

int world_run_night(struct world *w, const struct plan *plan, struct process *p) {
	struct fault why = {0};

	w->night++;
	w->machine.now_ns = FIRST_NIGHT_NS + w->night * NIGHT_NS;
	describe(w, plan);
	machine_begin(&w->machine, p, plan);
	int rc = world_night(w, DISK_ROOT "/book.conf", &why);
	machine_end(&w->machine);
	w->machine.full_bytes = SIZE_MAX;
	world_note(w, p, rc, &why);
	check_status(w, rc, p, &why);
	return rc;
}
