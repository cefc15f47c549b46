#include "core/files/spool_source.h"

#include "core/error.h"

static int refill(struct spool_source *f, const struct temporary *file, struct fault *why) {
	size_t got;

	memmove(f->buffer, f->buffer + f->start, f->end - f->start);
	f->end -= f->start;
	f->start = 0;
	int error = temporary_read(file, &f->rest, f->buffer + f->end, f->room - f->end, &got, why);
	f->end += got;
	return error;
}

/* Makes `bytes` available in the buffer; the file must have them. */
static int have(struct spool_source *f, const struct temporary *file, size_t bytes, struct fault *why) {
	if (f->end - f->start >= bytes) {
		return 0;
	}
	if (bytes > f->room) {
		f->room = bytes;
		f->buffer = must_realloc(f->buffer, f->room);
	}
	int error = refill(f, file, why);
	if (!error && f->end - f->start < bytes) {
		error = fault_set(why, ERROR_IO, "%s: temporary data is damaged", file->folder);
	}
	return error;
}

int spool_source_advance_file(struct spool_source *f, const struct temporary *file, struct fault *why) {
	if (f->start == f->end && f->rest.at == f->rest.end) {
		return 0;
	}
	int error = have(f, file, PACKED_HEADER, why);
	if (!error) {
		error = have(f, file, packed_size(f->buffer + f->start), why);
	}
	if (error) {
		return error;
	}
	f->item = f->buffer + f->start;
	f->start += packed_size(f->item);
	return 1;
}

int spool_source_advance(struct spool_source *f, const struct temporary *file, struct fault *why) {
	if (!f->packed) {
		return spool_source_advance_file(f, file, why);
	}
	if (f->next == f->packed->count) {
		return 0;
	}
	f->item = packed_at(f->packed, f->next++);
	if (f->next + 2 < f->packed->count) {
		__builtin_prefetch(packed_at(f->packed, f->next + 2));
	}
	return 1;
}
