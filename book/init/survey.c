#include "book/init/survey.h"

#include <stdlib.h>

#include "book/findings.h"

/* Engines print their GPUs when they start. */
#define HEAD_BYTES ((size_t)128 * 1024)

struct reading {
	struct survey *s;
	const struct terminal *terminal;
	size_t last; /* the replica of the previous record: logs have long runs of one server */
};

/* ---- GPUs ---- */

/* Up to the end of a name in logs: "NVIDIA H100 80GB HBM3, compute capability 9.0", "device_name=NVIDIA_H100.json". */
static struct text name_at(struct text line, size_t at) {
	size_t end = at;

	while (end < line.len && end < at + 64 && !strchr(",;|)\"'\t", line.at[end])) {
		end++;
	}
	struct text name = text_trim(text_cut(line, at, end));
	return text_ends(name, T(".json")) ? text_cut(name, 0, name.len - 5) : name;
}

/* The GPU named by a driver or an engine; NULL: none. */
static const struct gpu *card_in(const struct survey *s, struct text line) {
	static const char *const starts[] = {"NVIDIA ", "NVIDIA_", "GeForce ", "Tesla ", "AMD Instinct", "AMD Radeon", "Apple M"};
	const struct gpu *found = NULL;

	for (size_t i = 0; i < sizeof starts / sizeof *starts && !found; i++) {
		size_t at = text_find(line, text_of(starts[i]));
		found = at == SIZE_MAX ? NULL : gpu_find(s->cards, name_at(line, at));
	}
	return found;
}

static const struct gpu *card_of_file(const struct survey *s, const char *path) {
	char *head = must_alloc(HEAD_BYTES);
	const struct gpu *found = NULL;
	size_t len = 0;
	bool packed;

	if (ingest_head(path, head, HEAD_BYTES, &len, &packed)) {
		struct text rest = {head, len};
		while (rest.len > 0 && !found) {
			size_t end = text_find_byte(rest, '\n');
			end = end < rest.len ? end : rest.len;
			found = card_in(s, text_cut(rest, 0, end));
			rest = text_cut(rest, end + 1, rest.len);
		}
	}
	free(head);
	return found;
}

static int add_file(void *survey, const char *name, const struct ingest_found *found, const struct ingest_source *source) {
	struct survey *s = survey;

	(void)found;
	(void)source;
	s->card_of = must_realloc(s->card_of, (s->files + 1) * sizeof *s->card_of);
	s->card_of[s->files++] = card_of_file(s, name);
	return 0;
}

/* The only GPU of all files, which is then assumed for files without one. */
static const struct gpu *only_card(const struct survey *s) {
	const struct gpu *only = NULL;

	for (size_t i = 0; i < s->files; i++) {
		if (s->card_of[i] && only && s->card_of[i] != only) {
			return NULL;
		}
		only = s->card_of[i] ? s->card_of[i] : only;
	}
	return only;
}

/* ---- records ---- */

static struct survey_replica *replica_named(struct reading *r, name_id name) {
	struct survey *s = r->s;

	if (r->last < s->count && s->at[r->last].name == name) {
		return &s->at[r->last];
	}
	for (r->last = 0; r->last < s->count; r->last++) {
		if (s->at[r->last].name == name) {
			return &s->at[r->last];
		}
	}
	s->at = must_realloc(s->at, (s->count + 1) * sizeof *s->at);
	s->at[s->count] = (struct survey_replica){.name = name};
	return &s->at[s->count++];
}

/* A request without an instant is attributed from 1970-01-01 on. */
static int64_t start_of_request(const struct request *r) {
	if (r->arrival_ns != UNKNOWN) {
		return r->arrival_ns;
	}
	return r->finish_ns != UNKNOWN ? r->finish_ns : 0;
}

static int64_t start_of(const struct record *r) {
	switch (r->kind) {
	case RECORD_STEP: return r->step.start_ns;
	case RECORD_REQUEST: return start_of_request(&r->request);
	case RECORD_WINDOW: return r->window.start_ns;
	default: return r->power.at_ns;
	}
}

static int add_record(void *reading, unsigned lane, const struct record *record, struct fault *why) {
	struct reading *r = reading;
	struct survey *s = r->s;
	int64_t at_ns = start_of(record);

	(void)lane;
	if (terminal_stopped(r->terminal)) {
		return fault_set(why, ERROR_IO, "stopped by a signal; nothing was written");
	}
	s->from_ns = at_ns != UNKNOWN && at_ns < s->from_ns ? at_ns : s->from_ns;
	if (record->kind == RECORD_REQUEST && record->request.gateway) {
		s->gateway++;
		return 0;
	}
	if (record->kind == RECORD_POWER) {
		return 0; /* of a host with several named servers */
	}
	struct survey_replica *one = replica_named(r, names_id(s->names, record->replica));
	one->file = one->records++ == 0 ? record->file : one->file;
	one->model = one->model ? one->model : names_id(s->names, record->model);
	return 0;
}

/* ---- what start-up lines state ---- */

static void note_stated(struct survey *s) {
	size_t count;
	const struct quality_notice *n = quality_notices(&s->quality, NOTICE_ASSUMPTION, &count);

	for (size_t i = 0; i < count; i++) {
		const char *kind = n[i].field[NOTICE_KIND], *subject = n[i].field[NOTICE_SUBJECTS], *value = n[i].field[NOTICE_VALUE];
		for (size_t k = 0; kind && strcmp(kind, "gpus") == 0 && subject && value && k < s->count; k++) {
			if (s->at[k].gpus == 0 && text_eq(names_text(s->names, s->at[k].name), text_of(subject))) {
				(void)text_to_i64(text_of(value), &s->at[k].gpus);
				s->at[k].stated = n[i].field[NOTICE_SOURCE];
			}
		}
	}
}

static void note_gpus(struct survey *s) {
	const struct gpu *only = only_card(s);

	for (size_t i = 0; i < s->count; i++) {
		const struct gpu *own = s->at[i].file < s->files ? s->card_of[s->at[i].file] : NULL;
		s->at[i].gpu = own ? own : only;
	}
}

static void sort(struct survey *s) {
	for (size_t i = 1; i < s->count; i++) {
		struct survey_replica one = s->at[i];
		size_t k = i;
		for (; k > 0 && names_order(s->names, s->at[k - 1].name, one.name) > 0; k--) {
			s->at[k] = s->at[k - 1];
		}
		s->at[k] = one;
	}
}

int survey_logs(struct survey *s, const struct book_settings *set, const struct terminal *t, struct fault *why) {
	struct reading r = {.s = s, .terminal = t};
	struct logs logs = {0};
	struct quality ignored; /* a folder that cannot be listed is reported when it is read */

	*s = (struct survey){.names = names_new(), .from_ns = INT64_MAX};
	quality_init(&s->quality);
	int rc = gpu_catalogue_read(&s->cards, set->gpus_file, why);
	rc = rc == 0 ? settings_logs(set, t, &logs, why) : rc;
	if (rc == 0) {
		logs.options.threads = 1;
		quality_init(&ignored);
		(void)ingest_files(&logs.options, add_file, s, &ignored);
		quality_release(&ignored);
		rc = ingest_run(&logs.options, add_record, &r, &s->quality, why);
		findings_say_inputs(t, &s->quality);
	}
	if (rc == 0) {
		note_stated(s);
		note_gpus(s);
		sort(s);
	}
	logs_release(&logs);
	return rc;
}

void survey_release(struct survey *s) {
	free(s->card_of);
	free(s->at);
	quality_release(&s->quality);
	if (s->cards) {
		gpu_catalogue_free(s->cards);
	}
	if (s->names) {
		names_free(s->names);
	}
}
