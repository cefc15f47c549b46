/* modelspec_read.h: reading model descriptions and GPU catalogues, key by key. Private to core/. */
#ifndef CORE_MODELSPEC_READ_H
#define CORE_MODELSPEC_READ_H

#include "core/json.h"
#include "core/model/modelspec.h"

/* A document, and where messages are written. */
struct spec_reader {
	const char *path;
	struct text bytes;
	struct json *json;
	struct fault *why;
};

/* "path:line:column: what"; returns ERROR_CONFIG. */
int spec_wrong(struct spec_reader *r, json_at at, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Parses; ERROR_CONFIG if the bytes are not a JSON object. `like` names a file to look at. */
int spec_parse(struct spec_reader *r, const char *like);

/* The value under a key, JSON_ABSENT also if it is null. */
json_at spec_get(struct spec_reader *r, json_at object, const char *key);

/* Is it a whole number from min to max? Anything else leaves *out unchanged. */
bool spec_in_range(const struct spec_reader *r, json_at v, int64_t min, int64_t max, int64_t *out);
/* A whole number of at least `min` and at most `max`. */
int spec_int(struct spec_reader *r, json_at object, const char *key, int64_t min, int64_t max, int64_t *out);
/* The same if it is there. Both leave *out unchanged where they do not read a number in this range. */
int spec_int_if(struct spec_reader *r, json_at object, const char *key, int64_t min, int64_t max, int64_t *out);
int spec_bool_if(struct spec_reader *r, json_at object, const char *key, bool *out);
/* A name without control characters, cut to fit. */
int spec_name(struct spec_reader *r, json_at v, char *out, size_t size);

/* Elements of one dimension. */
#define SPEC_DIM_MAX INT64_C(16777216)

/* A Hugging Face config.json at `root`. */
int modelspec_read_hf(struct spec_reader *r, json_at root, struct modelspec *m);
/* The header of a GGUF file. */
int modelspec_read_gguf(const char *path, struct text bytes, struct modelspec *m, struct fault *why);
/* quantization_config of such a file, in core/model/modelspec_quant.c. */
int modelspec_read_quant(struct spec_reader *r, json_at quant, struct modelspec *m);

#endif
