/* families.h: the exports of clouds and API vendors: how each is recognized, and the meaning of its columns. */
#ifndef INSPECT_FAMILIES_H
#define INSPECT_FAMILIES_H

#include "inspect/invoices/sheet.h"

/* Fields of a line of an invoice. */
enum role {
	ROLE_PERIOD,   /* 2026-10, 2026-10-07, FROM/TO */
	ROLE_START,
	ROLE_END,
	ROLE_POOL,     /* billed item or account: compared with the names of pools */
	ROLE_GPU_HOURS,
	ROLE_QUANTITY, /* of the unit in another column: hours of instances or GPUs count */
	ROLE_UNIT,
	ROLE_QUANTITY2,
	ROLE_UNIT2,
	ROLE_GPUS,     /* of the instance */
	ROLE_AMOUNT,
	ROLE_EFFECTIVE, /* with prepayments spread over their use */
	ROLE_CREDITS,  /* a list of objects with "amount" */
	ROLE_CURRENCY,
	ROLE_CATEGORY, /* usage, tax, credit … */
	ROLE_SERVICE,  /* storage, network …; all columns are looked at */
	ROLE_WHAT,     /* the type of instance; all columns are looked at */
	ROLE_MODEL,    /* of a bill for tokens */
	ROLES
};
/* Their names in a file of --columns. */
extern const char *const role_names[ROLES];

#define ROLE_COLUMNS_MAX 8

struct family {
	const char *name;
	/* It is this family if each word is a plain column name; "a|b": one of them. */
	const char *needs;
	/* Plain names of columns separated by spaces, the best first. */
	const char *columns[ROLES];
	bool of_tokens;  /* a bill of an API vendor */
	bool in_cents;   /* amounts are in hundredths of the currency */
	bool own_pools;  /* the pool is written by hand: an unknown name is a difference */
	const char *unit; /* if no column has it */
};

/* The first family in the table with all its columns present; NULL: none. */
const struct family *family_of(const struct sheet *s);

#endif
