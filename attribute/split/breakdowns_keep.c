/* The breakdowns of a day as JSON (tollbook.breakdowns.v1), stored in a ledger with its fits. */
#include <inttypes.h>
#include <stdlib.h>

#include "attribute/model/fits.h"
#include "attribute/split/breakdowns.h"
#include "core/files/files.h"
#include "core/instant.h"
#include "core/json.h"

struct keeping {
	FILE *out;
	const struct names *names;
	size_t rows;
	const char *lead;
};

static void open_row(struct keeping *k, name_id model) {
	fprintf(k->out, "%s[", k->lead);
	json_put_text(k->out, names_text(k->names, model));
	k->lead = ",";
	k->rows++;
}

static int keep_position(void *keeping, const struct position_row *r) {
	struct keeping *k = keeping;

	open_row(k, r->model);
	fprintf(k->out, ",%d,%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 "]", (int)r->kind, r->from_ntok, r->to_ntok, r->rate_nano, r->tokens, r->gpu_ns, r->prompt_over_ntok);
	return 0;
}

static int keep_rule(void *keeping, const struct rule_row *r) {
	struct keeping *k = keeping;

	open_row(k, r->model);
	fprintf(k->out, ",\"%s\",%" PRId64 ",%" PRId64 ",%" PRId64 "]", r->rule, r->rate_nano, r->prefill_gpu_ns, r->decode_gpu_ns);
	return 0;
}

static int keep_batch(void *keeping, const struct batch_row *r) {
	struct keeping *k = keeping;

	open_row(k, r->model);
	fprintf(k->out, ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 "]", r->from_sequences, r->to_sequences, r->rate_nano, r->steps, r->tokens,
	        r->decode_gpu_ns, r->step_ns);
	return 0;
}

static int keep_curve(void *keeping, const struct curve_row *r) {
	struct keeping *k = keeping;

	open_row(k, r->model);
	fprintf(k->out, ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 "]", r->sequences, r->steps, r->step_us, r->gpu_us);
	return 0;
}

static int write_all(struct breakdowns *x, struct attribution_fits *f, struct keeping *k, int64_t day_ns) {
	char day[INSTANT_TEXT_MAX];

	fprintf(k->out, "{\"schema\":\"tollbook.breakdowns.v1\",\"day\":\"%.10s\",\"positions\":[", instant_format(day_ns, day));
	int rc = breakdowns_each_position(x, keep_position, k);
	fputs("],\"rules\":[", k->out);
	k->lead = "";
	rc = rc < 0 ? rc : breakdowns_each_rule(x, keep_rule, k);
	fputs("],\"batches\":[", k->out);
	k->lead = "";
	rc = rc < 0 ? rc : breakdowns_each_batch(x, keep_batch, k);
	fputs("],\"curves\":[", k->out);
	k->lead = "";
	rc = rc < 0 ? rc : fits_each_curve(f, day_ns, day_ns + NS_PER_DAY, keep_curve, k);
	fputs("]}", k->out);
	return rc;
}

int breakdowns_keep(struct breakdowns *x, struct attribution_fits *f, const struct names *names, int64_t day_ns, fit_sink *sink, void *context) {
	char *lines = NULL;
	size_t len = 0;
	FILE *out = memory_open(&lines, &len);

	struct keeping k = {.out = out, .names = names, .lead = ""};
	int rc = write_all(x, f, &k, day_ns);
	memory_close(out, &lines);
	rc = rc < 0 || k.rows == 0 ? rc : sink(context, day_ns, T(BREAKDOWNS_PART), (struct text){lines, len});
	free(lines);
	return rc;
}
