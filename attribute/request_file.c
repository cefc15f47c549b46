/* request_file.c: the cost of every request as a file (--requests), also of rows that several tasks have. */
#include <stdio.h>
#include <stdlib.h>

#include "attribute/split/request_rows.h"
#include "core/files/csv.h"
#include "core/decimal.h"
#include "core/exact.h"
#include "core/json.h"
#include "core/files/files.h"
#include "core/files/pack.h"
#include "core/files/platform.h"

/* ---- cells ---- */

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
	bool formula = csv_is_formula(safe);
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
static int64_t time_per_output_token_ns(const struct request_row *r) {
	if (r->first_token_ns == UNKNOWN || r->finish_ns == UNKNOWN || r->completion_tokens < 2) {
		return UNKNOWN;
	}
	return (int64_t)exact_div(r->finish_ns - r->first_token_ns, (int128)r->completion_tokens - 1);
}

static void put_row(const struct names *names, const struct request_row *r, FILE *out) {
	static const char *const grades[GRADES] = {"A", "B", "C", "D", ""};
	bool rest = r->at_ns == INT64_MAX;
	int64_t ttft_ns = r->first_token_ns != UNKNOWN && r->arrival_ns != UNKNOWN ? r->first_token_ns - r->arrival_ns
	                                                                              : UNKNOWN;

	put_cell(out, request_row_id(r));
	put_cell(out, rest ? T("(unattributed)") : names_text(names, r->tenant));
	put_cell(out, names_text(names, r->model));
	put_cell(out, names_text(names, r->replica));
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

static bool same_request(const struct request_row *a, const struct request_row *b) {
	return a->part != b->part && a->part != PART_BOTH && b->part != PART_BOTH && a->at_ns == b->at_ns &&
	       a->finish_ns == b->finish_ns && text_eq(request_row_id(a), request_row_id(b));
}

/* `to` is the replica that decoded. */
static void join(struct request_row *to, const struct request_row *from) {
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

/* ---- the file ---- */

struct writing {
	const struct names *names;
	FILE *out;
	struct request_row *held; /* the last row, as the next one may be of the same request */
	size_t room;
	bool any;
};

static int add_row(void *writing, const struct request_row *row, struct fault *why) {
	struct writing *w = writing;
	size_t len = sizeof *row + row->id_len;

	(void)why;
	if (w->any && same_request(w->held, row)) {
		join(w->held, row);
		return 0;
	}
	if (w->any) {
		put_row(w->names, w->held, w->out);
	}
	if (w->room < len) {
		w->room = len + 256;
		w->held = must_realloc(w->held, w->room);
	}
	memcpy(w->held, row, len);
	w->any = true;
	return 0;
}

int request_rows_write(struct request_rows *r, const struct names *names, const char *path, struct fault *why) {
	struct outfile *file;
	struct writing w = {.names = names};
	int rc = outfile_open(&file, path, why);

	if (rc < 0) {
		return rc;
	}
	w.out = outfile_stream(file);
	fputs("id,tenant,model,replica,arrival_ns,first_token_ns,finish_ns,prompt_tokens,cached_tokens,"
	      "completion_tokens,prefill_gpu_ns,decode_gpu_ns,cost_input,cost_output,grade,cached_gpu_ns,ttft_ns,"
	      "time_per_output_token_ns,service,prefill_sd_gpu_ns,decode_sd_gpu_ns\n", w.out);
	rc = request_rows_each(r, add_row, &w, why);
	if (rc >= 0 && w.any) {
		put_row(names, w.held, w.out);
	}
	free(w.held);
	return outfile_end(file, rc, why);
}

/* ---- packed rows ---- */

#define IN(member) offsetof(struct request_row, member)
static const size_t instants[] = {IN(at_ns), IN(arrival_ns), IN(first_token_ns), IN(finish_ns), IN(prefill_ns), IN(cached_ns),
                                  IN(decode_ns), IN(prefill_sd_ns), IN(decode_sd_ns)};
static const size_t money[] = {IN(input_money), IN(output_money)};
static const size_t texts[] = {IN(replica), IN(model), IN(tenant)};
static const size_t counts[] = {IN(prompt_tokens), IN(cached_tokens), IN(completion_tokens)};
static const size_t bytes[] = {IN(part), IN(grade), IN(service)};
#define EACH(list) (size_t i = 0; i < sizeof(list) / sizeof *(list); i++)

struct packing {
	const struct names *names;
	packed_sink *sink;
	void *context;
};

static int pack_row(void *packing, const struct request_row *row, struct fault *why) {
	const struct packing *p = packing;
	const char *base = (const char *)row;
	char item[PACK_MAX], *at = item;

	for EACH(instants) {
		at = pack_i64(at, *(const int64_t *)(const void *)(base + instants[i]));
	}
	for EACH(money) {
		int128 amount;
		memcpy(&amount, base + money[i], sizeof amount);
		at = pack_i64(pack_i64(at, (int64_t)(amount >> 64)), (int64_t)(uint64_t)amount);
	}
	for EACH(texts) {
		at = pack_text(at, names_text(p->names, *(const name_id *)(const void *)(base + texts[i])));
	}
	for EACH(counts) {
		at = pack_i64(at, *(const uint32_t *)(const void *)(base + counts[i]));
	}
	for EACH(bytes) {
		at = pack_i64(at, *(const uint8_t *)(base + bytes[i]));
	}
	at = pack_text(at, request_row_id(row));
	return p->sink(p->context, (struct text){item, (size_t)(at - item)}, why);
}

int request_rows_pack(struct request_rows *r, const struct names *names, packed_sink *sink, void *context, struct fault *why) {
	struct packing p = {names, sink, context};

	return request_rows_each(r, pack_row, &p, why);
}

static bool unpack_row(struct text item, struct names *names, struct request_row *row, struct text *id) {
	char *base = (char *)row;
	bool whole = true;
	int64_t n = 0, low = 0;
	struct text name;

	memset(row, 0, sizeof *row);
	for EACH(instants) {
		whole = whole && unpack_i64(&item, (int64_t *)(void *)(base + instants[i]));
	}
	for EACH(money) {
		whole = whole && unpack_i64(&item, &n) && unpack_i64(&item, &low);
		int128 amount = (int128)((unsigned __int128)(uint64_t)n << 64 | (uint64_t)low);
		memcpy(base + money[i], &amount, sizeof amount);
	}
	for EACH(texts) {
		whole = whole && unpack_text(&item, &name);
		*(name_id *)(void *)(base + texts[i]) = whole ? names_id(names, name) : 0;
	}
	for EACH(counts) {
		whole = whole && unpack_i64(&item, &n) && n >= 0 && n <= UINT32_MAX;
		*(uint32_t *)(void *)(base + counts[i]) = (uint32_t)n;
	}
	for EACH(bytes) {
		whole = whole && unpack_i64(&item, &n) && n >= 0 && n < GRADES + SERVICES;
		*(uint8_t *)(base + bytes[i]) = (uint8_t)n;
	}
	return whole && unpack_text(&item, id) && row->part <= PART_DECODE && row->grade < GRADES && row->service < SERVICES;
}

int request_rows_unpack(struct request_rows *r, struct names *names, struct text item, struct fault *why) {
	struct request_row row;
	struct text id;

	if (!unpack_row(item, names, &row, &id)) {
		return fault_set(why, ERROR_CONFIG, "the cost of a request is damaged");
	}
	row.id_len = (uint32_t)id.len;
	return request_rows_put(r, 0, &row, id, why);
}
