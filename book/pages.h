/* pages.h: the pages behind a statement: what the cards could do, and what electricity it took. */
#ifndef BOOK_PAGES_H
#define BOOK_PAGES_H

#include "book/settings.h"

/* Which pages a statement has. */
struct pages_settings {
	struct list versus; /* what the cards could do: "[NAME=]FILE" describes a model, "fleet": those of the fleet file */
	bool energy;        /* what electricity it took */
	const char *cards;  /* another GPU catalogue; NULL: that of the fleet */
	const char *grid;   /* and its CO2: grams per kWh, or the path of a CSV of instants and grams; NULL: no CO2 */
};

struct pages {
	const struct pages_settings *settings;
	struct names *names;
	const struct fleet *fleet;
	struct versus *versus; /* NULL: not asked for, and no description to draw a roofline by */
	bool roof;             /* it is there for the roofline alone */
	struct energy_page *energy;
	const char **models;   /* of --versus-estimate, without the word fleet */
	int64_t from_ns, to_ns;
	const char *currency;
};

bool pages_asked(const struct pages_settings *s);
/* Can they be shown so? ERROR_CONFIG: a format that has no place for them. */
int pages_check(const struct book_settings *set, const struct pages_settings *s, struct fault *why);
/* Reads what the options name. Steps of [from_ns, to_ns) count. */
int pages_start(struct pages *p, const struct pages_settings *s, struct names *names, const struct fleet *fleet, unsigned lanes,
                int64_t from_ns, int64_t to_ns, struct fault *why);
void pages_release(struct pages *p);

void pages_add_record(struct pages *p, unsigned lane, const struct record *r);
int pages_add_entry(void *pages, const struct entry *e); /* an entry_sink */
int pages_add_model(void *pages, const struct fitted_model *m); /* a fitted_sink */
/* All is in: the statement has the pages from now on. */
int pages_attach(struct pages *p, struct statement *s, const char *currency, struct fault *why);
/* Prints them where the statement's format has no place for them. */
void pages_print(const struct pages *p, const struct book_settings *set, FILE *out);

#endif
