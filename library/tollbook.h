/*
 * tollbook.h: what serving LLMs costs, for other programs. Link with libtollbook.a; `pkg-config --libs zlib libzstd
 * libpcre2-8 sqlite3 nettle` and -lm -pthread name the rest (and libisal if it was built with it).
 *
 * In: logs of serving engines and prices of their GPUs. Out: a statement with integer figures that sum to the whole.
 * tollbook.c is the whole implementation: it turns these settings into those of book/ and calls that.
 */
#ifndef TOLLBOOK_H
#define TOLLBOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Return values of functions: one of these, or a negative number if they could not finish; see `message`. */
enum tollbook_status { TOLLBOOK_TIED_OUT = 0, TOLLBOOK_FINDINGS = 1 };

/* All texts are the caller's. Start with TOLLBOOK_SETTINGS: fields that are 0 or NULL are not given. */
struct tollbook_settings {
	const char *const *logs;   /* of tollbook_run: files and directories */
	size_t log_count;
	const char *book;          /* of tollbook_report: the folder of the book; NULL: "book" */
	const char *fleet;         /* what was paid: path of a fleet file; or */
	int64_t gpu_hour_nano;     /* one GPU per replica at this price per hour, in nano-units of money; -1: not given */
	const char *const *prices; /* catalogues of list prices */
	size_t price_count;
	const char *by;            /* rows by any of hour,day,month,model,replica,pool,tenant */
	const char *from, *to, *tz; /* instants or dates, and the zone of dates */
	/* Receives warnings, as printed by the command line; NULL: none. Called from the calling thread. */
	void (*warn)(void *context, const char *sentence);
	void *context;
};
#define TOLLBOOK_SETTINGS {.gpu_hour_nano = -1}

/* One sentence on the error, set if a function returns a negative number. */
struct tollbook_message {
	char text[512];
};

struct tollbook_statement;

/* From logs to a statement; nothing is stored. *out is set if the result is not negative; the caller frees it. */
int tollbook_run(const struct tollbook_settings *s, struct tollbook_statement **out, struct tollbook_message *message);
/* Runs a night by a configuration (man 5 tollbook): adds new logs to its book, and writes its reports. */
int tollbook_night(const char *config, struct tollbook_message *message);
/* A statement from a book. */
int tollbook_report(const struct tollbook_settings *s, struct tollbook_statement **out, struct tollbook_message *message);
void tollbook_statement_free(struct tollbook_statement *st); /* NULL: nothing */

/* Renders it as `tollbook run --format` does: "table", "json", "csv" ... 0, or negative. */
int tollbook_statement_write(const struct tollbook_statement *st, const char *format, FILE *out, struct tollbook_message *message);

/* Its totals. Costs are in nano-units of money, unit costs per million tokens. */
struct tollbook_totals {
	int64_t requests, input_ntok, cached_ntok, output_ntok; /* input: not cached */
	int64_t capacity_ns;   /* GPU time paid for; -1: more than 64 bits hold, see the JSON of the statement */
	int64_t capacity_nano; /* its cost */
	bool input_known, output_known; /* there are such tokens, at a known rate */
	/* cost of a million of them, loaded: including their share of idle, other and unobserved time */
	int64_t input_nano, output_nano;
};
struct tollbook_totals tollbook_statement_totals(const struct tollbook_statement *st);

#endif
