/* span_walk.h: the spans of a document of traces, whoever wrote it; private to formats/usage/. */
#ifndef INGEST_FORMATS_USAGE_SPAN_WALK_H
#define INGEST_FORMATS_USAGE_SPAN_WALK_H

#include "core/json.h"

/* Resources, scopes within them, spans within these. Where a level has no array, the object above it is its element. */
enum span_level { SPAN_RESOURCE, SPAN_SCOPE, SPAN_ITSELF, SPAN_LEVELS };

/*
 * {"resourceSpans":[{"resource":…,"scopeSpans":[{"scope":…,"spans":[{…}]}]}]} OpenTelemetry; {"trace":{…}} and {"batches":[…]} Tempo
 * {"data":[{"traceID":"…","spans":[{…}]}]} Jaeger; a span alone: Zipkin's and Phoenix's arrays, exporters to the console
 */
struct span_walk {
	json_at at[SPAN_LEVELS];
	bool alone[SPAN_LEVELS]; /* no element of an array */
};

/* At the first span of the document; false if there is none. */
bool span_walk_start(const struct json *j, struct span_walk *w);
/* The same of one resource. */
bool span_walk_resource(const struct json *j, json_at resource, struct span_walk *w);
bool span_walk_next(const struct json *j, struct span_walk *w);

#endif
