/* otlp.h: shared by spans and events of OpenTelemetry; private to formats/usage/. */
#ifndef INGEST_FORMATS_USAGE_OTLP_H
#define INGEST_FORMATS_USAGE_OTLP_H

#include "ingest/formats/usage/usage.h"

/* {"key":"…","value":{"intValue":"12"}}: the object around the number or string; its key is the type's name. */
struct otlp_value {
	json_at holder; /* JSON_ABSENT: there is none */
	struct text type;
};

/* The list of an object's attributes (or tags), or the object that has them as members; JSON_ABSENT if there is none. */
json_at otlp_attributes_of(const struct json *j, json_at object);
/* Of an element or a member of it. */
struct text otlp_attribute_key(const struct json *j, json_at attributes, json_at attribute);
struct otlp_value otlp_value_of(const struct json *j, json_at attributes, json_at attribute);
/* The first, or JSON_ABSENT; then json_next. */
static inline json_at otlp_first(const struct json *j, json_at attributes) {
	return attributes == JSON_ABSENT ? JSON_ABSENT : json_first(j, attributes);
}

/* ---- events ---- */

/* The meaning of an event's attribute; "beside": not included in input or output. */
enum event_figure {
	EVENT_INPUT, EVENT_OUTPUT, EVENT_CACHED, EVENT_READ_BESIDE, EVENT_WRITTEN, EVENT_WRITTEN_BESIDE, EVENT_REASONING,
	EVENT_THOUGHTS_BESIDE, EVENT_TOOL, EVENT_TOTAL, EVENT_MODEL, EVENT_MODEL_ASKED, EVENT_ID, EVENT_WHEN, EVENT_TENANT,
	EVENT_PROVIDER, EVENT_SPEED,
	EVENT_FIGURES
};

int otlp_event_bid(struct text line);
enum parse_result otlp_event(struct parser *p, json_at record, int64_t stamp_ns, struct record *out);

#endif
