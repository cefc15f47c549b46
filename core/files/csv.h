/* csv.h: text as a cell of CSV (RFC 4180), the same in every file that is written. */
#ifndef CORE_FILES_CSV_H
#define CORE_FILES_CSV_H

#include <stdio.h>

#include "core/text.h"

/* Would a spreadsheet execute a cell that begins like this? A number such as -12.50 is none. */
bool csv_is_formula(const char *s);

/* Text from outside: printable, quoted if it must be, a formula with ' in front. */
void csv_put_text(FILE *out, struct text t);

#endif
