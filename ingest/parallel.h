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
	uint64_t tensor_ranks, pipeline_ranks; /* ranks that log, of one data-parallel rank: one bit each */
	int64_t data_rank;              /* that one + 1 */
	int64_t per_data_rank;          /* SGLang: GPUs of a data-parallel rank, as numbers of ranks show them */
	bool several;                   /* a rank has a number that only an engine with several GPUs prints */
	bool own_steps;                 /* TensorRT-LLM: ranks with steps of their own are servers of their own */
	bool shared;                    /* a device is a part of a GPU */
};

/*
 * Reads a line that is not a record. True if it states sizes: *p is then what the engine uses from here on. Lines
 * that may contain user text are ignored.
 */
bool parallel_read(struct parallel *p, struct text line);

/*
 * Reads the ranks in the label of a line, record or not: "(Worker_PP1_TP3 pid=9) ", "[2026-04-05 20:02:51 DP1 TP0] ". Not all
 * ranks may log: their number is the least that the server can have.
 */
bool parallel_read_label(struct parallel *p, struct text line);
/* GPUs of one replica by its labels; 0: no label states ranks. *counted: each rank has logged, as far as known. */
int64_t parallel_ranks(const struct parallel *p, bool *counted);

/*
 * GPUs of one replica: tensor x pipeline, times the data-parallel ranks that one line sums up (`added`: 1 if each
 * rank logs separately). 0: not logged.
 */
int64_t parallel_gpus(const struct parallel *p, int64_t added);

/* "tensor_parallel_size 2 x pipeline_parallel_size 2", truncated to fit. */
void parallel_describe(const struct parallel *p, char *out, size_t size);

#endif
