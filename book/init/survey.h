/* survey.h: what logs state about the servers that wrote them: names, models, GPUs. For users without a fleet file. */
#ifndef BOOK_SURVEY_H
#define BOOK_SURVEY_H

#include "book/settings.h"
#include "core/model/roofline.h"

struct survey_replica {
	name_id name, model; /* the first model that it served; 0: not stated */
	int64_t records;
	int64_t gpus;        /* 0: not stated */
	const char *stated;  /* its place: "vllm.log:12"; owned by the quality */
	const struct gpu *gpu; /* NULL: not stated */
	uint32_t file;       /* the first one with its records */
};

struct survey {
	struct names *names;
	struct survey_replica *at; /* by name */
	size_t count;
	int64_t from_ns;  /* first instant; INT64_MAX: none */
	int64_t gateway;  /* requests of gateways, which name no server */
	size_t files;
	struct quality quality;
	struct gpu_catalogue *cards;
	const struct gpu **card_of; /* of each file */
};

/* Reads the logs of the settings with one thread. 0, or negative with the fault set; released in both cases. */
int survey_logs(struct survey *s, const struct book_settings *set, const struct terminal *t, struct fault *why);
void survey_release(struct survey *s);

#endif
