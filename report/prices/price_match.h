/* price_match.h: the rules by which a catalogue recognises names. Private to report/. */
#ifndef REPORT_PRICE_MATCH_H
#define REPORT_PRICE_MATCH_H

#include "core/json.h"

struct import;

enum match_op {
	MATCH_EQUALS,
	MATCH_STARTS_WITH,
	MATCH_ENDS_WITH,
	MATCH_CONTAINS,
	MATCH_REGEX,
	MATCH_OR,
	MATCH_AND,
	MATCH_NEVER, /* a rule that was not understood */
	MATCH_OPS
};

struct match {
	enum match_op op;
	struct text text; /* in lower case; of MATCH_REGEX the pattern */
	void *regex; /* pcre2_code */
	const struct match **any; /* of MATCH_OR and MATCH_AND */
	size_t count;
	struct match *next_regex; /* the list by which compiled patterns are freed */
};

/* Reads rules such as {"equals": "…"} into memory of the catalogue. */
int match_read(struct import *im, json_at v, const struct match **out);
/* "equals" …; NULL for MATCH_NEVER. */
const char *match_key_of(enum match_op op);
/* `name` in lower case. NULL matches nothing. */
bool match_holds(const struct match *m, struct text name);
void match_free_regexes(struct match *first);

#endif
