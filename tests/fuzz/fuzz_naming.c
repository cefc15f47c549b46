/* Any bytes as a path of logs and as rules of a fleet file (a line each: pattern, replica, path): names fit where they go. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/naming.h"
#include "tests/fuzz/fuzz_help.h"

static char *copy_line(struct text *rest) {
	struct text line = T("");

	fuzz_line(rest, &line);
	char *out = malloc(line.len + 1);
	assert(out);
	memcpy(out, line.at, line.len);
	out[line.len] = '\0';
	return out;
}

static void by_rules(char *pattern, char *replica, const char *path) {
	struct name_rule rule = {.pattern = pattern, .replica = replica};
	char name[SERVER_NAME_MAX];

	if (!name_rule_wrong(&rule)) {
		const struct name_rules rules = {.at = &rule, .count = 1};
		assert(!name_rules_path(&rules, path, name, sizeof name) || (strlen(name) > 0 && strlen(name) < sizeof name));
	}
	rule.is_field = true;
	if (!name_rule_wrong(&rule)) {
		name_rule_value(&rule, text_of(path), name, sizeof name);
	}
}

static void by_path(const char *path) {
	struct origin o = {0};
	char name[SERVER_NAME_MAX];

	naming_from_path(text_of(path), &o);
	assert(naming_of_origin(&o, 0, name) < sizeof name && naming_of_origin(&o, NAMING_ABOVE | NAMING_CONTAINER, name) < sizeof name);
	struct text t = naming_of_file(text_of(path)), a = naming_of_address(text_of(path));
	assert(t.len <= strlen(path) || text_eq(t, T("stdin")));
	assert(a.len <= strlen(path));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct text rest = fuzz_text(data, size);
	char *pattern = copy_line(&rest), *replica = copy_line(&rest), *path = copy_line(&rest);

	by_rules(pattern, replica, path);
	by_path(path);
	free(pattern);
	free(replica);
	free(path);
	return 0;
}
