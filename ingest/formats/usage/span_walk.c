#include "ingest/formats/usage/span_walk.h"

#define KEY(literal) {literal, sizeof(literal) - 1}

/* The arrays of each level. */
static const struct text arrays[SPAN_LEVELS][3] = {
	{KEY("resourceSpans"), KEY("batches"), KEY("data")},
	{KEY("scopeSpans"), KEY("instrumentationLibrarySpans")},
	{KEY("spans")},
};

static bool is_object(const struct json *j, json_at at) {
	return json_type(j, at) == JSON_OBJECT;
}

static void enter(const struct json *j, struct span_walk *w, int level, json_at parent) {
	w->alone[level] = true;
	w->at[level] = is_object(j, parent) ? parent : JSON_ABSENT;
	for (size_t i = 0; i < sizeof arrays[level] / sizeof *arrays[level] && w->at[level] != JSON_ABSENT && arrays[level][i].len > 0; i++) {
		json_at list = json_get(j, parent, arrays[level][i]);
		if (json_type(j, list) == JSON_ARRAY) {
			w->alone[level] = false;
			w->at[level] = json_first(j, list);
			return;
		}
	}
}

/* From the level that has just moved to a span below it, or to the next one of a level above. */
static bool settle(const struct json *j, struct span_walk *w, int level) {
	for (;;) {
		if (w->at[level] == JSON_ABSENT) {
			if (level-- == 0) {
				return false;
			}
			w->at[level] = w->alone[level] ? JSON_ABSENT : json_next(j, w->at[level]);
		} else if (level == SPAN_ITSELF) {
			return true;
		} else {
			level++;
			enter(j, w, level, w->at[level - 1]);
		}
	}
}

bool span_walk_next(const struct json *j, struct span_walk *w) {
	w->at[SPAN_ITSELF] = w->alone[SPAN_ITSELF] ? JSON_ABSENT : json_next(j, w->at[SPAN_ITSELF]);
	return settle(j, w, SPAN_ITSELF);
}

bool span_walk_start(const struct json *j, struct span_walk *w) {
	json_at trace = is_object(j, 0) ? json_get(j, 0, T("trace")) : JSON_ABSENT;

	enter(j, w, SPAN_RESOURCE, is_object(j, trace) ? trace : 0);
	return settle(j, w, SPAN_RESOURCE);
}

bool span_walk_resource(const struct json *j, json_at resource, struct span_walk *w) {
	w->alone[SPAN_RESOURCE] = true;
	w->at[SPAN_RESOURCE] = resource;
	return settle(j, w, SPAN_RESOURCE);
}
