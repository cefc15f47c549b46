#include "core/tenant_key.h"

#include <nettle/hmac.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/files/files.h"
#include "core/files/platform.h"

#define KEY_MIN ((size_t)16)
#define KEY_MAX ((size_t)4096)

struct tenant_key {
	size_t len;
	unsigned char bytes[KEY_MAX];
};

static struct tenant_key *key_of(struct text t) {
	struct tenant_key *k = must_calloc(1, sizeof *k);

	k->len = t.len;
	memcpy(k->bytes, t.at, t.len);
	return k;
}

int tenant_key_read(struct tenant_key **out, const char *path, bool *open, struct fault *why) {
	struct stat st;
	struct text bytes;
	int rc = file_read(path, KEY_MAX, &bytes, why);

	*out = NULL;
	*open = false;
	if (rc < 0) {
		return ERROR_CONFIG;
	}
	struct text key = text_trim(bytes);
	if (key.len < KEY_MIN) {
		rc = fault_set(why, ERROR_CONFIG, "%s: not a tenant key, expected at least %zu bytes, for example "
						  "made by: head -c 32 /dev/urandom | base64", path, KEY_MIN);
	} else {
		*out = key_of(key);
		*open = stat(path, &st) == 0 && (st.st_mode & S_IROTH) != 0;
	}
	platform_wipe((char *)(uintptr_t)bytes.at, bytes.len);
	free((char *)(uintptr_t)bytes.at);
	return rc;
}

void tenant_key_free(struct tenant_key *k) {
	if (k) {
		platform_wipe(k, sizeof *k);
		free(k);
	}
}

struct text tenant_alias(const struct tenant_key *k, struct text name, char out[TENANT_ALIAS_MAX]) {
	static const char digits[] = "0123456789abcdef";
	struct hmac_sha256_ctx context;
	uint8_t raw[SHA256_DIGEST_SIZE];

	if (name.len == 0 || text_eq(name, T("(unattributed)"))) {
		return name;
	}
	hmac_sha256_set_key(&context, k->len, k->bytes);
	hmac_sha256_update(&context, name.len, (const uint8_t *)name.at);
	hmac_sha256_digest(&context, sizeof raw, raw);
	memcpy(out, "t-", 2);
	for (size_t i = 0; i < 8; i++) {
		out[2 + 2 * i] = digits[raw[i] >> 4];
		out[3 + 2 * i] = digits[raw[i] & 15];
	}
	out[TENANT_ALIAS_MAX - 1] = '\0';
	return (struct text){out, TENANT_ALIAS_MAX - 1};
}

struct text tenant_alias_cached(struct tenant_aliases *a, const struct tenant_key *k, struct text name) {
	size_t slot = text_hash(name) % (sizeof a->seen / sizeof *a->seen);

	if (name.len == 0 || name.len > sizeof a->seen[slot].name) {
		return tenant_alias(k, name, a->last);
	}
	if (!text_eq(name, (struct text){a->seen[slot].name, a->seen[slot].len})) {
		if (tenant_alias(k, name, a->seen[slot].alias).at == name.at) {
			a->seen[slot].len = 0;
			return name;
		}
		memcpy(a->seen[slot].name, name.at, name.len);
		a->seen[slot].len = (unsigned char)name.len;
	}
	memcpy(a->last, a->seen[slot].alias, sizeof a->last);
	return (struct text){a->last, TENANT_ALIAS_MAX - 1};
}
