/* book_fleet.c: the fleet file of a run, and the descriptions of models that it names, as the book keeps them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/book.h"

/* Where descriptions are looked up. */
struct kept {
	struct book *b;
	int64_t run;
};

static int document(struct book *b, int64_t run, const char *kind, int64_t seq, const char **path, char sha256[DIGEST_HEX_MAX],
                    struct fault *why) {
	const char *hash;
	int rc = ledger_run_document_get(b->ledger, run, kind, seq, path, &hash, why);

	if (rc > 0) {
		snprintf(sha256, DIGEST_HEX_MAX, "%s", hash);
	}
	return rc;
}

static int open_kept(void *kept, const char *name, struct text *bytes, struct fault *why) {
	const struct kept *k = kept;
	char sha256[DIGEST_HEX_MAX];
	const char *path;
	int rc;

	for (int64_t seq = 0; (rc = document(k->b, k->run, "description", seq, &path, sha256, why)) > 0; seq++) {
		if (strcmp(path, name) == 0) {
			rc = ledger_document_get(k->b->ledger, sha256, bytes, why);
			break;
		}
	}
	return rc < 0 ? rc : rc > 0 ? 0 : fault_set(why, ERROR_IO, "the book does not have %.200s", name);
}

int book_fleet_of_run(struct book *b, int64_t run, struct fault *why) {
	char sha256[DIGEST_HEX_MAX];
	const char *path;
	struct kept kept = {b, run};
	struct text bytes;
	int rc = document(b, run, "fleet", 0, &path, sha256, why);

	if (rc <= 0) { /* --gpu-hour: no cards are known */
		b->fleet = rc == 0 ? fleet_of_rate(0, b->names) : NULL;
		return rc;
	}
	char *name = strdup(path);
	rc = ledger_document_get(b->ledger, sha256, &bytes, why);
	if (rc > 0) {
		b->fleet = fleet_parse(name, bytes, open_kept, &kept, b->names, why);
		free((void *)(uintptr_t)bytes.at);
	}
	free(name);
	return rc < 0 ? rc : rc == 0 ? fault_set(why, ERROR_IO, "the book has no fleet file %s", sha256) : b->fleet ? 0 : ERROR_CONFIG;
}

int book_descriptions_of_run(struct book *b, int64_t run, char *out, size_t size, struct fault *why) {
	char sha256[DIGEST_HEX_MAX];
	const char *path;
	size_t len = 0;
	int rc;

	out[0] = '\0';
	for (int64_t seq = 0; (rc = document(b, run, "description", seq, &path, sha256, why)) > 0 && len + sizeof sha256 < size; seq++) {
		len += (size_t)snprintf(out + len, size - len, "%s%s", len > 0 ? " " : "", sha256);
	}
	return rc < 0 ? rc : 0;
}
