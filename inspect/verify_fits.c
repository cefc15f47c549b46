#include "inspect/verify_fits.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/entry.h"
#include "core/instant.h"
#include "core/json.h"

int day_fits_add(void *fits, int64_t day_ns, struct text part, struct text json) {
	struct day_fits *d = fits;

	(void)day_ns;
	d->at = must_realloc(d->at, (d->count + 1) * sizeof *d->at);
	d->at[d->count++] = (struct day_fit){text_copy(part), text_copy(json)};
	return 0;
}

/* For breakdowns the latest, which come last. */
static int add_kept(void *fits, int64_t day_ns, const char *part, struct text json) {
	struct day_fits *d = fits;

	for (size_t i = 0; i < d->count && is_breakdowns_part(part); i++) {
		if (strcmp(d->at[i].part, BREAKDOWNS_PART) == 0) {
			free(d->at[i].json);
			d->at[i].json = text_copy(json);
			return 0;
		}
	}
	return day_fits_add(fits, day_ns, is_breakdowns_part(part) ? T(BREAKDOWNS_PART) : text_of(part), json);
}

int day_fits_kept(struct day_fits *out, struct ledger *l, int64_t day_ns, struct fault *why) {
	return ledger_fits(l, day_ns, day_ns + NS_PER_DAY, add_kept, out, why);
}

size_t day_fits_count(const struct day_fits *d) {
	size_t count = 0;

	for (size_t i = 0; i < d->count; i++) {
		count += strcmp(d->at[i].part, BREAKDOWNS_PART) != 0;
	}
	return count;
}

void day_fits_release(struct day_fits *d) {
	for (size_t i = 0; i < d->count; i++) {
		free(d->at[i].part);
		free(d->at[i].json);
	}
	free(d->at);
}

static const struct day_fit *find(const struct day_fits *d, const char *part) {
	for (size_t i = 0; i < d->count; i++) {
		if (strcmp(d->at[i].part, part) == 0) {
			return &d->at[i];
		}
	}
	return NULL;
}

/* The first member that differs or is missing; "" if only the order or the text in between differs. */
static void differing(const char *again, const char *kept, char *out, size_t size) {
	struct json *a = json_new(), *k = json_new();

	out[0] = '\0';
	if (!json_parse(k, text_of(kept), NULL) || !json_parse(a, text_of(again), NULL)) {
		snprintf(out, size, "it is not JSON");
	}
	for (json_at v = out[0] ? JSON_ABSENT : json_first(a, 0); v != JSON_ABSENT && !out[0]; v = json_next(a, v)) {
		struct text name = json_key(a, v);
		json_at other = json_get(k, 0, name);
		if (other == JSON_ABSENT || !text_eq(json_raw(a, v), json_raw(k, other))) {
			snprintf(out, size, "its \"%.*s\"", TEXT_ARG(name));
		}
	}
	json_free(a);
	json_free(k);
}

/* Is it that of a version that kept fewer members? New ones follow the others. */
static bool is_former(const char *again, const char *kept) {
	size_t len = strlen(kept);

	return len > 1 && strncmp(again, kept, len - 1) == 0 && again[len - 1] == ',';
}

struct comparing {
	int64_t day_ns;
	bool closed;
	ledger_finding_sink *say;
	void *context;
};

static void tell(const struct comparing *c, const char *part, const char *what) {
	char sentence[700], day[INSTANT_TEXT_MAX];
	part = is_breakdowns_part(part) ? "cost by position, rule and batch" : part;
	size_t model = strcspn(part, "\t");

	snprintf(sentence, sizeof sentence, "%.10s, fit of %.*s: %.200s; %s", instant_format(c->day_ns, day), model < 200 ? (int)model : 200,
	         part, what, c->closed ? "it is closed: restore a backup" : "run 'tollbook attribute --all'");
	c->say(c->context, sentence);
}

void day_fits_compare(const struct day_fits *again, const struct day_fits *kept, int64_t day_ns, bool closed,
                      ledger_finding_sink *say, void *context) {
	const struct comparing c = {day_ns, closed, say, context};
	char member[100], what[200];

	for (size_t i = 0; i < again->count; i++) {
		const struct day_fit *own = find(kept, again->at[i].part);
		if (!own) {
			tell(&c, again->at[i].part, "its records give one that the ledger does not have");
		} else if (strcmp(own->json, again->at[i].json) != 0 && !(is_breakdowns_part(own->part) && is_former(again->at[i].json, own->json))) {
			differing(again->at[i].json, own->json, member, sizeof member);
			snprintf(what, sizeof what, "the stored one differs from what its records give%s%s", member[0] ? ": " : "", member);
			tell(&c, again->at[i].part, what);
		}
	}
	for (size_t i = 0; i < kept->count; i++) {
		if (!find(again, kept->at[i].part)) {
			tell(&c, kept->at[i].part, "its records give none, and one is stored");
		}
	}
}
