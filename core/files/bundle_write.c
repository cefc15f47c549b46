/* bundle_write.c: writing; see bundle.h for the file format. */
#include <stdlib.h>
#include <zstd.h>

#include "core/digest.h"
#include "core/files/files.h"
#include "core/files/bundle_form.h"
#include "core/files/pack.h"

#define LEVEL 3

struct bundle_writer {
	struct outfile *file;
	ZSTD_CCtx *zstd;
	struct bundle_part part; /* the one being written; offset 0 is before the first one */
	char replica[PACK_TEXT_MAX];
	bool open;               /* a frame is open */
	int64_t at;              /* bytes written so far */
	char *index;
	size_t index_len, index_room;
	char packed[1 << 16];
};

int bundle_create(struct bundle_writer **out, const char *path, struct fault *why) {
	struct bundle_writer *w = must_calloc(1, sizeof *w);
	int rc = outfile_open(&w->file, path, why);

	if (rc < 0) {
		free(w);
		return rc;
	}
	w->zstd = ZSTD_createCCtx();
	if (!w->zstd) {
		die_out_of_memory();
	}
	ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_windowLog, BUNDLE_WINDOW_LOG);
	ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_checksumFlag, 1);
	*out = w;
	return 0;
}

static void writer_free(struct bundle_writer *w) {
	ZSTD_freeCCtx(w->zstd);
	free(w->index);
	free(w);
}

void bundle_abandon(struct bundle_writer *w) {
	if (w) {
		outfile_abandon(w->file);
		writer_free(w);
	}
}

/* Errors of the stream are stored and returned on commit. */
static void put(struct bundle_writer *w, const void *bytes, size_t len) {
	fwrite(bytes, 1, len, outfile_stream(w->file));
	w->at += (int64_t)len;
}

static int squeeze(struct bundle_writer *w, struct text t, ZSTD_EndDirective how, struct fault *why) {
	ZSTD_inBuffer in = {t.at, t.len, 0};
	size_t left;

	do {
		ZSTD_outBuffer out = {w->packed, sizeof w->packed, 0};
		left = ZSTD_compressStream2(w->zstd, &out, &in, how);
		if (ZSTD_isError(left)) {
			return fault_set(why, ERROR_IO, "zstd: %s", ZSTD_getErrorName(left));
		}
		put(w, w->packed, out.pos);
	} while (how == ZSTD_e_end ? left > 0 : in.pos < in.size);
	return ferror(outfile_stream(w->file)) ? outfile_failed(w->file, why) : 0;
}

static void index_add(struct bundle_writer *w) {
	if (w->index_room - w->index_len < PACK_MAX) {
		w->index_room = w->index_room * 2 + 2 * PACK_MAX;
		w->index = must_realloc(w->index, w->index_room);
	}
	char *at = w->index + w->index_len;
	at = pack_text(at, w->part.replica);
	at = pack_i64(pack_i64(pack_i64(at, w->part.offset), w->part.bytes), w->part.items);
	w->index_len = (size_t)(at - w->index);
}

static int end_part(struct bundle_writer *w, struct fault *why) {
	if (!w->open) {
		return 0;
	}
	int rc = squeeze(w, T(""), ZSTD_e_end, why);
	w->part.bytes = w->at - w->part.offset;
	w->open = false;
	index_add(w);
	return rc;
}

static int begin_part(struct bundle_writer *w, struct text replica, struct fault *why) {
	int rc = end_part(w, why);
	struct text kept = text_cut(replica, 0, PACK_TEXT_MAX);

	if (kept.len > 0) {
		memcpy(w->replica, kept.at, kept.len);
	}
	w->part = (struct bundle_part){.replica = {w->replica, kept.len}, .offset = w->at};
	w->open = true;
	return rc;
}

int bundle_add(struct bundle_writer *w, struct text replica, struct text item, struct fault *why) {
	char head[16];
	int rc = 0;

	if (!w->open || !text_eq(replica, w->part.replica)) {
		rc = begin_part(w, replica, why);
	}
	w->part.items++;
	size_t len = (size_t)(pack_i64(head, (int64_t)item.len) - head);
	rc = rc < 0 ? rc : squeeze(w, (struct text){head, len}, ZSTD_e_continue, why);
	return rc < 0 ? rc : squeeze(w, item, ZSTD_e_continue, why);
}

static void put_tail(struct bundle_writer *w, int64_t notes_at, int64_t index_at) {
	struct digest *d = digest_new();
	struct bundle_tail tail;
	char numbers[2 * BUNDLE_NUMBER], hex[DIGEST_HEX_MAX];

	memset(&tail, 0, sizeof tail);
	snprintf(numbers, sizeof numbers, BUNDLE_NUMBER_FORM, (long long)notes_at);
	memcpy(tail.notes_at, numbers, BUNDLE_NUMBER);
	snprintf(numbers, sizeof numbers, BUNDLE_NUMBER_FORM, (long long)index_at);
	memcpy(tail.index_at, numbers, BUNDLE_NUMBER);
	digest_add(d, (struct text){tail.notes_at, 2 * BUNDLE_NUMBER});
	digest_add(d, (struct text){w->index, w->index_len});
	digest_finish(d, hex);
	memcpy(tail.hash, hex, sizeof tail.hash);
	memcpy(tail.magic, BUNDLE_MAGIC, sizeof tail.magic);
	digest_free(d);
	put(w, &tail, sizeof tail);
}

int bundle_commit(struct bundle_writer *w, struct text notes, struct fault *why) {
	int rc = end_part(w, why);
	int64_t notes_at = w->at;

	rc = rc < 0 ? rc : squeeze(w, notes, ZSTD_e_end, why);
	if (rc >= 0) {
		int64_t index_at = w->at;
		put(w, w->index ? w->index : "", w->index_len);
		put_tail(w, notes_at, index_at);
		rc = outfile_commit(w->file, why);
	} else {
		outfile_abandon(w->file);
	}
	writer_free(w);
	return rc;
}
