#include "core/digest.h"

#include <nettle/sha2.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/error.h"

struct digest {
	struct sha256_ctx context;
};

struct digest *digest_new(void) {
	struct digest *d = must_calloc(1, sizeof *d);

	sha256_init(&d->context);
	return d;
}

void digest_free(struct digest *d) {
	free(d);
}

void digest_add(struct digest *d, struct text bytes) {
	if (bytes.len > 0) {
		sha256_update(&d->context, bytes.len, (const uint8_t *)bytes.at);
	}
}

void digest_finish(struct digest *d, char hex[DIGEST_HEX_MAX]) {
	static const char digits[] = "0123456789abcdef";
	uint8_t raw[SHA256_DIGEST_SIZE];

	sha256_digest(&d->context, sizeof raw, raw);
	for (size_t i = 0; i < sizeof raw; i++) {
		hex[2 * i] = digits[raw[i] >> 4];
		hex[2 * i + 1] = digits[raw[i] & 15];
	}
	hex[DIGEST_HEX_MAX - 1] = '\0';
}

void digest_peek(const struct digest *d, char hex[DIGEST_HEX_MAX]) {
	struct digest copy = *d;

	digest_finish(&copy, hex);
}

void digest_of(struct text bytes, char hex[DIGEST_HEX_MAX]) {
	struct digest d;

	sha256_init(&d.context);
	digest_add(&d, bytes);
	digest_finish(&d, hex);
}
