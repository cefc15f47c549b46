/* pages.h: additional pages of a statement: theoretical GPU performance, and electricity. */
#ifndef BOOK_PAGES_H
#define BOOK_PAGES_H

#include "book/settings.h"

/* Which pages a statement has. */
struct pages_settings {
	/* theoretical GPU performance: "[NAME=]FILE" describes a model, "fleet": those of the fleet file */
	struct list versus;
	bool energy;        /* electricity */
	const char *cards;  /* another GPU catalogue; NULL: that of the fleet */
	const char *grid;   /* and its CO2: grams per kWh, or the path of a CSV of instants and grams; NULL: no CO2 */
};

struct pages {
	const struct pages_settings *settings;
	struct names *names;
	const struct fleet *fleet;
	struct versus *versus; /* NULL: not requested, and no description for a roofline */
	bool roof;             /* only for the roofline */
	struct energy_page *energy;
	const char **models;   /* of --versus-estimate, without the word fleet */
	int64_t from_ns, to_ns;
	const char *currency;
};

bool pages_asked(const struct pages_settings *s);
/* Checks that the format can contain them; ERROR_CONFIG if not. */
int pages_check(const struct book_settings *set, const struct pages_settings *s, struct fault *why);
/* Reads what the options name. Steps of [from_ns, to_ns) count. */
int pages_start(struct pages *p, const struct pages_settings *s, struct names *names, const struct fleet *fleet, unsigned lanes,
                int64_t from_ns, int64_t to_ns, struct fault *why);
void pages_release(struct pages *p);

void pages_add_record(struct pages *p, unsigned lane, const struct record *r);
int pages_add_entry(void *pages, const struct entry *e); /* an entry_sink */
int pages_add_model(void *pages, const struct fitted_model *m); /* a fitted_sink */
/* After all input: the statement has the pages from now on. */
int pages_attach(struct pages *p, struct statement *s, const char *currency, struct fault *why);
/* Prints them if the statement's format cannot contain them. */
void pages_print(const struct pages *p, const struct book_settings *set, FILE *out);

#endif
