/* families.h: the exports of clouds and API vendors: how each is recognized, and which of its columns hold what. */
#ifndef INSPECT_FAMILIES_H
#define INSPECT_FAMILIES_H

#include "inspect/invoices/sheet.h"

/* What a line of an invoice is read from. */
enum role {
	ROLE_PERIOD,   /* 2026-10, 2026-10-07, FROM/TO */
	ROLE_START,
	ROLE_END,
	ROLE_POOL,     /* what is billed, or whom: compared with the names of pools */
	ROLE_GPU_HOURS,
	ROLE_QUANTITY, /* of the unit in another column: hours of instances or GPUs count */
	ROLE_UNIT,
	ROLE_QUANTITY2,
	ROLE_UNIT2,
	ROLE_GPUS,     /* of the instance */
	ROLE_AMOUNT,
	ROLE_EFFECTIVE, /* with what was paid in advance spread over its use */
	ROLE_CREDITS,  /* a list of objects with "amount" */
	ROLE_CURRENCY,
	ROLE_CATEGORY, /* usage, tax, credit … */
	ROLE_SERVICE,  /* storage, network …; all columns are looked at */
	ROLE_WHAT,     /* the type of instance; all columns are looked at */
	ROLE_MODEL,    /* of a bill for tokens */
	ROLES
};
/* By which they are given in a file of --columns. */
extern const char *const role_names[ROLES];

#define ROLE_COLUMNS_MAX 8

struct family {
	const char *name;
	/* It is this family where each word is a plain column name; "a|b": one of them. */
	const char *needs;
	/* Plain names of columns with a space between, the best first. */
	const char *columns[ROLES];
	bool of_tokens;  /* a bill of an API vendor */
	bool in_cents;   /* amounts are in hundredths of the currency */
	bool own_pools;  /* the pool is written by hand: a name that the book does not have is a difference */
	const char *unit; /* where no column has it */
};

/* The family whose needs the columns meet, the first in the table; NULL: none. */
const struct family *family_of(const struct sheet *s);

#endif
