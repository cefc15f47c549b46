/* trtllm.h: shared by the parts of TensorRT-LLM's format; private to trtllm*.c. */
#ifndef INGEST_FORMATS_TRTLLM_H
#define INGEST_FORMATS_TRTLLM_H

#include "core/instant.h"
#include "ingest/formats/fields.h"

/* The previous row of Triton's in-flight batcher. Zero-initialise. */
struct triton {
	int64_t index, at_ns;
	bool busy; /* it had requests */
};

/* A row of it: glog's timestamp, and the JSON after the prefix. */
bool triton_row(struct text line, struct text *stamp, struct text *json);
enum parse_result triton_parse(struct parser *p, struct triton *before, struct text stamp, struct text json, int64_t stamp_ns,
                               struct record *out);

#endif
