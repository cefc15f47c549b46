/*
 * calibrate.h: an estimate calibrated with a log. Private to report/estimate/.
 *
 * Of a model report (`--model-report`): what a step of one token, a further prompt token and a token of context take in
 * the log's fit, as multiples of the law's values for the log's GPUs. Of a statement in JSON: what an input and an
 * output token take. The multiples hold for other cards, layouts and loads of the same model, as far as an engine's
 * habits go with it.
 */
#ifndef REPORT_ESTIMATE_CALIBRATE_H
#define REPORT_ESTIMATE_CALIBRATE_H

#include "report/estimate/costs.h"

/* Sets the law's multiples, its spread, and what is printed of it. ERROR_CONFIG if the file is neither. */
int calibrate(struct costs *c, const char *path, const char *catalogue_path, struct fault *why);

#endif
