/*
 * tenant_key.h: aliases of tenants, which cannot be reversed without the key: "t-" and 16 hex digits of HMAC-SHA-256
 * over the name. The same key results in the same alias on any night and machine.
 */
#ifndef CORE_TENANT_KEY_H
#define CORE_TENANT_KEY_H

#include "core/error.h"
#include "core/text.h"

#define TENANT_ALIAS_MAX 19

struct tenant_key;

/*
 * Reads a key: a file of 16 bytes to 4 KiB; leading and trailing spaces and line ends are not part of it. *open:
 * users outside the file's group can read it. ERROR_CONFIG: the file is not a key.
 */
int tenant_key_read(struct tenant_key **out, const char *path, bool *open, struct fault *why);
void tenant_key_free(struct tenant_key *k);

/* The alias of a name. The empty name has none, and "(unattributed)", which is not a tenant, is unchanged. */
struct text tenant_alias(const struct tenant_key *k, struct text name, char out[TENANT_ALIAS_MAX]);

/* The same with a cache of names; for one thread. Zero-initialise. The text is valid until the next call. */
struct tenant_aliases {
	struct {
		char name[48], alias[TENANT_ALIAS_MAX];
		unsigned char len; /* 0: free */
	} seen[128];
	char last[TENANT_ALIAS_MAX];
};
struct text tenant_alias_cached(struct tenant_aliases *a, const struct tenant_key *k, struct text name);

#endif
