/*
 * calibrate.h: an estimate calibrated with a log. Private to report/estimate/.
 *
 * From a model report (`--model-report`): the times of a step of one token, a further prompt token and a token of
 * context in the log's fit, as multiples of the law's values for the log's GPUs. From a statement in JSON: the times
 * of an input and an output token. The multiples apply to other GPUs, layouts and loads of the same model, as far as
 * they are properties of the engine.
 */
#ifndef REPORT_ESTIMATE_CALIBRATE_H
#define REPORT_ESTIMATE_CALIBRATE_H

#include "report/estimate/costs.h"

/* Sets the law's multiples, its spread, and the text about it. ERROR_CONFIG if the file is neither. */
int calibrate(struct costs *c, const char *path, const char *catalogue_path, struct fault *why);

#endif
