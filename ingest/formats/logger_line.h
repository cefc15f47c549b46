/* logger_line.h: lines of Python's logging and of loguru; private to formats/. */
#ifndef INGEST_FORMATS_LOGGER_LINE_H
#define INGEST_FORMATS_LOGGER_LINE_H

#include "core/text.h"

/*
 * Removes a date, a level and names of loggers from the front of a line:
 *
 * 2026-10-05 06:00:01.123 | INFO     | vllm.v1.metrics.loggers:log:271 - Engine 000: …
 * 2026-10-05 06:00:01,123 - vllm.v1.metrics.loggers - INFO - Engine 000: …
 * [2026-10-05 06:00:01,123] [INFO] vllm.v1.metrics.loggers: Engine 000: …
 * 2026-10-05 06:00:01,123 vllm.engine.metrics 3457436 INFO     Avg prompt throughput: …
 *
 * *stamp is the date, *message what follows. False, and nothing changed, if the line has another form.
 */
bool logger_line(struct text line, struct text *stamp, struct text *message);

/*
 * The process in the label of one of Ray's actors: "SGLangEngine pid=35551", "ServeReplica:app:LLMServer pid=7, ip=10.0.0.5".
 * Other hosts have other processes of the same number. 0: not such a label, or that of a worker, which is no server.
 */
int64_t actor_process(struct text label);
/* The number of the process alone. */
int64_t actor_pid(int64_t process);

#endif
