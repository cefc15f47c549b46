#include "attribute/split/request_rows.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/decimal.h"
#include "core/exact.h"
#include "core/files/files.h"
#include "core/files/platform.h"
#include "core/json.h"

struct request_rows {
	const struct names *names;
	struct spool *spool;
	struct row_buffer {
		char *at; /* a row being put together */
		size_t room;
	} *buffers; /* by lane */
	unsigned lanes;
};

/* Items of a spool are aligned to 8 bytes. */
typedef int128 int128_in_spool __attribute__((aligned(8)));

/* One request on one replica. The id follows the struct. */
struct row {
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

static struct text id_of(const struct row *r) {
	return (struct text){(const char *)(r + 1), r->id_len};
}

static int compare(const void *context, const void *a_bytes, size_t a_len, const void *b_bytes, size_t b_len) {
	const struct names *n = context;
	const struct row *a = a_bytes, *b = b_bytes;
	int order = exact_order(a->at_ns, b->at_ns);

	order = order != 0 ? order : text_compare(id_of(a), id_of(b));
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

static int add(struct request_rows *r, unsigned lane, const struct row *row, struct text id, struct fault *why) {
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
	struct row row;

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
	return add(r, lane, &row, (struct text){a->id, q->id_len}, why);
}

int request_rows_add_rest(struct request_rows *r, unsigned lane, name_id replica, name_id model, const struct request_rest *prefill,
                          const struct request_rest *decode, struct fault *why) {
	struct row row;

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
	return add(r, lane, &row, T("(unattributed)"), why);
}

/* ---- writing ---- */

/* A row has some twenty cells, and a day millions of rows: avoids a lock per character. */
static void put(FILE *out, const char *s) {
	platform_put(s, out);
}

/* json_escape has put a backslash before each quote: CSV doubles the quote instead. */
static void put_quoted(FILE *out, const char *safe, bool formula) {
	put(out, formula ? "\"'" : "\"");
	for (const char *c = safe; *c; c++) {
		if (c[0] == '\\' && c[1] == '"') {
			put(out, "\"\"");
			c++;
		} else {
			putc_unlocked(*c, out);
		}
	}
	put(out, "\"");
}

static void put_cell(FILE *out, struct text t) {
	char small[1024], *safe = small;
	size_t size = 6 * t.len + 1;

	if (size > sizeof small) {
		safe = must_alloc(size);
	}
	json_escape(t, safe, size);
	bool formula = safe[0] != '\0' && strchr("=+-@", safe[0]) != NULL;
	if (formula || strpbrk(safe, "\",\\") != NULL) {
		put_quoted(out, safe, formula);
	} else {
		put(out, safe);
	}
	put(out, ",");
	if (safe != small) {
		free(safe);
	}
}

static void put_number_and(FILE *out, int64_t n, char end) {
	char digits[24], *at = digits + sizeof digits - 1;
	uint64_t rest = n < 0 ? -(uint64_t)n : (uint64_t)n;

	*at = '\0';
	*--at = end;
	for (; n != UNKNOWN && (rest > 0 || at[0] == end); rest /= 10) {
		*--at = (char)('0' + rest % 10);
	}
	if (n < 0 && n != UNKNOWN) {
		*--at = '-';
	}
	put(out, at);
}

static void put_number(FILE *out, int64_t n) {
	put_number_and(out, n, ',');
}

static void put_money(FILE *out, int128 money) {
	char buffer[DECIMAL_TEXT_MAX];

	put(out, decimal_format((int64_t)exact_div(money, NS_PER_HOUR), 9, buffer));
	put(out, ",");
}

/* Wall time of one output token after the first, as seen by the client. */
static int64_t time_per_output_token_ns(const struct row *r) {
	if (r->first_token_ns == UNKNOWN || r->finish_ns == UNKNOWN || r->completion_tokens < 2) {
		return UNKNOWN;
	}
	return (int64_t)exact_div(r->finish_ns - r->first_token_ns, (int128)r->completion_tokens - 1);
}

static void put_row(const struct request_rows *rows, const struct row *r, FILE *out) {
	static const char *const grades[GRADES] = {"A", "B", "C", "D", ""};
	bool rest = r->at_ns == INT64_MAX;
	int64_t ttft_ns = r->first_token_ns != UNKNOWN && r->arrival_ns != UNKNOWN ? r->first_token_ns - r->arrival_ns
	                                                                              : UNKNOWN;

	put_cell(out, id_of(r));
	put_cell(out, rest ? T("(unattributed)") : names_text(rows->names, r->tenant));
	put_cell(out, names_text(rows->names, r->model));
	put_cell(out, names_text(rows->names, r->replica));
	put_number(out, r->arrival_ns);
	put_number(out, r->first_token_ns);
	put_number(out, r->finish_ns);
	put_number(out, rest ? UNKNOWN : (int64_t)r->prompt_tokens);
	put_number(out, rest ? UNKNOWN : (int64_t)r->cached_tokens);
	put_number(out, rest ? UNKNOWN : (int64_t)r->completion_tokens);
	put_number(out, r->prefill_ns);
	put_number(out, r->decode_ns);
	put_money(out, r->input_money);
	put_money(out, r->output_money);
	put(out, grades[r->grade]);
	put(out, ",");
	put_number(out, r->cached_ns);
	put_number(out, ttft_ns);
	put_number(out, time_per_output_token_ns(r));
	put(out, rest ? "" : service_names[r->service].at);
	put(out, ",");
	put_number(out, r->prefill_sd_ns);
	put_number_and(out, r->decode_sd_ns, '\n');
}

static bool same_request(const struct row *a, const struct row *b) {
	return a->part != b->part && a->part != PART_BOTH && b->part != PART_BOTH && a->at_ns == b->at_ns &&
	       a->finish_ns == b->finish_ns && text_eq(id_of(a), id_of(b));
}

/* `to` is the replica that decoded. */
static void join(struct row *to, const struct row *from) {
	to->prefill_ns += from->prefill_ns;
	to->cached_ns += from->cached_ns;
	to->decode_ns += from->decode_ns;
	to->prefill_sd_ns += from->prefill_sd_ns;
	to->decode_sd_ns += from->decode_sd_ns;
	to->input_money += from->input_money;
	to->output_money += from->output_money;
	to->part = PART_BOTH;
	if (to->grade == GRADE_NONE || (from->grade != GRADE_NONE && from->grade > to->grade)) {
		to->grade = from->grade;
	}
}

static int put_rows(struct request_rows *r, struct spool_reader *reader, FILE *out, struct fault *why) {
	struct row *held = NULL;
	const void *item;
	size_t len, room = 0;
	bool any = false;
	int got;

	while ((got = spool_next(reader, &item, &len, why)) > 0) {
		if (any && same_request(held, item)) {
			join(held, item);
			continue;
		}
		if (any) {
			put_row(r, held, out);
		}
		if (room < len) {
			room = len + 256;
			held = must_realloc(held, room);
		}
		memcpy(held, item, len);
		any = true;
	}
	if (got == 0 && any) {
		put_row(r, held, out);
	}
	free(held);
	return got;
}

int request_rows_write(struct request_rows *r, const char *path, struct fault *why) {
	struct outfile *file;
	struct spool_reader *reader;
	int rc = spool_seal(r->spool, why);

	if (rc < 0 || (rc = outfile_open(&file, path, why)) < 0) {
		return rc;
	}
	rc = spool_reader_new(&reader, r->spool, why);
	if (rc >= 0) {
		fputs("id,tenant,model,replica,arrival_ns,first_token_ns,finish_ns,prompt_tokens,cached_tokens,"
		      "completion_tokens,prefill_gpu_ns,decode_gpu_ns,cost_input,cost_output,grade,cached_gpu_ns,ttft_ns,"
		      "time_per_output_token_ns,service,prefill_sd_gpu_ns,decode_sd_gpu_ns\n",
		      outfile_stream(file));
		rc = put_rows(r, reader, outfile_stream(file), why);
		spool_reader_free(reader);
	}
	if (rc < 0) {
		outfile_abandon(file);
		return rc;
	}
	return outfile_commit(file, why);
}
