/*
 * prometheus_answer.c: what Prometheus answers to query_range, a line of JSON.
 *
 * {"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"vllm:prompt_tokens_total","instance":"a:8000"},"values":[[1786406365.781,"1024"],…]},…]}}
 *
 * It has one series behind the other; they are read side by side, in the order of time.
 */
#include "ingest/formats/metrics/prometheus.h"

/* A label of a series: what json_get finds. Escapes are left as they are: names have none. */
struct metric_labels {
	const struct json *json;
	json_at metric;
};

static struct text label_in_json(const void *context, struct text key) {
	const struct metric_labels *l = context;
	json_at v = json_get(l->json, l->metric, key);

	return v == JSON_ABSENT || json_type(l->json, v) != JSON_STRING ? T("") : json_raw(l->json, v);
}

/* Sets the cursor's time; a point that is none uses the series up. */
static void look(const struct json *j, struct answer *a, size_t i) {
	json_at point = a->cursors[i].point;
	json_at at = point > 0 && json_type(j, point) == JSON_ARRAY ? json_first(j, point) : JSON_ABSENT;

	if (at == JSON_ABSENT || json_next(j, at) == JSON_ABSENT ||
	    !number_scaled(json_raw(j, at), UNIT_S, &a->cursors[i].at_ns)) {
		a->cursors[i].point = 0;
	}
}

static void add_cursor(struct parser *p, struct answer *a, json_at result) {
	const struct json *j = p->json;
	json_at metric = json_get(j, result, T("metric")), points = json_get(j, result, T("values"));
	json_at name = metric == JSON_ABSENT ? JSON_ABSENT : json_get(j, metric, T("__name__"));

	if (points == JSON_ABSENT || name == JSON_ABSENT || !metric_known(json_raw(j, name))) {
		return;
	}
	if (a->count == CURSORS_MAX) {
		quality_warn(p->quality, "more than %d series in one answer of Prometheus: the others are left out", CURSORS_MAX);
		return;
	}
	json_at first = json_first(j, points);
	a->cursors[a->count].metric = metric;
	a->cursors[a->count].point = first == JSON_ABSENT ? 0 : first;
	look(j, a, a->count++);
}

static size_t earliest(const struct answer *a) {
	size_t best = SIZE_MAX;

	for (size_t i = 0; i < a->count; i++) {
		if (a->cursors[i].point > 0 && (best == SIZE_MAX || a->cursors[i].at_ns < a->cursors[best].at_ns)) {
			best = i;
		}
	}
	return best;
}

static bool open_answer(struct parser *p, struct answer *a, struct scrapes *s) {
	static const struct text path[] = {{"data", 4}, {"result", 6}};
	json_at results = field_path(p->json, 0, path, 2);

	a->count = 0;
	if (results == JSON_ABSENT) {
		return false;
	}
	for (json_at r = json_first(p->json, results); r != JSON_ABSENT; r = json_next(p->json, r)) {
		if (json_type(p->json, r) == JSON_OBJECT) {
			add_cursor(p, a, r);
		}
	}
	size_t first = earliest(a);
	/* Another metric of the same time, or of another day: only the latter continues. */
	if (first != SIZE_MAX && s->count > 0 && a->cursors[first].at_ns <= s->at_ns) {
		s->count = 0;
	}
	return first != SIZE_MAX;
}

static enum parse_result take_point(struct parser *p, struct answer *a, struct scrapes *s, size_t i,
                                    struct record *out) {
	const struct json *j = p->json;
	struct metric_labels labels = {j, a->cursors[i].metric};
	json_at value = json_next(j, json_first(j, a->cursors[i].point));
	struct sample sample = {json_raw(j, json_get(j, labels.metric, T("__name__"))), json_raw(j, value), &labels,
	                        label_in_json};
	json_at next = json_next(j, a->cursors[i].point);

	enum parse_result result = sample_power(p, &sample, a->cursors[i].at_ns, out);
	if (result == PARSE_NONE) {
		s->at_ns = a->cursors[i].at_ns;
		scrapes_add(p, s, &sample);
	}
	a->cursors[i].point = next == JSON_ABSENT ? 0 : next;
	look(j, a, i);
	return result;
}

enum parse_result answer_parse(struct parser *p, struct answer *a, struct scrapes *s, struct text line,
                               struct record *out) {
	enum parse_result result;

	if (!a->open) {
		if (!field_parse_line(p, line)) {
			return p->reason ? PARSE_REJECT : PARSE_NONE;
		}
		a->open = open_answer(p, a, s);
	}
	while (a->open) {
		size_t i = earliest(a);
		if (s->reading && (i == SIZE_MAX || a->cursors[i].at_ns != s->at_ns)) {
			result = scrapes_end(p, s, out);
			if (result != PARSE_NONE) {
				return result;
			}
		}
		if (i == SIZE_MAX) {
			a->open = false;
			break;
		}
		result = take_point(p, a, s, i, out);
		if (result != PARSE_NONE) {
			return result == PARSE_RECORD ? PARSE_AGAIN : PARSE_REJECT_AGAIN;
		}
	}
	return PARSE_NONE;
}
