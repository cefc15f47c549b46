/* request_rows.h: the cost of every request, as --requests writes it. Private to attribute/. */
#ifndef ATTRIBUTE_REQUEST_ROWS_H
#define ATTRIBUTE_REQUEST_ROWS_H

#include "attribute/flight/flight.h"

struct request_rows;

struct request_rows *request_rows_new(const struct names *names, unsigned lanes, size_t memory_bytes);
void request_rows_free(struct request_rows *r);

/*
 * A request has left a replica; `model` names it where the record does not. `sd_ns`: one standard deviation of its time
 * of prefill and of decode.
 */
int request_rows_add(struct request_rows *r, unsigned lane, const struct active *a, const int64_t sd_ns[2], name_id replica,
                     name_id model, struct fault *why);

/* GPU time of a phase that no request explains. */
struct request_rest {
	int64_t ns;
	int128 money; /* GPU-ns x nano per GPU-hour */
	enum grade grade;
};

/* One row "(unattributed)" for a replica, unless it is empty. */
int request_rows_add_rest(struct request_rows *r, unsigned lane, name_id replica, name_id model, const struct request_rest *prefill,
                          const struct request_rest *decode, struct fault *why);

/*
 * Writes the file, in the order of arrival, id and replica; two replicas' work for one request (one computed its
 * prompt, the other decoded) is one row. Written by rename, like all files.
 */
int request_rows_write(struct request_rows *r, const char *path, struct fault *why);

#endif
