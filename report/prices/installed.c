/* installed.c: the built-in catalogue (data/prices/README.md), and the newer one that replaces it. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/files/embedded.h"
#include "core/files/files.h"
#include "report/prices/prices.h"

/* Of data/prices/genai_prices.json; tests/unit/test_prices.c compares the hash. */
#define INSTALLED_DATE "2026-08-21"
#define INSTALLED_SHA256 "8d492df76c4ab7d129370ecb9e14f5b74d726f4c85557024d894dd03192b9712"
#define PATH_BYTES 4096

bool prices_update_path(char *out, size_t size) {
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	int len = data && data[0] == '/' ? snprintf(out, size, "%s/tollbook/prices.json", data)
	          : home && home[0] == '/' ? snprintf(out, size, "%s/.local/share/tollbook/prices.json", home)
	                                   : -1;

	return len > 0 && (size_t)len < size;
}

static int add_embedded(struct prices *p, struct fault *why) {
	struct text bytes = prices_embedded();
	struct price_source source = {.path = T("genai-prices"), .date = INSTALLED_DATE, .sha256 = INSTALLED_SHA256};
	int rc = prices_add_bytes(p, "genai-prices", bytes, &source, why);
	if (rc == 0) {
		prices_add_source(p, &source);
	}
	free((void *)(uintptr_t)bytes.at);
	return rc;
}

int prices_add_installed(struct prices *p, struct fault *why) {
	char path[PATH_BYTES];

	prices_set_installed(p);
	return prices_installed_path(path, sizeof path) ? prices_add_file(p, path, why) : add_embedded(p, why);
}

const char *prices_installed_path(char *out, size_t size) {
	return prices_update_path(out, size) && access(out, R_OK) == 0 ? out : NULL;
}

struct text prices_embedded(void) {
	return embedded_unpack(embedded_genai_prices_json_gz, embedded_genai_prices_json_gz_len);
}

void prices_set_installed(struct prices *p) {
	p->built_in = true;
}

bool prices_are_installed(const struct prices *p) {
	return p->built_in;
}

const char *prices_date_of(const struct prices *p, size_t i) {
	return i < p->source_count ? p->sources[i].date : "";
}

const char *prices_date(const struct prices *p) {
	return p->source_count > 0 ? p->sources[p->source_count - 1].date : "";
}
