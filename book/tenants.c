/* tenants.c: a book with aliases of tenants has one key: another one would split each tenant in two. */
#include <stdio.h>

#include "book/book.h"

#define KIND "tenants"

/* What the book stores of a key: the alias of a fixed name. The key cannot be derived from it. */
static int mark_of(const struct tenant_key *k, char out[64]) {
	char alias[TENANT_ALIAS_MAX];
	struct text t = tenant_alias(k, T("tollbook"), alias);

	return snprintf(out, 64, "tollbook.tenants.v1 %.*s\n", TEXT_ARG(t));
}

static int keep_mark(struct book *b, struct text mark, struct fault *why) {
	char sha256[DIGEST_HEX_MAX];
	int rc = ledger_document_put(b->ledger, mark, sha256, why);

	return rc < 0 ? rc : ledger_run_document(b->ledger, b->run.id, KIND, 0, "", sha256, why);
}

int book_check_tenants(struct book *b, const struct tenant_key *k, struct fault *why) {
	char mark[64] = "", known[DIGEST_HEX_MAX], hash[DIGEST_HEX_MAX];
	int len = k ? mark_of(k, mark) : 0, before = ledger_document_last(b->ledger, KIND, known, why);

	if (before <= 0) {
		if (before == 0 && k && b->run.id > 1) {
			quality_warn(&b->quality, "tenants get aliases from now on; those already in the book keep "
						  "their names");
		}
		return before < 0 || !k ? before : keep_mark(b, (struct text){mark, (size_t)len}, why);
	}
	digest_of((struct text){mark, (size_t)len}, hash);
	if (strcmp(hash, known) != 0) {
		return fault_set(why, ERROR_CONFIG, "this book has aliases for its tenants, and this is %s, expected "
						    "its original key",
		                 k ? "another key" : "no key for them (tenant_key, --tenant-key-file)");
	}
	return keep_mark(b, (struct text){mark, (size_t)len}, why);
}
