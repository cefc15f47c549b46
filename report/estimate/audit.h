/*
 * audit.h: sellers of an open model: their list prices and the estimated cost on likely GPUs. Private to
 * report/estimate/.
 */
#ifndef REPORT_ESTIMATE_AUDIT_H
#define REPORT_ESTIMATE_AUDIT_H

#include "report/estimate/explain.h"

#define AUDIT_CARDS_MAX 8
#define AUDIT_SELLERS_MAX 512
#define AUDIT_LOADS 4
#define AUDIT_CACHES 3
extern const double audit_loads[AUDIT_LOADS];   /* loads, relative to a full batch */
extern const double audit_caches[AUDIT_CACHES]; /* cached shares of the prompt */

struct audit_card {
	struct costs costs;
	double per_hour;              /* of one GPU */
	double request[AUDIT_LOADS];  /* cost of a request */
	double cached[AUDIT_CACHES];  /* the same at half load, by cache */
};

/* One price list; money of a request of this size. */
struct audit_seller {
	char provider[64], id[96];
	double input, cached, output; /* per million; cached: NAN if not listed, then input's price applies */
	double revenue, revenue_cached[AUDIT_CACHES];
};

/* A seller on a GPU. */
struct audit_verdict {
	double break_even;            /* break-even load; INFINITY: none */
	double margin[AUDIT_LOADS];   /* share of revenue */
	double margin_low, margin_high; /* at half load, by the interval of the cost */
	double margin_cached[AUDIT_CACHES]; /* at half load */
	const char *word;             /* "below cost at any load" …, "" */
};

struct audit {
	struct audit_card cards[AUDIT_CARDS_MAX];
	size_t card_count, cheapest;  /* cheapest: with a full batch */
	bool assumed;                 /* GPUs and their prices are assumed, not stated */
	struct audit_seller *sellers; /* by margin, highest first */
	size_t seller_count;
	double bill[2];               /* of --tokens at full and at half load; NAN: not requested */
	double tokens[3];
};

struct audit_verdict audit_judge(const struct audit_card *card, const struct audit_seller *s);

void audit_table(const struct audit *a, FILE *out);
void audit_csv(const struct audit *a, FILE *out);
void audit_json(const struct audit *a, FILE *out);
void audit_markdown(const struct audit *a, FILE *out);
void audit_html(const struct audit *a, FILE *out); /* audit_html.c */

#endif
