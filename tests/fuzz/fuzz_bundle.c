/* Any bytes as a file of a plan's folder or of a book's records: an error that names the file, or items that can be written again. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/files/bundle.h"
#include "core/files/pack.h"
#include "ledger/segments/segment.h"
#include "tests/fuzz/fuzz_help.h"

/* Items that were read are packed to the same bytes, or are refused. */
static int look(void *context, struct text item, struct fault *why) {
	struct names *names = context;
	struct record record;
	struct entry entry;
	struct text rest = item;
	char *again = malloc(2 * item.len + 4096);

	(void)why;
	assert(again);
	if (record_unpack(&rest, &record)) {
		size_t len = record_pack(&record, again);
		struct text back = {again, len};
		struct record same;
		assert(record_unpack(&back, &same) && back.len == 0 && same.kind == record.kind && same.line == record.line);
	}
	rest = item;
	if (entry_unpack(&rest, names, &entry)) {
		struct text back = {again, entry_pack(&entry, names, again)};
		struct entry same;
		assert(entry_unpack(&back, names, &same) && back.len == 0 && same.gpu_ns == entry.gpu_ns && same.tokens == entry.tokens);
	}
	free(again);
	return 0;
}

static void read_bundle(const char *path) {
	struct bundle *b;
	struct bundle_part part;
	struct text notes = {0};
	struct fault why = {0};
	struct names *names = names_new();

	if (bundle_open(&b, path, &why) < 0) {
		assert(why.message[0]);
	} else {
		int rc = bundle_notes(b, &notes, &why);
		while (rc >= 0 && (rc = bundle_next(b, &part, &why)) > 0) {
			rc = bundle_read(b, &part, look, names, &why);
		}
		assert(rc >= 0 || why.message[0]);
		free((char *)(uintptr_t)notes.at);
		bundle_close(b);
	}
	names_free(names);
}

static void read_segment(const char *path) {
	struct segment_reader *s = NULL;
	struct text bytes;
	struct record record;
	struct fault why = {0};
	unsigned char again[SEGMENT_RECORD_MAX];
	int rc;

	if (segment_open(&s, path, &why) < 0) {
		assert(why.message[0]);
		return;
	}
	while ((rc = segment_next(s, &bytes, &why)) > 0) {
		if (segment_decode(bytes, 0, T("r"), &record)) {
			segment_encode(&record, 0, again);
		}
	}
	assert(rc == 0 || why.message[0]);
	segment_close(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	char path[64];
	int fd = fuzz_file(data, size, path);
	struct names *names = names_new();
	struct record record;
	struct fault why;

	read_bundle(path);
	read_segment(path);
	look(names, fuzz_text(data, size), &why);
	segment_decode(fuzz_text(data, size), 0, T("r"), &record);
	names_free(names);
	close(fd);
	return 0;
}
