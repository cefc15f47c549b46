/* figures.h: amounts and times in exports and spreadsheets. */
#ifndef INSPECT_FIGURES_H
#define INSPECT_FIGURES_H

#include "core/text.h"

/* How a file writes numbers and dates. */
struct figure_style {
	bool decimal_comma; /* 1.722,24 */
	bool day_first;     /* 31/08/2026 */
};

/*
 * "1722.24", "$1,722.24", "1.722,24 €", "(35.88)", "2.5E-6": nano-units; digits below are rounded half to even.
 * False if it is not a number.
 */
bool figure_amount(struct text t, const struct figure_style *style, int64_t *nano);

/*
 * An instant: RFC 3339, with or without seconds and zone, " UTC" at the end, 08/10/2026, 10.08.2026, seconds or
 * milliseconds since 1970. *is_date: it is a day without a time.
 */
bool figure_instant(struct text t, const struct figure_style *style, int64_t *ns, bool *is_date);

/* Does the text show the style of its file? Then sets *style. */
void figure_learn_amount(struct text t, struct figure_style *style);
void figure_learn_date(struct text t, struct figure_style *style);

/* The currency that an amount is written with, or else its column's name: "1.722,24 €", "Amount (EUR)". Empty: none; $ has several. */
struct text figure_currency(struct text amount, struct text column);

#endif
