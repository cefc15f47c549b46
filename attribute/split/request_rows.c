#include "attribute/split/request_rows.h"

#include <stdlib.h>

#include "core/exact.h"

struct request_rows {
	const struct names *names;
	struct spool *spool;
	struct row_buffer {
		char *at; /* a row being put together */
		size_t room;
	} *buffers; /* by lane */
	unsigned lanes;
};

static int compare(const void *context, const void *a_bytes, size_t a_len, const void *b_bytes, size_t b_len) {
	const struct names *n = context;
	const struct request_row *a = a_bytes, *b = b_bytes;
	int order = exact_order(a->at_ns, b->at_ns);

	order = order != 0 ? order : text_compare(request_row_id(a), request_row_id(b));
	order = order != 0 ? order : exact_order(a->finish_ns, b->finish_ns);
	/* the replica that decoded comes before the one that computed the prompt */
	order = order != 0 ? order : (int)b->part - (int)a->part;
	order = order != 0 ? order : text_compare(names_text(n, a->replica), names_text(n, b->replica));
	order = order != 0 ? order : text_compare(names_text(n, a->tenant), names_text(n, b->tenant));
	order = order != 0 ? order : text_compare(names_text(n, a->model), names_text(n, b->model));
	return order != 0 ? order : memcmp(a, b, a_len < b_len ? a_len : b_len);
}

struct request_rows *request_rows_new(const struct names *names, unsigned lanes, size_t memory_bytes) {
	struct request_rows *r = must_calloc(1, sizeof *r);

	r->names = names;
	r->spool = spool_new(lanes, memory_bytes, compare, names);
	r->buffers = must_calloc(lanes, sizeof *r->buffers);
	r->lanes = lanes;
	return r;
}

void request_rows_free(struct request_rows *r) {
	if (r) {
		spool_free(r->spool);
		for (unsigned i = 0; i < r->lanes; i++) {
			free(r->buffers[i].at);
		}
		free(r->buffers);
		free(r);
	}
}

int request_rows_put(struct request_rows *r, unsigned lane, const struct request_row *row, struct text id, struct fault *why) {
	size_t len = sizeof *row + id.len;
	struct row_buffer *buffer = &r->buffers[lane];

	if (buffer->room < len) {
		buffer->room = len + 64;
		buffer->at = must_realloc(buffer->at, buffer->room);
	}
	memcpy(buffer->at, row, sizeof *row);
	if (id.len > 0) {
		memcpy(buffer->at + sizeof *row, id.at, id.len);
	}
	return spool_add(r->spool, lane, buffer->at, len, why);
}

int request_rows_add(struct request_rows *r, unsigned lane, const struct active *a, const int64_t sd_ns[2], name_id replica,
                     name_id model, struct fault *why) {
	const struct request_item *q = &a->request;
	struct request_row row;

	memset(&row, 0, sizeof row);
	row.at_ns = q->head.at_ns;
	row.arrival_ns = q->arrival_ns;
	row.first_token_ns = q->first_token_ns;
	row.finish_ns = q->finish_ns;
	row.prefill_ns = a->prefill_ns;
	row.cached_ns = a->cached_ns;
	row.decode_ns = a->decode_ns;
	row.prefill_sd_ns = sd_ns[0];
	row.decode_sd_ns = sd_ns[1];
	row.input_money = a->input_money;
	row.output_money = a->output_money;
	row.replica = replica;
	row.model = model;
	row.tenant = q->tenant;
	row.prompt_tokens = q->prompt_tokens;
	row.cached_tokens = q->cached_tokens;
	row.completion_tokens = q->completion_tokens;
	row.id_len = q->id_len;
	row.part = q->part;
	row.grade = (uint8_t)a->grade;
	row.service = q->service;
	return request_rows_put(r, lane, &row, (struct text){a->id, q->id_len}, why);
}

int request_rows_add_rest(struct request_rows *r, unsigned lane, name_id replica, name_id model, const struct request_rest *prefill,
                          const struct request_rest *decode, struct fault *why) {
	struct request_row row;

	if (prefill->ns == 0 && decode->ns == 0) {
		return 0;
	}
	memset(&row, 0, sizeof row);
	row.at_ns = INT64_MAX;
	row.arrival_ns = row.first_token_ns = row.finish_ns = UNKNOWN;
	row.prefill_ns = prefill->ns;
	row.decode_ns = decode->ns;
	row.prefill_sd_ns = row.decode_sd_ns = UNKNOWN;
	row.input_money = prefill->money;
	row.output_money = decode->money;
	row.replica = replica;
	row.model = model;
	row.id_len = sizeof "(unattributed)" - 1;
	row.grade = (uint8_t)(prefill->grade == GRADE_NONE || (decode->grade != GRADE_NONE && decode->grade > prefill->grade)
	                          ? decode->grade
	                          : prefill->grade);
	return request_rows_put(r, lane, &row, T("(unattributed)"), why);
}

int request_rows_each(struct request_rows *r, request_row_sink *sink, void *context, struct fault *why) {
	struct spool_reader *reader;
	const void *item;
	size_t len;
	int got = 0, rc = spool_seal(r->spool, why);

	rc = rc < 0 ? rc : spool_reader_new(&reader, r->spool, why);
	if (rc < 0) {
		return rc;
	}
	while (rc >= 0 && (got = spool_next(reader, &item, &len, why)) > 0) {
		rc = sink(context, item, why);
	}
	spool_reader_free(reader);
	return rc < 0 ? rc : got;
}
