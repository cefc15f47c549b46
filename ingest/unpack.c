/* unpack.c: the decompressed bytes of a file, for callers that do not need records. */
#include "ingest/bytes/source.h"
#include "ingest/ingest.h"

bool ingest_unpack(const char *path, bool (*take)(void *context, struct text bytes), void *context, bool *packed) {
	struct source_limits limits = {.regular_only = true, .unhashed = true}; /* no waiting for files that are only examined */
	struct source *s;
	struct text block;
	struct fault why;

	*packed = false;
	if (source_open(&s, path, limits, &why) < 0) {
		return false;
	}
	*packed = source_packed(s);
	while (source_next(s, &block) && take(context, block)) {
	}
	const char *reason = source_damage(s).reason;
	bool fine = !reason || strcmp(reason, "read error") != 0;
	source_free(s);
	return fine;
}

struct first_bytes {
	char *at;
	size_t len, room;
};

static bool take_head(void *into, struct text bytes) {
	struct first_bytes *h = into;
	struct text part = text_cut(bytes, 0, h->room - h->len);

	memcpy(h->at + h->len, part.at, part.len);
	h->len += part.len;
	return h->len < h->room;
}

bool ingest_head(const char *path, char *out, size_t room, size_t *len, bool *packed) {
	struct first_bytes h = {.at = out, .room = room};
	bool fine = ingest_unpack(path, take_head, &h, packed);

	*len = h.len;
	return fine;
}
