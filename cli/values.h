/* values.h: parsing of option values, by kind. See `option_value` in cli.h. */
#ifndef CLI_VALUES_H
#define CLI_VALUES_H

#include "cli/cli.h"

option_value value_flag;    /* bool: true */
option_value value_text;    /* const char *: a text that is not empty */
option_value value_list;    /* struct list: one more */
option_value value_money;   /* int64_t: nano-units, not negative */
option_value value_given_money; /* struct given_money: one that may be 0 */
option_value value_share;   /* int64_t: nano, over 0 and at most 1 */
option_value value_part;    /* struct given_money: a share from 0 and under 1, in nano */
option_value value_figure;  /* int64_t: nano, over 0 */
option_value value_factor;  /* int64_t: nano, from 0.001 to 1000000 */
option_value value_count;   /* int64_t: 1 or more */
option_value value_bytes;   /* int64_t: 1 or more, also as "64k", "16M", "1G" (of 1024) */
option_value value_year;    /* int64_t: 1970 to 2261 */
option_value value_choice;  /* int: the index of the word among the option's choices */
option_value value_word;    /* const char *: one of the option's choices */
option_value value_instant_text; /* const char *: an instant or a date, see run_period */
option_value value_by;      /* struct by: keys, comma-separated */
option_value value_markdown; /* const char *: "markdown" */
option_value value_idle;    /* bool: proportional? */

/* The choices of --format where there is also a page, and the option. */
const char *page_format_word(size_t i);
#define PAGE_FORMAT(settings, once)                                                                                    \
	{"format", 0, "NAME", "table (default), csv, json, html, markdown; by the name of -o", 0, value_word,              \
	 offsetof(settings, format), page_format_word, once}

/* Nano-units, and whether it was given. */
struct given_money {
	int64_t nano;
	bool given;
};

#endif
