/* name_rules.h: how a fleet file derives a replica's name from a path, or from a field of an envelope. */
#ifndef CORE_NAME_RULES_H
#define CORE_NAME_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "core/text.h"

/*
 * {"path": "/var/log/pods/{namespace}_{pod}_{uid}/{container}/0.log", "replica": "{pod}"}
 * {"field": "kubernetes.pod_name", "replica": "{value}"}
 * In a path, {word} and * match a part without "/", and ** anything. The pattern may begin at any folder of the path.
 */
struct name_rule {
	char *pattern; /* a path pattern, or the field's key with its levels joined by dots */
	char *replica; /* "{pod}", "{namespace}/{pod}", "gpu-{value}" */
	bool is_field;
};

struct name_rules {
	struct name_rule *at; /* the first that matches counts */
	size_t count;
};

/* NULL, or what is wrong with a rule after its texts are set: a {word} of its replica that the pattern lacks. */
const char *name_rule_wrong(const struct name_rule *rule);

/* Writes the name by the path rules to `out` (NUL-terminated); false if none matches, or the name does not fit. */
bool name_rules_path(const struct name_rules *rules, const char *path, char *out, size_t size);

/* Writes the name that a field rule derives from the field's value; false if it does not fit. */
bool name_rule_value(const struct name_rule *rule, struct text value, char *out, size_t size);

void name_rules_release(struct name_rules *rules);

#endif
