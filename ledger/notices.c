#include "ledger/notices.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/files/files.h"
#include "core/instant.h"
#include "core/json.h"
#include "core/quality_lines.h"
#include "core/sorted.h"
#include "ledger/book.h"

#define OF_RUN INT64_MIN

static int put_line(struct ledger *l, int64_t run, const char *line, struct fault *why) {
	return ask_do(l, Q_WARNING_PUT, VALUES(V_INT(run), V_STR(line)), why);
}

static int put_one(struct ledger *l, int64_t run, int64_t day_ns, const struct quality_notice *n, struct fault *why) {
	char *line = NULL;
	size_t len;
	FILE *out = memory_open(&line, &len);

	quality_write_notice(n, out);
	memory_close(out, &line);
	line[len - 1] = '\0'; /* its newline */
	char *whole = must_alloc(len + 40);
	if (day_ns == OF_RUN) {
		snprintf(whole, len + 40, "%s", line);
	} else {
		snprintf(whole, len + 40, "{\"day\":%" PRId64 ",%s", day_ns, line + 1);
	}
	int rc = put_line(l, run, whole, why);
	free(whole);
	free(line);
	return rc;
}

int notices_put(struct ledger *l, int64_t run, const struct quality *q, struct fault *why) {
	int rc = 0;

	for (size_t i = 0; i < q->notice_count && rc == 0; i++) {
		rc = put_one(l, run, OF_RUN, &q->notices[i], why);
	}
	return rc;
}

int ledger_day_notices_put(struct ledger *l, int64_t run, int64_t day_ns, struct quality *day, struct fault *why) {
	char marker[40];

	snprintf(marker, sizeof marker, "{\"day\":%" PRId64 "}", day_ns);
	int rc = put_line(l, run, marker, why);
	for (size_t i = 0; i < day->notice_count && rc == 0; i++) {
		rc = put_one(l, run, day_ns, &day->notices[i], why);
	}
	return rc;
}

bool notices_add(struct notices *n, const char *sentence, int64_t run) {
	struct text t = text_of(sentence);
	int64_t day_ns = OF_RUN;

	if (text_skip(&t, T("{\"day\":"))) {
		text_take_i64(&t, &day_ns);
	} else if (!text_starts(t, T("{\"notice\":"))) {
		return false;
	}
	n->at = must_grow_by_count(n->at, n->count, sizeof *n->at);
	n->at[n->count++] = (struct notice_line){must_copy(sentence), run, day_ns};
	return true;
}

static int by_day(const void *a, const void *b) {
	const struct notice_line *x = a, *y = b;

	return x->day_ns != y->day_ns ? (x->day_ns < y->day_ns ? -1 : 1) : (x->run > y->run) - (x->run < y->run);
}

/* Is the line about the run, or about a day in the period? */
static bool is_in(const struct notice_line *l, int64_t from_ns, int64_t to_ns) {
	return l->day_ns == OF_RUN || ((from_ns == INT64_MIN || l->day_ns > from_ns - NS_PER_DAY) && l->day_ns < to_ns);
}

void notices_move_to(struct notices *n, int64_t from_ns, int64_t to_ns, struct quality *out) {
	struct json *j = json_new();

	sort_items(n->at, n->count, sizeof *n->at, by_day);
	for (size_t i = 0; i < n->count; i++) {
		size_t last = i;
		while (last + 1 < n->count && n->at[last + 1].day_ns == n->at[i].day_ns) {
			last++;
		}
		for (; i <= last; i++) {
			bool counts = n->at[i].day_ns == OF_RUN || n->at[i].run == n->at[last].run;
			if (counts && is_in(&n->at[i], from_ns, to_ns) && json_parse(j, text_of(n->at[i].line), NULL)) {
				quality_read_line(out, j);
			}
		}
		i = last;
	}
	for (size_t i = 0; i < n->count; i++) {
		free(n->at[i].line);
	}
	free(n->at);
	json_free(j);
	*n = (struct notices){0};
}

/* A log of which nothing is left in the book: ledger_source_forget. */
static bool is_forgotten(const struct quality_input *in) {
	return in->bytes == 0 && in->lines == 0;
}

/* Is a log in the book, with nothing in it? */
static bool is_still_empty(const struct quality *q, const char *file) {
	for (size_t i = 0; i < q->input_count; i++) {
		if (!is_forgotten(&q->inputs[i]) && strcmp(q->inputs[i].file, file) == 0) {
			return true;
		}
	}
	return false;
}

/* A file that contained nothing then, and contains records now, or is no longer in the book. */
static bool is_healed(const struct quality *q, const struct quality_notice *n) {
	const char *kind = n->field[NOTICE_KIND], *file = n->field[NOTICE_SUBJECTS];

	for (size_t i = 0; n->type == NOTICE_FINDING && kind && file && strcmp(kind, "empty-file") == 0 && i < q->input_count; i++) {
		const struct quality_input *in = &q->inputs[i];
		if (strcmp(in->file, file) == 0 && (in->records > 0 || (is_forgotten(in) && !is_still_empty(q, file)))) {
			return true;
		}
	}
	return false;
}

void notices_settle(struct quality *q) {
	for (size_t i = q->notice_count; i-- > 0;) {
		if (is_healed(q, &q->notices[i])) {
			quality_drop_notice(q, i);
		} else if (q->notices[i].type == NOTICE_FINDING) {
			quality_warn(q, "%s", q->notices[i].field[NOTICE_TEXT]);
		}
	}
	for (size_t i = q->input_count; i-- > 0;) {
		if (is_forgotten(&q->inputs[i])) {
			quality_damage_healed(q, q->inputs[i].file);
			quality_drop_input(q, i);
		}
	}
}
