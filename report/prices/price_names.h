/* price_names.h: how names of models and providers are compared. Private to report/prices/. */
#ifndef REPORT_PRICE_NAMES_H
#define REPORT_PRICE_NAMES_H

#include "report/prices/prices.h"

#define NAME_MAX_BYTES 256

/* A name in lower case, in its own buffer. */
struct name {
	char bytes[NAME_MAX_BYTES];
	size_t len;
};

void name_lower(struct name *n, struct text t);
static inline struct text name_text(const struct name *n) {
	return (struct text){n->bytes, n->len};
}


/* A lower-case name without suffixes that do not mean another model: "-instruct", "-fp8". */
struct text name_reduced(struct text t);
/* "-8b", "-0.5b", "8x7b": a name of an open model, independent of the seller. */
bool name_has_size(struct text t);
/* Is it a name of an open model, in lower case? */
bool name_is_open(struct text name);
/* Removes a date; false if there is none. */
bool name_without_date(struct text *name);

/* Removes additions by a cloud, more with each step; false if a step changes nothing. */
#define NAME_CLOUD_STEPS 3
bool name_from_cloud(struct name *out, struct text name, int step);

/* "claude-sonnet-4.5" for "claude-sonnet-4-5", or the reverse: `sign` between the two digits of a version. */
void name_with_sign(struct name *out, struct text name, char sign);

/* The cloud that writes names like this: "bedrock", "vertex_ai", or "". */
struct text name_cloud(struct text name);

/*
 * Equal providers: with the same letters; known by both names; or "vertex_ai" and its branch
 * "vertex_ai-language-models".
 */
enum name_likeness { NAME_EQUAL, NAME_ALIAS, NAME_BRANCH };
bool name_is_provider(struct text id, struct text name, enum name_likeness likeness);

#endif
