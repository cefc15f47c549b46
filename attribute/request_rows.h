/* request_rows.h: the cost of every request, as --requests writes it. Private to attribute/. */
#ifndef ATTRIBUTE_REQUEST_ROWS_H
#define ATTRIBUTE_REQUEST_ROWS_H

#include "attribute/flight.h"

struct request_rows;

struct request_rows *request_rows_new(const struct names *names, size_t memory_bytes);
void request_rows_free(struct request_rows *r);

/* A request has left a replica; `model` names it where the record does not. */
int request_rows_add(struct request_rows *r, const struct active *a, name_id replica, name_id model,
                     struct fault *why);

/* GPU time of a replica that no request explains: rows "(unattributed)". */
int request_rows_add_rest(struct request_rows *r, name_id replica, name_id model, int64_t prefill_ns,
                          int64_t decode_ns, int128 input_money, int128 output_money, enum grade grade,
                          struct fault *why);

/*
 * Writes the file, in the order of arrival, id and replica; what two replicas did for one request
 * (one computed its prompt, the other decoded) is one row. By rename, as all files.
 */
int request_rows_write(struct request_rows *r, const char *path, struct fault *why);

#endif
