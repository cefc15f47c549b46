/*
 * load.h: an engine under a stream of requests: its batch, its busy time, waiting and service time of a request.
 *
 * Requests come at random (Poisson) and are the same: `prompt` tokens computed in chunks together with the decoding
 * sequences, then `output` tokens. With D others decoding, a sequence's token takes T(1 + D) / (1 - p), p being the
 * share of time that prompts add; D = rate x output x that (Little), solved for the smallest D. The engine is busy
 * while any request is in it: 1 - exp(-sequences). Near capacity requests wait as in a queue with as many servers as
 * the batch holds.
 */
#ifndef CORE_MODEL_LOAD_H
#define CORE_MODEL_LOAD_H

struct load_engine {
	double prompt, output; /* tokens of a request; prompt: those that are computed */
	double cached;         /* tokens of context before them */
	double chunk;          /* maximum of prompt tokens per step */
	double max_batch;      /* maximum of sequences at once */
	/* Wall time of a step in ns: P prompt tokens with A, D decoding sequences with K tokens of context. */
	double (*step_ns)(const void *context, double p, double a, double d, double k);
	const void *context;
};

struct load_point {
	double rate;     /* requests a second */
	double offered;  /* share of the capacity */
	double decoding; /* sequences that decode, mean over all time */
	double batch;    /* the same over the steps that decode */
	double at_work;  /* share of time */
	double prefill;  /* share of time that prompts take */
	double ttft_ms, token_ms, request_ms; /* of a request: to its first token, per further one, in all */
};

/* Maximum of requests per second. */
double load_capacity(const struct load_engine *e);
/* At a rate of at most the capacity; a higher one is treated as the capacity. */
void load_at(const struct load_engine *e, double rate, struct load_point *out);

#endif
