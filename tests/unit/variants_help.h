/* variants_help.h: each value of JSON documents in turn absent, of each other type, negative, tiny, huge, of another unit. */
#ifndef TESTS_VARIANTS_HELP_H
#define TESTS_VARIANTS_HELP_H

#include "core/text.h"

/* `what` names the value and its replacement, for messages. */
typedef void variant_sink(void *context, struct text document, const char *what);

/* Keys whose values were changed already: zero-initialise, or NULL to change each value. */
struct variant_keys {
	uint64_t hash[256];
	size_t count;
};

/* False if the document is no JSON. Of the elements of an array, the first few are changed. */
bool variants_each(struct text document, struct variant_keys *keys, variant_sink *see, void *context);

#endif
