/* explain.h: the four questions, as tables and pictures. Private to report/estimate/. */
#ifndef REPORT_ESTIMATE_EXPLAIN_H
#define REPORT_ESTIMATE_EXPLAIN_H

#include "report/estimate/costs.h"

void explain_print(const struct costs *c, FILE *out);
void explain_json(const struct costs *c, FILE *out);

#endif
