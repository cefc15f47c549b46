/* request_rows.h: the cost of every request, as --requests writes it. Private to attribute/. */
#ifndef ATTRIBUTE_REQUEST_ROWS_H
#define ATTRIBUTE_REQUEST_ROWS_H

#include "attribute/flight/flight.h"

/* Items of a spool are aligned to 8 bytes. */
typedef int128 int128_in_spool __attribute__((aligned(8)));

/* One request on one replica. The id follows the struct. */
struct request_row {
	int64_t at_ns; /* first known instant, by which rows are sorted; INT64_MAX for time that no request explains */
	int64_t arrival_ns, first_token_ns, finish_ns; /* or UNKNOWN */
	int64_t prefill_ns, cached_ns, decode_ns;
	int64_t prefill_sd_ns, decode_sd_ns; /* one standard deviation; UNKNOWN for time that no request explains */
	int128_in_spool input_money, output_money; /* GPU-ns x nano per GPU-hour */
	name_id replica, model, tenant;
	uint32_t prompt_tokens, cached_tokens, completion_tokens;
	uint32_t id_len;
	uint8_t part, grade, service;
};
static inline struct text request_row_id(const struct request_row *r) {
	return (struct text){(const char *)(r + 1), r->id_len};
}

/* request_rows_new and request_rows_free are in attribute.h */
int request_rows_put(struct request_rows *r, unsigned lane, const struct request_row *row, struct text id, struct fault *why);

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

/* No more rows: passes them on in the order of arrival, id and replica. Call once. */
typedef int request_row_sink(void *context, const struct request_row *row, struct fault *why);
int request_rows_each(struct request_rows *r, request_row_sink *sink, void *context, struct fault *why);

#endif
