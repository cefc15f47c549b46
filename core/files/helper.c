#include "core/files/helper.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct helper {
	helper_job *job;
	void *context;
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t change;
	bool busy, stop;
	int failed;
	struct fault why;
};

/* Waits for a job; false: there will be none. */
static bool next_job(struct helper *h) {
	pthread_mutex_lock(&h->lock);
	while (!h->busy && !h->stop) {
		pthread_cond_wait(&h->change, &h->lock);
	}
	bool busy = h->busy;
	pthread_mutex_unlock(&h->lock);
	return busy;
}

static void *do_jobs(void *helper) {
	struct helper *h = helper;

	while (next_job(h)) {
		struct fault why;
		int rc = h->job(h->context, &why);
		pthread_mutex_lock(&h->lock);
		if (rc < 0 && h->failed == 0) {
			h->failed = rc;
			h->why = why;
		}
		h->busy = false;
		pthread_cond_broadcast(&h->change);
		pthread_mutex_unlock(&h->lock);
	}
	return NULL;
}

static void release(struct helper *h) {
	pthread_mutex_destroy(&h->lock);
	pthread_cond_destroy(&h->change);
	free(h);
}

struct helper *helper_new(helper_job *job, void *context) {
	struct helper *h = must_calloc(1, sizeof *h);

	h->job = job;
	h->context = context;
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->change, NULL);
	if (pthread_create(&h->thread, NULL, do_jobs, h) != 0) {
		release(h);
		return NULL;
	}
	return h;
}

void helper_free(struct helper *h) {
	if (!h) {
		return;
	}
	pthread_mutex_lock(&h->lock);
	h->stop = true;
	pthread_cond_broadcast(&h->change);
	pthread_mutex_unlock(&h->lock);
	pthread_join(h->thread, NULL);
	release(h);
}

void helper_start(struct helper *h) {
	pthread_mutex_lock(&h->lock);
	h->busy = true;
	pthread_cond_broadcast(&h->change);
	pthread_mutex_unlock(&h->lock);
}

int helper_wait(struct helper *h, struct fault *why) {
	pthread_mutex_lock(&h->lock);
	while (h->busy) {
		pthread_cond_wait(&h->change, &h->lock);
	}
	int failed = h->failed;
	if (failed < 0) {
		*why = h->why;
	}
	pthread_mutex_unlock(&h->lock);
	return failed;
}

void crew_run(void *workers, unsigned count, size_t size, void *(*work)(void *worker)) {
	pthread_t *threads = must_calloc(count + 1, sizeof *threads);
	unsigned started = 1;

	while (started < count && pthread_create(&threads[started], NULL, work, (char *)workers + started * size) == 0) {
		started++;
	}
	work(workers);
	for (unsigned i = 1; i < started; i++) {
		pthread_join(threads[i], NULL);
	}
	free(threads);
}
