#include "book/evidence/names.h"
#include "core/sorted.h"

#include <stdlib.h>
#include <string.h>

/* A source, or a path of the logs that are read (source 0). */
struct named_file {
	int64_t source;
	char *path, *named, *also; /* also: of its records of this reading, if it is another one */
	bool by_rule, engine;
};

/* Records of a source with one name get another one. */
struct renaming {
	int64_t source;
	char *from, *to;
};

struct file_names {
	struct book *book;
	struct named_file *at; /* sources by number, then paths of logs */
	size_t count, room, sources;
	struct ingest_place *places;
	struct renaming *renamings;
	size_t renaming_count;
	struct ledger_intake *intake;
	struct fault *why;
};

static struct named_file *add_file(struct file_names *n, const char *path) {
	n->at = must_grow(n->at, n->count, &n->room, sizeof *n->at, 64);
	n->at[n->count] = (struct named_file){.path = must_copy(path)};
	return &n->at[n->count++];
}

static int add_source(void *names, const struct ledger_source *s) {
	struct named_file *f = add_file(names, s->path);

	f->source = s->id;
	f->named = must_copy(s->named);
	f->by_rule = s->by_rule;
	f->engine = s->records > 0;
	return 0;
}

static int add_log(void *names, const char *name, const struct ingest_found *found, const struct ingest_source *source) {
	(void)found, (void)source;
	if (strcmp(name, "-") != 0) {
		add_file(names, name);
	}
	return 0;
}

static void clear(struct file_names *n) {
	for (size_t i = 0; i < n->count; i++) {
		free(n->at[i].path);
		free(n->at[i].named);
		free(n->at[i].also);
	}
	ingest_places_free(n->places, n->count);
	n->places = NULL;
	n->count = 0;
}

static void find_places(struct file_names *n) {
	n->places = must_calloc(n->count + 1, sizeof *n->places);
	for (size_t i = 0; i < n->count; i++) {
		n->places[i].path = n->at[i].path;
		n->places[i].engine = n->at[i].source == 0 ? INGEST_ENGINE_UNKNOWN : n->at[i].engine ? INGEST_ENGINE : INGEST_NO_ENGINE;
	}
	ingest_find_places(n->places, n->count);
}

/* Nothing can change without logs and rules. */
static bool is_idle(const struct book *b, const struct logs *logs) {
	const struct name_rules *rules = b->fleet ? fleet_names(b->fleet) : NULL;

	return logs->options.source_count == 0 && (!rules || rules->count == 0);
}

int names_open(struct file_names **out, struct book *b, struct logs *logs, struct fault *why) {
	struct quality ignored; /* the reading itself reports what cannot be listed */

	if (is_idle(b, logs)) {
		return 0;
	}
	struct file_names *n = *out = must_calloc(1, sizeof *n);
	n->book = b;
	int rc = ledger_source_names(b->ledger, add_source, n, why);
	quality_init(&ignored);
	rc = rc < 0 ? rc : ingest_files(&logs->options, add_log, n, &ignored);
	quality_release(&ignored);
	find_places(n);
	logs->options.places = n->places;
	logs->options.place_count = n->count;
	return rc;
}

void names_add(struct file_names *n, int64_t source, const char *named) {
	if (n && named && named[0] != '\0') {
		n->renamings = must_grow_by_count(n->renamings, n->renaming_count, sizeof *n->renamings);
		n->renamings[n->renaming_count++] = (struct renaming){source, must_copy(named), NULL};
	}
}

static void forget_renamings(struct file_names *n) {
	for (size_t i = 0; i < n->renaming_count; i++) {
		free(n->renamings[i].from);
		free(n->renamings[i].to);
	}
	free(n->renamings);
	n->renamings = NULL;
	n->renaming_count = 0;
}

void names_close(struct file_names *n, struct logs *logs) {
	logs->options.places = NULL;
	if (n) {
		forget_renamings(n);
		clear(n);
		free(n->at);
		free(n);
	}
}

/* ---- renaming ---- */

static struct named_file *file_of(struct file_names *n, int64_t source) {
	size_t low = SORTED_FROM(n->at, n->count, struct named_file, source, source);

	return low < n->count && n->at[low].source == source ? &n->at[low] : NULL;
}

/* The names of this reading's records, with their sources as they are now. */
static void note_new_names(struct file_names *n) {
	for (size_t i = 0; i < n->renaming_count; i++) {
		struct named_file *f = file_of(n, n->renamings[i].source);
		if (f && strcmp(f->named, n->renamings[i].from) != 0) {
			free(f->also);
			f->also = must_copy(n->renamings[i].from);
		}
	}
	forget_renamings(n);
}

static void add_renaming(struct file_names *n, const struct named_file *f, const char *from, const char *to) {
	if (from && strcmp(from, to) != 0) {
		n->renamings = must_grow_by_count(n->renamings, n->renaming_count, sizeof *n->renamings);
		n->renamings[n->renaming_count++] = (struct renaming){f->source, must_copy(from), must_copy(to)};
	}
}

/* What each path means now, without a fleet file only where no rule was used. */
static int find_renamings(struct file_names *n, struct fault *why) {
	const struct book *b = n->book;
	const struct name_rules *rules = b->fleet ? fleet_names(b->fleet) : NULL;
	int rc = 0;

	for (size_t i = 0; i < n->count && rc >= 0; i++) {
		const struct named_file *f = &n->at[i];
		const struct ingest_place *p = f->named[0] != '\0' && (rules || !f->by_rule) ? ingest_place_of(n->places, n->count, f->path) : NULL;
		char to[INGEST_NAME_MAX];
		bool by_rule;
		if (!p) {
			continue;
		}
		ingest_name_of_place(p, rules, &by_rule, to);
		add_renaming(n, f, f->named, to);
		add_renaming(n, f, f->also, to);
		if (strcmp(f->named, to) != 0 || f->by_rule != by_rule) {
			rc = ledger_source_name(b->ledger, f->source, to, by_rule, why);
		}
	}
	return rc;
}

/* The rest of a replica's name after this one: "", "/1" of an engine, "#2"; NULL: it is another server. */
static const char *rest_after(struct text replica, const char *name) {
	struct text t = replica;

	return text_skip(&t, text_of(name)) && (t.len == 0 || *t.at == '/' || *t.at == '#') ? t.at : NULL;
}

static int move_record(void *names, const struct record *r, struct fault *why) {
	struct file_names *n = names;
	size_t low = SORTED_FROM(n->renamings, n->renaming_count, struct renaming, source, (int64_t)r->file);

	for (; low < n->renaming_count && n->renamings[low].source == (int64_t)r->file; low++) {
		const struct renaming *one = &n->renamings[low];
		const char *rest = rest_after(r->replica, one->from);
		char name[2 * INGEST_NAME_MAX];
		if (rest) {
			struct record moved = *r;
			int len = snprintf(name, sizeof name, "%s%.*s", one->to, (int)(r->replica.len - strlen(one->from)), rest);
			moved.replica = (struct text){name, len < (int)sizeof name ? (size_t)len : sizeof name - 1};
			int rc = ledger_intake_withdraw(n->intake, 0, r, why);
			return rc < 0 ? rc : ledger_intake_add(n->intake, 0, &moved, why);
		}
	}
	return 0;
}

struct segments {
	struct file_names *n;
	struct ledger_segment *at;
	size_t count, room;
};

/* Does a segment contain records that may be renamed? */
static int keep_segment(void *segments, const struct ledger_segment *s) {
	struct segments *all = segments;
	bool any = false;

	for (size_t i = 0; i < all->n->renaming_count && !any && !s->gone_run; i++) {
		any = rest_after(names_text(all->n->book->names, s->replica), all->n->renamings[i].from) != NULL;
	}
	if (any) {
		all->at = must_grow(all->at, all->count, &all->room, sizeof *all->at, 64);
		all->at[all->count++] = *s;
	}
	return 0;
}

static int move_records(struct file_names *n, struct fault *why) {
	struct segments all = {.n = n};
	struct ledger *l = n->book->ledger;
	int64_t period;
	int rc = ledger_segments(l, INT64_MIN, INT64_MAX, keep_segment, &all, why);

	for (size_t i = 0; i < all.count && rc >= 0; i++) {
		rc = ledger_period_at(l, all.at[i].day_ns, &period, why);
		rc = rc == 0 ? ledger_records(l, &all.at[i], move_record, n, why) : rc < 0 ? rc : 0;
	}
	free(all.at);
	return rc;
}

int names_settle(struct file_names *n, struct ledger_intake *in, struct fault *why) {
	int64_t records;

	if (!n) {
		return 0;
	}
	struct book *b = n->book;
	clear(n);
	int rc = ledger_source_names(b->ledger, add_source, n, why);
	find_places(n);
	note_new_names(n);
	rc = rc < 0 ? rc : find_renamings(n, why);
	if (rc < 0 || n->renaming_count == 0) {
		return rc;
	}
	n->intake = ledger_intake_new(b->names, 1);
	rc = move_records(n, why);
	rc = rc < 0 ? rc : ledger_intake_settle(b->ledger, n->intake, b->run.id, &records, why);
	ledger_intake_pass_on(n->intake, in);
	ledger_intake_free(n->intake);
	book_forget_spans(b); /* of other names */
	return rc;
}
