/* sources.c: logs by their content, and files as they were on disk. */
#include "ledger/book.h"

int ledger_source_heads(struct ledger *l, int64_t *lengths, size_t room, size_t *count, struct fault *why) {
	int rc = ask(l, Q_HEADS, NULL, 0, why);

	*count = 0;
	while (ask_row(l, Q_HEADS, &rc, why)) {
		if (*count < room) {
			lengths[(*count)++] = row_int(l, Q_HEADS, 0);
		}
	}
	return rc;
}

static void row_source(struct ledger *l, enum query q, struct ledger_source *out) {
	*out = (struct ledger_source){
		.id = row_int(l, q, 0),
		.path = row_keep(l, q, 1, 0),
		.format = row_keep(l, q, 2, 1),
		.head_bytes = row_int(l, q, 3),
		.bytes = row_int(l, q, 5),
		.lines = row_int(l, q, 8),
		.records = row_int(l, q, 9),
		.at_end = row_int(l, q, 10),
		.first_run = row_int(l, q, 11),
		.last_run = row_int(l, q, 12),
		.named = row_keep(l, q, 13, 3),
		.by_rule = row_int(l, q, 14) != 0,
		.zone = row_keep(l, q, 15, 4),
	};
	row_hash(l, q, 4, out->head);
	row_hash(l, q, 6, out->content);
	out->marks = (struct text){row_keep(l, q, 7, 2), row_text(l, q, 7).len};
}

static int all_sources(struct ledger *l, enum query q, int rc, ledger_source_sink *sink, void *context, struct fault *why) {
	struct ledger_source s;

	while (ask_row(l, q, &rc, why)) {
		row_source(l, q, &s);
		rc = sink(context, &s);
	}
	ask_end(l, q);
	return rc;
}

int ledger_sources_of_head(struct ledger *l, int64_t head_bytes, const char *head, ledger_source_sink *sink,
                           void *context, struct fault *why) {
	return all_sources(l, Q_SOURCES_OF_HEAD, ask(l, Q_SOURCES_OF_HEAD, VALUES(V_STR(head), V_INT(head_bytes)), why), sink, context, why);
}

int ledger_sources(struct ledger *l, ledger_source_sink *sink, void *context, struct fault *why) {
	return all_sources(l, Q_SOURCES, ask(l, Q_SOURCES, NULL, 0, why), sink, context, why);
}

int ledger_source_names(struct ledger *l, ledger_source_sink *sink, void *context, struct fault *why) {
	int rc = ask(l, Q_SOURCE_NAMES, NULL, 0, why);

	while (ask_row(l, Q_SOURCE_NAMES, &rc, why)) {
		rc = sink(context, &(struct ledger_source){.id = row_int(l, Q_SOURCE_NAMES, 0), .path = row_keep(l, Q_SOURCE_NAMES, 1, 0),
		                                           .named = row_keep(l, Q_SOURCE_NAMES, 2, 1), .by_rule = row_int(l, Q_SOURCE_NAMES, 3) != 0,
		                                           .records = row_int(l, Q_SOURCE_NAMES, 4), .zone = row_keep(l, Q_SOURCE_NAMES, 5, 2)});
	}
	ask_end(l, Q_SOURCE_NAMES);
	return rc;
}

int ledger_source_name(struct ledger *l, int64_t id, const char *named, bool by_rule, struct fault *why) {
	return ask_do(l, Q_SOURCE_NAMED, VALUES(V_INT(id), V_STR(named), V_INT(by_rule)), why);
}

int ledger_sources_unread(struct ledger *l, const char *version, int64_t **out, size_t *count, struct fault *why) {
	int rc = ask(l, Q_SOURCES_UNREAD, VALUES(V_STR(version)), why);

	while (ask_row(l, Q_SOURCES_UNREAD, &rc, why)) {
		*out = must_grow_by_count(*out, *count, sizeof **out);
		(*out)[(*count)++] = row_int(l, Q_SOURCES_UNREAD, 0);
	}
	return rc;
}

int ledger_source_forget(struct ledger *l, int64_t id, int64_t run, struct fault *why) {
	int rc = ask_do(l, Q_SOURCE_WAS, VALUES(V_INT(id), V_INT(run)), why);

	rc = rc < 0 ? rc : ask_do(l, Q_FILES_FORGET, VALUES(V_INT(id)), why);
	return rc < 0 ? rc : ask_do(l, Q_SOURCE_FORGET, VALUES(V_INT(id), V_INT(run), V_BLOB(T(""))), why);
}

int ledger_source_get(struct ledger *l, int64_t id, struct ledger_source *out, struct fault *why) {
	int rc = ask_first(l, Q_SOURCE_GET, VALUES(V_INT(id)), why);

	if (rc <= 0) {
		return rc;
	}
	row_source(l, Q_SOURCE_GET, out);
	ask_end(l, Q_SOURCE_GET);
	return 1;
}

int ledger_source_next(struct ledger *l, int64_t *id, struct fault *why) {
	int rc = ask_int(l, Q_SOURCE_NEXT, NULL, 0, id, why);

	return rc < 0 ? rc : 0;
}

int ledger_source_put(struct ledger *l, struct ledger_source *s, struct fault *why) {
	int rc = ask_do(l, Q_SOURCE_WAS, VALUES(V_INT(s->id), V_INT(s->last_run)), why);

	return rc < 0 ? rc : ask_do(l, Q_SOURCE_ADD,
	              VALUES(V_INT(s->id), V_STR(s->path), V_STR(s->format), V_INT(s->head_bytes), V_STR(s->head),
	                     V_INT(s->bytes), V_STR(s->content), V_BLOB(s->marks), V_INT(s->lines), V_INT(s->records),
	                     V_INT(s->at_end), V_INT(s->first_run), V_INT(s->last_run), V_STR(s->named ? s->named : ""), V_INT(s->by_rule), V_STR(s->zone ? s->zone : "")), why);
}

int ledger_file_known(struct ledger *l, const struct ledger_file *f, int64_t *source, struct fault *why) {
	int rc = ask_first(l, Q_FILE_KNOWN, VALUES(V_INT(f->device), V_INT(f->inode), V_INT(f->size), V_INT(f->mtime_ns)), why);

	if (rc <= 0) {
		return rc;
	}
	*source = row_int(l, Q_FILE_KNOWN, 0);
	ask_end(l, Q_FILE_KNOWN);
	return 1;
}

int ledger_files(struct ledger *l, ledger_file_sink *sink, void *context, struct fault *why) {
	int rc = ask(l, Q_FILES, NULL, 0, why);
	bool more = true;

	while (rc == 0 && more && (rc = ask_next(l, Q_FILES, why)) > 0) {
		const struct ledger_file f = {.device = row_int(l, Q_FILES, 0), .inode = row_int(l, Q_FILES, 1), .size = row_int(l, Q_FILES, 2),
		                              .mtime_ns = row_int(l, Q_FILES, 3)};
		more = sink(context, &f);
		rc = 0;
	}
	if (!more) {
		ask_end(l, Q_FILES);
	}
	return rc;
}

int ledger_file_whole(struct ledger *l, const char *path, struct fault *why) {
	int rc = ask_first(l, Q_FILE_WHOLE, VALUES(V_STR(path)), why);

	if (rc > 0) {
		ask_end(l, Q_FILE_WHOLE);
	}
	return rc;
}

int ledger_file_put(struct ledger *l, const struct ledger_file *f, int64_t run, struct fault *why) {
	return ask_do(l, Q_FILE_PUT,
	              VALUES(V_INT(f->device), V_INT(f->inode), V_INT(f->size), V_INT(f->mtime_ns), V_STR(f->path),
	                     V_STR(f->sha256), f->source > 0 ? V_INT(f->source) : V_NULL, V_INT(run)), why);
}
