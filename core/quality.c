#include "core/quality.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/error.h"
#include "core/exact.h"
#include "core/sorted.h"

void quality_init(struct quality *q) {
	*q = (struct quality){0};
}

static void free_reject(struct quality_reject *r) {
	free(r->reason);
	free(r->first);
}

void quality_release(struct quality *q) {
	for (size_t i = 0; i < q->reject_count; i++) {
		free_reject(&q->rejects[i]);
	}
	for (size_t i = 0; i < q->note_count; i++) {
		free_reject(&q->notes[i]);
	}
	for (size_t i = 0; i < q->damage_count; i++) {
		free(q->damages[i].file);
		free(q->damages[i].reason);
	}
	for (size_t i = 0; i < q->input_count; i++) {
		free(q->inputs[i].file);
		free(q->inputs[i].format);
	}
	for (size_t i = 0; i < q->warning_count; i++) {
		free(q->warnings[i]);
	}
	for (int i = 0; i < JOIN_TROUBLES; i++) {
		free(q->joins.first[i]);
	}
	quality_release_notices(q);
	quality_release_rows(q);
	free(q->rejects);
	free(q->notes);
	free(q->damages);
	free(q->inputs);
	free(q->warnings);
	quality_init(q);
}

static char *print(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *print(const char *format, ...) {
	va_list args;

	va_start(args, format);
	char *s = must_print(format, args);
	va_end(args);
	return s;
}

/* The number of reasons is bounded by the program's phrases: a linear search is enough. */
static struct quality_reject *reject_of(struct quality_reject **list, size_t *count, const char *reason) {
	for (size_t i = 0; i < *count; i++) {
		if (strcmp((*list)[i].reason, reason) == 0) {
			return &(*list)[i];
		}
	}
	*list = must_grow_by_count(*list, *count, sizeof **list);
	struct quality_reject *r = &(*list)[(*count)++];
	*r = (struct quality_reject){.reason = must_copy(reason), .first_rank = UINT64_MAX};
	return r;
}

static uint64_t rank_of(uint32_t file_index, uint64_t line) {
	const uint64_t file_max = (UINT64_C(1) << (64 - QUALITY_RANK_LINE_BITS)) - 1;
	const uint64_t line_max = (UINT64_C(1) << QUALITY_RANK_LINE_BITS) - 1;
	uint64_t file = file_index < file_max ? file_index : file_max;

	return file << QUALITY_RANK_LINE_BITS | (line < line_max ? line : line_max);
}

static void count_lines(struct quality_reject *r, int64_t lines, const char *file, uint32_t file_index, uint64_t line) {
	uint64_t rank = rank_of(file_index, line);

	r->lines += lines;
	if (!r->first || rank < r->first_rank) {
		free(r->first);
		r->first = print("%s:%" PRIu64, file, line);
		r->first_rank = rank;
	}
}

void quality_reject(struct quality *q, const char *reason, const char *file, uint32_t file_index, uint64_t line) {
	quality_reject_lines(q, reason, 1, file, file_index, line);
}

void quality_reject_lines(struct quality *q, const char *reason, int64_t lines, const char *file, uint32_t file_index, uint64_t line) {
	count_lines(reject_of(&q->rejects, &q->reject_count, reason), lines, file, file_index, line);
}

int64_t quality_rejected(const struct quality *q, const char *reason) {
	for (size_t i = 0; i < q->reject_count; i++) {
		if (strcmp(q->rejects[i].reason, reason) == 0) {
			return q->rejects[i].lines;
		}
	}
	return 0;
}

void quality_note(struct quality *q, const char *what, const char *file, uint32_t file_index, uint64_t line) {
	count_lines(reject_of(&q->notes, &q->note_count, what), 1, file, file_index, line);
}

void quality_report_notes(struct quality *q) {
	for (size_t i = 0; i < q->note_count; i++) {
		struct quality_reject *n = &q->notes[i];
		quality_warn(q, "%" PRId64 " %s: %s, first at %s", n->lines, n->lines == 1 ? "line" : "lines", n->reason, n->first);
		free_reject(n);
	}
	q->note_count = 0;
}

/* ---- requests in two logs ---- */

void quality_join_trouble(struct quality *q, enum join_trouble what, int64_t count, uint32_t file_index, uint64_t line) {
	struct quality_joins *j = &q->joins;
	uint64_t rank = rank_of(file_index, line);

	if (count > 0 && (j->count[what] == 0 || rank < j->first_rank[what])) {
		free(j->first[what]);
		j->first[what] = NULL;
		j->first_rank[what] = rank;
	}
	j->count[what] += count;
}

static uint64_t line_of(uint64_t rank) {
	return rank & ((UINT64_C(1) << QUALITY_RANK_LINE_BITS) - 1);
}

uint32_t quality_join_file(const struct quality *q, enum join_trouble what) {
	return (uint32_t)(q->joins.first_rank[what] >> QUALITY_RANK_LINE_BITS);
}

void quality_join_place(struct quality *q, enum join_trouble what, const char *file) {
	struct quality_joins *j = &q->joins;

	if (j->count[what] > 0 && !j->first[what]) {
		j->first[what] = print("%s:%" PRIu64, file, line_of(j->first_rank[what]));
	}
}

static void place_joins(struct quality *q) {
	for (int what = 0; what < JOIN_TROUBLES; what++) {
		for (size_t i = 0; i < q->input_count; i++) {
			if (q->inputs[i].index == quality_join_file(q, (enum join_trouble)what)) {
				quality_join_place(q, (enum join_trouble)what, q->inputs[i].file);
			}
		}
		quality_join_place(q, (enum join_trouble)what, "a log");
	}
}

void quality_report_joins(struct quality *q) {
	struct quality_joins *j = &q->joins;

	place_joins(q);
	if (j->count[JOIN_DIFFERING] > 0) {
		struct quality_reject *r = reject_of(&q->rejects, &q->reject_count, "token counts of a gateway are not the engine's");
		r->lines += j->count[JOIN_DIFFERING];
		if (!r->first) {
			r->first = must_copy(j->first[JOIN_DIFFERING]);
			r->first_rank = j->first_rank[JOIN_DIFFERING];
		}
	}
	bool none = j->joined == 0 && j->count[JOIN_GATEWAY_ONLY] > 0; /* the engines may report no requests at all */

	if (none) {
		quality_finding(q, "gateway-unmatched", NULL, NULL, QUALITY_NO_AMOUNT,
		                "none of %" PRId64 " requests of gateways (%" PRId64 " tokens) is among the %" PRId64 " requests of engines that have "
		                "no tenant: they are not counted (the first: %s); requests that name neither a replica nor a tenant are "
		                "treated as an engine's: give each its \"replica\", or the engines' own logs of requests", j->count[JOIN_GATEWAY_ONLY], j->gateway_only_tokens,
		                j->count[JOIN_ENGINE_ONLY], j->first[JOIN_GATEWAY_ONLY]);
	} else if (j->count[JOIN_GATEWAY_ONLY] > 0) {
		quality_warn(q, "%" PRId64 " of %" PRId64 " requests of gateways (%" PRId64 " tokens) are in no engine's log; they are not "
		             "counted (the first: %s)", j->count[JOIN_GATEWAY_ONLY], j->count[JOIN_GATEWAY_ONLY] + j->joined,
		             j->gateway_only_tokens, j->first[JOIN_GATEWAY_ONLY]);
	}
	if (!none && j->count[JOIN_ENGINE_ONLY] > 0 && j->joined + j->count[JOIN_GATEWAY_ONLY] > 0) {
		quality_warn(q, "%" PRId64 " requests of engines are in no gateway's log: they have no tenant (the first: %s)",
		             j->count[JOIN_ENGINE_ONLY], j->first[JOIN_ENGINE_ONLY]);
	}
	for (int i = 0; i < JOIN_TROUBLES; i++) {
		free(j->first[i]);
	}
	*j = (struct quality_joins){0};
	quality_report_counts(q);
}

static void merge_joins(struct quality_joins *to, struct quality_joins *from) {
	to->joined += from->joined;
	to->gateway_only_tokens += from->gateway_only_tokens;
	for (int i = 0; i < JOIN_TROUBLES; i++) {
		if (from->count[i] > 0 && (to->count[i] == 0 || from->first_rank[i] < to->first_rank[i])) {
			free(to->first[i]);
			to->first[i] = from->first[i];
			to->first_rank[i] = from->first_rank[i];
			from->first[i] = NULL;
		}
		to->count[i] += from->count[i];
	}
}

/* ---- damage and warnings ---- */

static void append_damage(struct quality *q, struct quality_damage d) {
	q->damages = must_grow_by_count(q->damages, q->damage_count, sizeof *q->damages);
	q->damages[q->damage_count++] = d;
}

void quality_damage(struct quality *q, const char *file, const char *reason, int64_t offset) {
	append_damage(q, (struct quality_damage){.file = must_copy(file), .reason = must_copy(reason), .offset = offset});
}

void quality_damage_healed(struct quality *q, const char *file) {
	size_t kept = 0;

	for (size_t i = 0; i < q->damage_count; i++) {
		struct quality_damage d = q->damages[i];
		if (strcmp(d.file, file) != 0) {
			q->damages[kept++] = d;
			continue;
		}
		free(d.file);
		free(d.reason);
	}
	q->damage_count = kept;
}

/* Inserted in order, as there may be one of a kind for each of many files. Takes ownership of `sentence`. */
static void insert_warning(struct quality *q, char *sentence) {
	size_t low = 0, high = q->warning_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(q->warnings[middle], sentence);
		if (order == 0) {
			free(sentence);
			return;
		}
		if (order < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	q->warnings = must_grow_by_count(q->warnings, q->warning_count, sizeof *q->warnings);
	memmove(q->warnings + low + 1, q->warnings + low, (q->warning_count - low) * sizeof *q->warnings);
	q->warnings[low] = sentence;
	q->warning_count++;
}

void quality_warn(struct quality *q, const char *format, ...) {
	va_list args;

	va_start(args, format);
	insert_warning(q, must_print(format, args));
	va_end(args);
}

/* Takes ownership of the strings. */
static void append_input(struct quality *q, const struct quality_input *in) {
	q->inputs = must_grow_by_count(q->inputs, q->input_count, sizeof *q->inputs);
	q->inputs[q->input_count++] = *in;
}

void quality_add_input(struct quality *q, const struct quality_input *in) {
	struct quality_input mine = *in;

	mine.file = must_copy(in->file);
	mine.format = must_copy(in->format ? in->format : "");
	append_input(q, &mine);
}

void quality_drop_input(struct quality *q, size_t at) {
	free(q->inputs[at].file);
	free(q->inputs[at].format);
	memmove(q->inputs + at, q->inputs + at + 1, (q->input_count - at - 1) * sizeof *q->inputs);
	q->input_count--;
}

static bool is_earlier(const struct quality_reject *a, const struct quality_reject *b) {
	if (!a->first || !b->first) {
		return a->first != NULL;
	}
	return a->first_rank < b->first_rank || (a->first_rank == b->first_rank && strcmp(a->first, b->first) < 0);
}

/* Moves the better values of `from`, frees the others. */
static void merge_reject(struct quality_reject *r, struct quality_reject *from) {

	r->lines += from->lines;
	if (is_earlier(from, r)) {
		char *later = r->first;
		r->first = from->first;
		r->first_rank = from->first_rank;
		from->first = later;
	}
	free_reject(from);
}

static void merge_counts(struct quality *to, const struct quality *from) {
	to->lines += from->lines;
	to->steps += from->steps;
	to->requests += from->requests;
	to->windows += from->windows;
	to->powers += from->powers;
	to->duplicates += from->duplicates;
	to->unknown_keys += from->unknown_keys;
}

void quality_merge(struct quality *to, struct quality *from) {
	merge_counts(to, from);
	merge_joins(&to->joins, &from->joins);
	quality_merge_rows(to, from);
	for (size_t i = 0; i < from->reject_count; i++) {
		merge_reject(reject_of(&to->rejects, &to->reject_count, from->rejects[i].reason), &from->rejects[i]);
	}
	for (size_t i = 0; i < from->note_count; i++) {
		merge_reject(reject_of(&to->notes, &to->note_count, from->notes[i].reason), &from->notes[i]);
	}
	for (size_t i = 0; i < from->damage_count; i++) {
		append_damage(to, from->damages[i]);
	}
	for (size_t i = 0; i < from->input_count; i++) {
		append_input(to, &from->inputs[i]);
	}
	for (size_t i = 0; i < from->warning_count; i++) {
		insert_warning(to, from->warnings[i]);
	}
	for (size_t i = 0; i < from->notice_count; i++) {
		quality_add_notice(to, &from->notices[i]);
	}
	/* The elements now belong to `to`; only the arrays are freed. */
	from->reject_count = from->note_count = from->damage_count = from->input_count = from->warning_count =
	        from->notice_count = 0;
	quality_release(from);
}

static int compare_rejects(const void *x, const void *y) {
	const struct quality_reject *a = x, *b = y;
	int by_lines = exact_order(b->lines, a->lines);

	return by_lines != 0 ? by_lines : strcmp(a->reason, b->reason);
}

static int compare_damages(const void *x, const void *y) {
	const struct quality_damage *a = x, *b = y;
	int c = strcmp(a->file, b->file);

	c = c != 0 ? c : exact_order(a->offset, b->offset);
	return c != 0 ? c : strcmp(a->reason, b->reason);
}

static int compare_inputs(const void *x, const void *y) {
	const struct quality_input *a = x, *b = y;
	int c = strcmp(a->file, b->file);

	/* The same name twice: standard input, or a file given twice while it was written to. */
	c = c != 0 ? c : exact_order(a->bytes, b->bytes);
	c = c != 0 ? c : strcmp(a->sha256, b->sha256);
	c = c != 0 ? c : strcmp(a->format, b->format);
	c = c != 0 ? c : exact_order(a->lines, b->lines);
	return c != 0 ? c : exact_order(a->records, b->records);
}

void quality_sort(struct quality *q) {
	/* Warnings are always in order. */
	sort_items(q->rejects, q->reject_count, sizeof *q->rejects, compare_rejects);
	sort_items(q->damages, q->damage_count, sizeof *q->damages, compare_damages);
	sort_items(q->inputs, q->input_count, sizeof *q->inputs, compare_inputs);
}

bool quality_has_findings(const struct quality *q) {
	size_t findings;

	quality_notices(q, NOTICE_FINDING, &findings);
	return findings > 0 || q->reject_count > 0 || q->damage_count > 0 || q->joins.count[JOIN_DIFFERING] > 0;
}
