/* quality_notices.c: findings, assumptions and missing items, sorted and without duplicates. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include "core/quality.h"

#include <stdlib.h>

#include "core/error.h"
#include "core/files/files.h"
#include "core/instant.h"
#include "core/quality.h"

static char *copy(const char *s) {
	return s ? must_copy(s) : NULL;
}

static void release_notice(struct quality_notice *n) {
	for (int i = 0; i < NOTICE_FIELDS; i++) {
		free(n->field[i]);
		n->field[i] = NULL;
	}
}

void quality_release_notices(struct quality *q) {
	for (size_t i = 0; i < q->notice_count; i++) {
		release_notice(&q->notices[i]);
	}
	free(q->notices);
	q->notices = NULL;
	q->notice_count = 0;
}

/* Is its value a list of days? Then they are collected. */
static bool has_days(const struct quality_notice *n) {
	const char *kind = n->field[NOTICE_KIND];

	return n->type == NOTICE_ASSUMPTION && kind &&
	       (strcmp(kind, QUALITY_CACHED_UNKNOWN) == 0 || strcmp(kind, QUALITY_BOUGHT_CACHED_UNKNOWN) == 0);
}

/* By type and all texts but the subjects of a finding, and days, which are collected. */
static int compare(const struct quality_notice *a, const struct quality_notice *b) {
	int order = (int)a->type - (int)b->type;

	for (int i = 0; order == 0 && i < NOTICE_FIELDS; i++) {
		bool collected = i == NOTICE_SUBJECTS ? a->type == NOTICE_FINDING : i == NOTICE_VALUE && has_days(a) && has_days(b);
		if (!collected) {
			const char *x = a->field[i] ? a->field[i] : "", *y = b->field[i] ? b->field[i] : "";
			order = strcmp(x, y);
		}
	}
	return order;
}

/* The length of the subject at s, up to a line feed or the end. */
static size_t subject_len(const char *s) {
	return strcspn(s, "\n");
}

/* Adds one subject to a sorted list of lines, unless it is there. */
static void add_subject(char **list, const char *subject, size_t len) {
	const char *at = *list;
	size_t have = *list ? strlen(*list) : 0, place = have;

	for (; at && *at; at += subject_len(at) + (at[subject_len(at)] == '\n')) {
		size_t n = subject_len(at);
		int order = strncmp(at, subject, n < len ? n : len);
		order = order != 0 ? order : n < len ? -1 : n > len;
		if (order == 0) {
			return;
		}
		if (order > 0) {
			place = (size_t)(at - *list);
			break;
		}
	}
	char *out = must_alloc(have + len + 2);
	size_t used = place;
	if (*list) {
		memcpy(out, *list, place);
	}
	if (place == have && have > 0) {
		out[used++] = '\n';
	}
	memcpy(out + used, subject, len);
	used += len;
	if (place < have) {
		out[used++] = '\n';
		memcpy(out + used, *list + place, have - place);
		used += have - place;
	}
	out[used] = '\0';
	free(*list);
	*list = out;
}

static void add_counts(struct quality_notice *to, const struct quality_notice *from) {
	for (int i = 0; i < 2; i++) {
		if (__builtin_add_overflow(to->count[i], from->count[i], &to->count[i])) {
			to->count[i] = INT64_MAX;
		}
	}
}

/* ---- days ---- */

bool quality_days_next(const char **days, int64_t *from_ns, int64_t *to_ns) {
	const char *s = *days, *slash = s ? strchr(s, '/') : NULL;
	int64_t last_ns;

	if (!s || !*s) {
		return false;
	}
	size_t len = strcspn(s, ",");
	*days = s + len + (s[len] == ',');
	if (!slash || slash >= s + len || !instant_parse((struct text){s, (size_t)(slash - s)}, from_ns) ||
	    !instant_parse((struct text){slash + 1, (size_t)(s + len - slash - 1)}, &last_ns)) {
		*from_ns = INT64_MIN;
		*to_ns = INT64_MAX;
		return true;
	}
	*to_ns = last_ns > INT64_MAX - NS_PER_DAY ? INT64_MAX : last_ns + NS_PER_DAY;
	return true;
}

/* Takes the first days from the list that begins first. */
static bool take_first(const char **a, const char **b, int64_t *from_ns, int64_t *to_ns) {
	const char *after_a = *a, *after_b = *b;
	int64_t from[2] = {INT64_MAX, INT64_MAX}, to[2];
	bool is_a = quality_days_next(&after_a, &from[0], &to[0]), is_b = quality_days_next(&after_b, &from[1], &to[1]);
	int first = is_a && (!is_b || from[0] <= from[1]) ? 0 : 1;

	*(first == 0 ? a : b) = first == 0 ? after_a : after_b;
	*from_ns = from[first];
	*to_ns = first == 0 || is_b ? to[first] : 0;
	return is_a || is_b;
}

static void print_days(FILE *out, int64_t from_ns, int64_t to_ns) {
	char first[INSTANT_TEXT_MAX], last[INSTANT_TEXT_MAX];

	fprintf(out, "%s%.10s/%.10s", ftello(out) > 0 ? "," : "", instant_format(from_ns, first), instant_format(to_ns - NS_PER_DAY, last));
}

/* Both lists as one, in order; days in a row are one range. */
static char *join_days(const char *a, const char *b) {
	int64_t from_ns, to_ns, next_from_ns, next_to_ns;
	char *days = NULL;
	size_t len;
	FILE *out = memory_open(&days, &len);
	bool any = take_first(&a, &b, &from_ns, &to_ns);

	while (any && take_first(&a, &b, &next_from_ns, &next_to_ns)) {
		if (next_from_ns > to_ns) {
			print_days(out, from_ns, to_ns);
			from_ns = next_from_ns;
			to_ns = next_to_ns;
		}
		to_ns = next_to_ns > to_ns ? next_to_ns : to_ns;
	}
	if (any) {
		print_days(out, from_ns, to_ns);
	}
	memory_close(out, &days);
	return days;
}

/* Without days a notice is of all time (older books). */
static void merge_days(struct quality_notice *to, const struct quality_notice *from) {
	char *a = to->field[NOTICE_VALUE], *b = from->field[NOTICE_VALUE];

	to->field[NOTICE_VALUE] = a && b ? join_days(a, b) : NULL;
	free(a);
}

static void merge_notice(struct quality_notice *to, const struct quality_notice *from) {
	const char *s = from->type == NOTICE_FINDING ? from->field[NOTICE_SUBJECTS] : NULL;

	if (has_days(to)) {
		merge_days(to, from);
	}
	add_counts(to, from);
	while (s && *s) {
		size_t n = subject_len(s);
		add_subject(&to->field[NOTICE_SUBJECTS], s, n);
		s += n + (s[n] == '\n');
	}
	if (to->amount_nano == QUALITY_NO_AMOUNT) {
		to->amount_nano = from->amount_nano;
	} else if (from->amount_nano != QUALITY_NO_AMOUNT &&
	           __builtin_add_overflow(to->amount_nano, from->amount_nano, &to->amount_nano)) {
		to->amount_nano = QUALITY_NO_AMOUNT;
	}
}

void quality_add_notice(struct quality *q, struct quality_notice *n) {
	size_t low = 0, high = q->notice_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare(&q->notices[middle], n);
		if (order == 0) {
			merge_notice(&q->notices[middle], n);
			release_notice(n);
			return;
		}
		if (order < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	q->notices = must_grow_by_count(q->notices, q->notice_count, sizeof *q->notices);
	memmove(q->notices + low + 1, q->notices + low, (q->notice_count - low) * sizeof *q->notices);
	q->notices[low] = *n;
	q->notice_count++;
}

void quality_finding(struct quality *q, const char *kind, const char *subject, const char *option, int64_t amount_nano,
                     const char *format, ...) {
	va_list args;

	va_start(args, format);
	char *sentence = must_print(format, args);
	va_end(args);
	quality_warn(q, "%s", sentence);
	quality_add_notice(q, &(struct quality_notice){
		.type = NOTICE_FINDING,
		.field = {[NOTICE_KIND] = copy(kind), [NOTICE_TEXT] = sentence, [NOTICE_SUBJECTS] = copy(subject),
	                  [NOTICE_OPTION] = copy(option)},
		.amount_nano = amount_nano,
	});
}

void quality_assume(struct quality *q, const char *subject, const char *value, const char *option, const char *source,
                    const char *format, ...) {
	va_list args;

	va_start(args, format);
	char *sentence = must_print(format, args);
	va_end(args);
	quality_add_notice(q, &(struct quality_notice){
		.type = NOTICE_ASSUMPTION,
		.field = {[NOTICE_TEXT] = sentence, [NOTICE_SUBJECTS] = copy(subject), [NOTICE_VALUE] = copy(value),
	                  [NOTICE_OPTION] = copy(option), [NOTICE_SOURCE] = copy(source)},
		.amount_nano = QUALITY_NO_AMOUNT,
	});
}

static void add_counted(struct quality *q, struct quality_notice n, const int64_t count[2]) {
	n.counted = true;
	n.amount_nano = QUALITY_NO_AMOUNT;
	memcpy(n.count, count, sizeof n.count);
	quality_add_notice(q, &n);
}

void quality_finding_counted(struct quality *q, const char *kind, const char *subject, const char *option, const int64_t count[2],
                             const char *format, ...) {
	va_list args;

	va_start(args, format);
	char *sentence = must_print(format, args);
	va_end(args);
	add_counted(q, (struct quality_notice){
		.type = NOTICE_FINDING,
		.field = {[NOTICE_KIND] = copy(kind), [NOTICE_TEXT] = sentence, [NOTICE_SUBJECTS] = copy(subject),
	                  [NOTICE_OPTION] = copy(option)},
	}, count);
}

void quality_assume_counted(struct quality *q, const char *subject, const char *value, const int64_t count[2], const char *format, ...) {
	va_list args;

	va_start(args, format);
	char *sentence = must_print(format, args);
	va_end(args);
	add_counted(q, (struct quality_notice){
		.type = NOTICE_ASSUMPTION,
		.field = {[NOTICE_TEXT] = sentence, [NOTICE_SUBJECTS] = copy(subject), [NOTICE_VALUE] = copy(value)},
	}, count);
}

bool quality_has_notice(const struct quality *q, enum notice_type type, enum notice_field field, const char *text) {
	size_t count;
	const struct quality_notice *n = quality_notices(q, type, &count);

	for (size_t i = 0; i < count; i++) {
		if (n[i].field[field] && strcmp(n[i].field[field], text) == 0) {
			return true;
		}
	}
	return false;
}

bool quality_is_finding(const struct quality *q, const char *sentence) {
	return quality_has_notice(q, NOTICE_FINDING, NOTICE_TEXT, sentence);
}

void quality_move_notices(struct quality *to, struct quality *from) {
	size_t kept = 0;

	for (size_t i = 0; i < from->warning_count; i++) {
		if (quality_is_finding(from, from->warnings[i])) {
			quality_warn(to, "%s", from->warnings[i]);
			free(from->warnings[i]);
		} else {
			from->warnings[kept++] = from->warnings[i];
		}
	}
	from->warning_count = kept;
	for (size_t i = 0; i < from->notice_count; i++) {
		quality_add_notice(to, &from->notices[i]);
	}
	from->notice_count = 0;
}

/* A text with its counts; NULL for NULL. Takes ownership of `text`. */
static char *with_counts(char *text, const int64_t count[2]) {
	char numbers[3][32], *out, *at;

	if (!text) {
		return NULL;
	}
	snprintf(numbers[0], sizeof numbers[0], "%.3g", count[1] != 0 ? 100 * (double)count[0] / (double)count[1] : 0);
	snprintf(numbers[1], sizeof numbers[1], "%" PRId64, count[0]);
	snprintf(numbers[2], sizeof numbers[2], "%" PRId64, count[1]);
	at = out = must_alloc(strlen(text) * sizeof numbers[0] + 1);
	for (const char *s = text; *s; s++) {
		if (*s >= QUALITY_PERCENT[0] && *s <= QUALITY_B[0]) {
			const char *number = numbers[*s - QUALITY_PERCENT[0]];
			memcpy(at, number, strlen(number));
			at += strlen(number);
		} else {
			*at++ = *s;
		}
	}
	*at = '\0';
	free(text);
	return out;
}

void quality_report_counts(struct quality *q) {
	struct quality_notice *counted = must_calloc(q->notice_count + 1, sizeof *counted);
	size_t count = 0, kept = 0;

	for (size_t i = 0; i < q->notice_count; i++) {
		if (q->notices[i].counted) {
			counted[count++] = q->notices[i];
		} else {
			q->notices[kept++] = q->notices[i];
		}
	}
	q->notice_count = kept;
	for (size_t i = 0; i < count; i++) {
		struct quality_notice n = counted[i];
		n.counted = false;
		n.field[NOTICE_TEXT] = with_counts(n.field[NOTICE_TEXT], n.count);
		n.field[NOTICE_VALUE] = with_counts(n.field[NOTICE_VALUE], n.count);
		n.count[0] = n.count[1] = 0;
		if (n.type == NOTICE_FINDING) {
			quality_warn(q, "%s", n.field[NOTICE_TEXT]);
		}
		quality_add_notice(q, &n);
	}
	free(counted);
}

void quality_missing(struct quality *q, const char *what, const char *needs, const char *option) {
	quality_add_notice(q, &(struct quality_notice){
		.type = NOTICE_MISSING,
		.field = {[NOTICE_KIND] = copy(what), [NOTICE_TEXT] = copy(needs), [NOTICE_OPTION] = copy(option)},
		.amount_nano = QUALITY_NO_AMOUNT,
	});
}

void quality_state(struct quality *q, const char *kind, const char *subject, const char *value, const char *option,
                   const char *source, const char *text) {
	quality_add_notice(q, &(struct quality_notice){
		.type = NOTICE_ASSUMPTION,
		.field = {[NOTICE_KIND] = copy(kind), [NOTICE_TEXT] = copy(text), [NOTICE_SUBJECTS] = copy(subject),
	                  [NOTICE_VALUE] = copy(value), [NOTICE_OPTION] = copy(option), [NOTICE_SOURCE] = copy(source)},
		.amount_nano = QUALITY_NO_AMOUNT,
	});
}

void quality_drop_notice(struct quality *q, size_t i) {
	release_notice(&q->notices[i]);
	memmove(q->notices + i, q->notices + i + 1, (q->notice_count - i - 1) * sizeof *q->notices);
	q->notice_count--;
}

const struct quality_notice *quality_notices(const struct quality *q, enum notice_type type, size_t *count) {
	size_t first = 0, end;

	while (first < q->notice_count && q->notices[first].type < type) {
		first++;
	}
	for (end = first; end < q->notice_count && q->notices[end].type == type; end++) {
	}
	*count = end - first;
	return q->notices ? q->notices + first : NULL;
}
