#include "core/digest.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "core/error.h"

struct digest {
	EVP_MD_CTX *context;
};

static void start(struct digest *d) {
	/* Fails only where memory is short: SHA-256 is part of every provider. */
	if (EVP_DigestInit_ex(d->context, EVP_sha256(), NULL) != 1) {
		die_out_of_memory();
	}
}

struct digest *digest_new(void) {
	struct digest *d = must_calloc(1, sizeof *d);

	d->context = EVP_MD_CTX_new();
	if (!d->context) {
		die_out_of_memory();
	}
	start(d);
	return d;
}

void digest_free(struct digest *d) {
	if (d) {
		EVP_MD_CTX_free(d->context);
		free(d);
	}
}

void digest_add(struct digest *d, struct text bytes) {
	if (bytes.len > 0) {
		int rc = EVP_DigestUpdate(d->context, bytes.at, bytes.len);
		assert(rc == 1);
		(void)rc;
	}
}

void digest_finish(struct digest *d, char hex[DIGEST_HEX_MAX]) {
	static const char digits[] = "0123456789abcdef";
	unsigned char raw[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	int rc = EVP_DigestFinal_ex(d->context, raw, &len);
	assert(rc == 1 && len == (DIGEST_HEX_MAX - 1) / 2);
	(void)rc;
	for (unsigned i = 0; i < len; i++) {
		hex[2 * i] = digits[raw[i] >> 4];
		hex[2 * i + 1] = digits[raw[i] & 15];
	}
	hex[DIGEST_HEX_MAX - 1] = '\0';
	start(d);
}

void digest_peek(const struct digest *d, char hex[DIGEST_HEX_MAX]) {
	struct digest copy = {EVP_MD_CTX_new()};

	if (!copy.context || EVP_MD_CTX_copy_ex(copy.context, d->context) != 1) {
		die_out_of_memory();
	}
	digest_finish(&copy, hex);
	EVP_MD_CTX_free(copy.context);
}
