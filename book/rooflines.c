/* rooflines.c: the steps of a day under the rooflines of their GPUs, kept with its breakdowns where the fleet file describes models. */
#include <stdlib.h>

#include "book/book.h"
#include "core/files/files.h"

static int pass_on(const struct book_roof *roof, int64_t day_ns, struct text part, struct text json) {
	return roof->to->fit(roof->to->fits, day_ns, part, json);
}

int book_roof_fit(void *book_roof, int64_t day_ns, struct text part, struct text json) {
	struct book_roof *roof = book_roof;
	char *lines = NULL;
	size_t len = 0;

	if (!roof->pages.versus || !text_eq(part, T(BREAKDOWNS_PART)) || json.len == 0) {
		return pass_on(roof, day_ns, part, json);
	}
	FILE *out = open_memstream(&lines, &len);
	if (!out) {
		die_out_of_memory();
	}
	fprintf(out, "%.*s,\"roofline\":[", (int)json.len - 1, json.at);
	versus_keep_roof(roof->pages.versus, out);
	fputs("]}", out);
	memory_close(out, &lines);
	int rc = pass_on(roof, day_ns, part, (struct text){lines, len});
	free(lines);
	return rc;
}

int book_roof_start(struct book_roof *roof, struct book *b, const struct book_sinks *to, int64_t from_ns, int64_t to_ns, struct fault *why) {
	static const struct pages_settings none;

	*roof = (struct book_roof){.to = to};
	return to->fit && b->fleet ? pages_start(&roof->pages, &none, b->names, b->fleet, 1, from_ns, to_ns, why) : 0;
}
