/* init.h: tollbook init: a configuration and a fleet file from existing logs. */
#ifndef BOOK_INIT_H
#define BOOK_INIT_H

#include "book/settings.h"

struct init_settings {
	const char *folder; /* the folder for the files; NULL: the current one */
	const char *data;   /* an absolute path: the folder for the book and the reports; NULL: the files' */
	const char *gpu;    /* what the replicas run on; NULL: as logs state */
	int64_t gpu_hour_nano; /* its price; -1: not given */
	int64_t gpus;       /* GPUs per replica; 0: as logs state, else 1 */
	bool force;         /* existing files are replaced */
	bool night;         /* and the first night is run */
};

/*
 * Reads the logs of `set`, writes tollbook.conf and fleet.json, and checks them. EXIT_TIED_OUT; EXIT_FINDINGS where a rate is
 * a suggestion or left to fill in, or the night has findings; EXIT_FAILED without evidence; or negative.
 */
int init_run(const struct init_settings *asked, const struct book_settings *set, const struct terminal *t, struct fault *why);

#endif
