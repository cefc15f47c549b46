/* digest.h: SHA-256 as lower-case hex, over Nettle. */
#ifndef CORE_DIGEST_H
#define CORE_DIGEST_H

#include "core/text.h"

#define DIGEST_HEX_MAX 65

struct digest;
struct digest *digest_new(void);
void digest_free(struct digest *d);
void digest_add(struct digest *d, struct text bytes);
/* Writes 64 hex digits and a NUL, and resets. */
void digest_finish(struct digest *d, char hex[DIGEST_HEX_MAX]);

/* All of it at once. */
void digest_of(struct text bytes, char hex[DIGEST_HEX_MAX]);

/* The same for the bytes added so far; more can be added. */
void digest_peek(const struct digest *d, char hex[DIGEST_HEX_MAX]);

#endif
