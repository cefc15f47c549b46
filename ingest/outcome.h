/* outcome.h: what is to be stated of a file that was read: that it gave nothing, how many GPUs its servers use. */
#ifndef INGEST_OUTCOME_H
#define INGEST_OUTCOME_H

#include "ingest/ingest.h"
#include "ingest/streams.h"

/* Is the file known to hold no evidence (--no-evidence)? */
bool outcome_expected(const struct ingest_options *o, const char *name);

/*
 * Findings: the files that held no record, each with the reason and what to do. Without `findings`, for where no file
 * holds any and there is no statement, warnings.
 */
void outcome_empty(struct quality *q, bool findings);

/* An assumption for each server of the file whose start-up lines state its GPUs; a finding where they change. */
void outcome_gpus(struct quality *q, const char *name, const struct streams *s);

#endif
