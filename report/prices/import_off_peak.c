/*
 * import_off_peak.c: LiteLLM's prices by the hour and the day of the week, in UTC:
 *
 * {"hours_utc": "16:30-00:30", "input_cost_per_token": 2.2e-07, …}
 * {"windows": [{"hours_utc": ["00:00-01:00", "04:00-06:00"], "weekdays": [1, 2, 3, 4, 5]}], …}   1: Monday
 *
 * A window that begins and ends at the same minute is a whole day.
 */
#include "report/prices/prices.h"

/* "16:30-00:30" */
static bool take_window(const struct json *j, json_at v, struct price_rule *rule) {
	char buffer[32];
	struct text t = json_string(j, v, buffer, sizeof buffer), from;
	int64_t n[4];

	bool ok = text_until(&t, T("-"), &from) && text_take_i64(&from, &n[0]) && text_skip(&from, T(":")) &&
		  text_take_i64(&from, &n[1]) && from.len == 0 && text_take_i64(&t, &n[2]) && text_skip(&t, T(":")) &&
		  text_take_i64(&t, &n[3]) && t.len == 0;
	for (int i = 0; ok && i < 4; i++) {
		ok = n[i] >= 0 && n[i] < (i % 2 == 0 ? 25 : 60);
	}
	if (ok) {
		rule->daily = true;
		rule->from_minute = (int)((n[0] * 60 + n[1]) % 1440);
		rule->to_minute = (int)((n[2] * 60 + n[3]) % 1440);
	}
	return ok;
}

/* Days as numbers from Monday, 1, or as their English names. */
static bool take_weekdays(const struct json *j, json_at list, unsigned *out) {
	static const char days[] = "montuewedthufrisatsun";
	char buffer[16];

	*out = 0;
	for (json_at v = json_first(j, list); v != JSON_ABSENT; v = json_next(j, v)) {
		int64_t day = 0;
		if (!json_i64(j, v, &day)) {
			struct text name = text_cut(json_string(j, v, buffer, sizeof buffer), 0, 3);
			for (int i = 0; i < 7 && day == 0; i++) {
				day = text_eq_nocase(name, (struct text){days + 3 * i, 3}) ? i + 1 : 0;
			}
		}
		if (day < 1 || day > 7) {
			return false;
		}
		*out |= 1u << (unsigned)(day - 1);
	}
	return true;
}

/* Rules being built. */
struct windows {
	struct import *im;
	struct price_model *m;
	const struct price_rule *rates;
	bool understood;
};

static void add_rule(struct windows *w, const struct price_rule *when) {
	struct price_model *m = w->m;
	struct price_rule *rules = import_rules(w->im, m->rule_count + 1);

	memcpy(rules, m->rules, m->rule_count * sizeof(*rules));
	rules[m->rule_count] = *w->rates;
	rules[m->rule_count].daily = true;
	rules[m->rule_count].from_minute = when->from_minute;
	rules[m->rule_count].to_minute = when->to_minute;
	rules[m->rule_count].weekdays = when->weekdays;
	m->rules = rules;
	m->rule_count++;
}

/* One window, or a list of them, on some days of the week. */
static void add_hours(struct windows *w, json_at hours, json_at weekdays) {
	const struct json *j = w->im->json;
	bool list = json_type(j, hours) == JSON_ARRAY;
	struct price_rule when = {.daily = true};

	if (weekdays != JSON_ABSENT && !take_weekdays(j, weekdays, &when.weekdays)) {
		w->understood = false;
		return;
	}
	for (json_at v = list ? json_first(j, hours) : hours; v != JSON_ABSENT; v = list ? json_next(j, v) : JSON_ABSENT) {
		if (take_window(j, v, &when)) {
			add_rule(w, &when);
		} else {
			w->understood = false;
		}
	}
}

/* A fast mode has the same factor as at other hours. */
static int make_fast(struct import *im, json_at v, struct price_rule *rates, const struct price_rule *base, int kind) {
	const struct price_ladder *fast = &base->ladder[PRICE_FAST][kind], *was = &base->ladder[SERVICE_STANDARD][kind];
	const struct price_ladder *is = &rates->ladder[SERVICE_STANDARD][kind];

	if (fast->count == 0 || was->count == 0 || is->count == 0 || was->steps[0].nano == 0) {
		return 0;
	}
	struct price_ladder *out = &import_class(im, rates, PRICE_FAST)[kind];
	bool fits = true;

	*out = import_ladder(im, is->count);
	for (size_t i = 0; i < is->count; i++) {
		struct price_step *to = &out->steps[i];
		to->over_ntok = is->steps[i].over_ntok;
		fits &= exact_mul_div(is->steps[i].nano, fast->steps[0].nano, was->steps[0].nano, &to->nano);
	}
	return fits ? 0 : import_fault(im, v, "a price of a fast mode at these hours does not fit");
}

/* Kinds without a price in the windows cost the same as at other hours. */
static void fill_from(struct import *im, struct price_rule *rates, const struct price_rule *base) {
	for (int s = 0; s < PRICE_SERVICES; s++) {
		for (int k = 0; k < PRICE_KINDS; k++) {
			if (rates->ladder[s][k].count == 0 && base->ladder[s][k].count > 0) {
				import_class(im, rates, s)[k] = base->ladder[s][k];
			}
		}
	}
}

int import_off_peak(struct import *im, json_at v, struct price_model *m, read_costs *read) {
	const struct json *j = im->json;

	if (json_type(j, v) != JSON_OBJECT) {
		return 0;
	}
	struct price_rule *rates = import_rules(im, 1);
	int error = read(im, v, m, rates);
	for (int k = 0; k < PRICE_KINDS && !error; k++) {
		error = make_fast(im, v, rates, &m->rules[0], k);
	}
	if (error) {
		return error;
	}
	fill_from(im, rates, &m->rules[0]);
	struct windows w = {im, m, rates, true};
	json_at windows = json_get(j, v, T("windows")), hours = json_get(j, v, T("hours_utc"));
	if (hours != JSON_ABSENT) {
		add_hours(&w, hours, json_get(j, v, T("weekdays")));
	}
	for (json_at each = json_first(j, windows); each != JSON_ABSENT; each = json_next(j, each)) {
		json_at of_window = json_get(j, each, T("hours_utc"));
		w.understood = w.understood && of_window != JSON_ABSENT;
		add_hours(&w, of_window, json_get(j, each, T("weekdays")));
	}
	if (!w.understood || (hours == JSON_ABSENT && windows == JSON_ABSENT)) {
		m->understood = false;
		prices_note(im->prices, "hours not understood, so no price for:", m->id);
	}
	return 0;
}
