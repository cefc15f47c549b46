/* parallel.h: the number of GPUs of a server, from its engine's start-up lines. */
#ifndef INGEST_PARALLEL_H
#define INGEST_PARALLEL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/text.h"

/* All zero: nothing logged yet. */
struct parallel {
	int64_t tensor, pipeline, context, data; /* sizes; 0: not logged */
	int64_t devices;                /* llama.cpp: those in use; else the number found */
	int64_t ranks;                  /* of TensorRT-LLM's MPI */
	int64_t world;                  /* vLLM: processes of all data-parallel ranks, `data` of which are logged */
	uint64_t used, loaded;          /* llama.cpp: devices in use, and those with a part of the model, one bit each */
	int more;                       /* lines that may continue a start-up entry */
	bool begun;                     /* that entry has stated a size */
	bool attention_data;            /* SGLang: data-parallel attention shares the tensor-parallel GPUs */
};

/*
 * Reads a line that is not a record. True if it states sizes: *p is then what the engine uses from here on. Lines
 * that may contain user text are ignored.
 */
bool parallel_read(struct parallel *p, struct text line);

/*
 * GPUs of one replica: tensor x pipeline, times the data-parallel ranks that one line sums up (`added`: 1 if each
 * rank logs separately). 0: not logged.
 */
int64_t parallel_gpus(const struct parallel *p, int64_t added);

/* "tensor_parallel_size 2 x pipeline_parallel_size 2", truncated to fit. */
void parallel_describe(const struct parallel *p, char *out, size_t size);

#endif
