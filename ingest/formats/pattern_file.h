/* pattern_file.h: parsed patterns; private to pattern*.c. */
#ifndef INGEST_FORMATS_PATTERN_FILE_H
#define INGEST_FORMATS_PATTERN_FILE_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "ingest/formats/native.h"
#include "ingest/formats/pattern.h"

#define GROUPS_MAX 32

/* A named group, or a constant. */
struct binding {
	const struct field *field; /* NULL: `time` or `elapsed` */
	bool is_elapsed;
	uint32_t group;            /* its number; 0: a constant */
	struct text name, value;   /* in the bytes of the file; value: of the constant */
	int64_t unit_ns;           /* 0: none given */
};

struct pattern {
	const struct kind *kind;
	pcre2_code *code;
	struct text literal; /* in every line that matches: searched first; may be empty */
	char *literal_bytes;
	struct binding bindings[GROUPS_MAX];
	size_t binding_count;
};

struct ingest_patterns {
	char *bytes; /* of the file */
	struct pattern *at;
	size_t count;
};

#endif
