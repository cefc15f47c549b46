/*
 * invoice.h: what a provider charged, by period and pool, from an export as downloaded: FOCUS, AWS, Google Cloud,
 * Azure, Oracle, RunPod, Modal, Vast.ai, OpenAI, Anthropic, or any table with named columns (families.c).
 */
#ifndef INSPECT_INVOICE_H
#define INSPECT_INVOICE_H

#include "core/error.h"
#include "core/text.h"

/* What a line charges for. Usage and discounts are compared with the book, others are listed separately. */
enum charge_class {
	CHARGE_USAGE,
	CHARGE_DISCOUNT, /* on usage: changes the cost of its hours */
	CHARGE_TAX,
	CHARGE_CREDIT,
	CHARGE_REFUND,
	CHARGE_COMMITMENT, /* purchases and fees paid in advance */
	CHARGE_STORAGE,
	CHARGE_NETWORK,
	CHARGE_FEE,
	CHARGE_OTHER, /* services without GPUs */
	CHARGE_CLASSES
};
extern const char *const charge_class_names[CHARGE_CLASSES];

/* A line without hours. Hours taken back are negative. */
#define HOURS_UNKNOWN INT64_MIN

struct invoice_line {
	int64_t from_ns, to_ns;
	char *pool, *currency, *model; /* "" if missing */
	enum charge_class class;
	int64_t gpu_ns;      /* billed, or HOURS_UNKNOWN */
	bool hours_doubtful; /* they may be those of instances: gpu_ns is then that of one GPU each */
	int64_t amount_nano, billed_nano;
	int line;
	size_t row; /* of the sheet */
};

struct sheet;
struct family;

struct invoice {
	struct invoice_line *at;
	size_t count;
	const struct family *family;
	struct sheet *sheet;
	bool effective; /* amounts are those of the column of effective cost */
	char *pool_column; /* as named by the caller, or found; NULL: the family's */
};

enum invoice_cost { COST_AUTO, COST_BILLED, COST_EFFECTIVE };

struct invoice_options {
	const char *pool_column; /* NULL: of the family */
	const char *columns;     /* path of a map of columns; NULL: none */
	enum invoice_cost cost;
};

/* Errors are "file:line: what, expected what". */
int invoice_read(struct invoice *out, const char *path, const struct invoice_options *o, struct fault *why);
void invoice_release(struct invoice *i);
/* Names the pools by another column, of this index. */
void invoice_set_pools(struct invoice *in, int column);

#endif
