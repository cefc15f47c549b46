/*
 * fits_text.c: fits as lines of text, tab-separated.
 *
 *   tollbook.fits.v4
 *   fit   MODEL  GPU  GPUS  ROLE  DAY_NS  LEVEL  UNFIT
 *   cell  KEY  STEPS  DURATION_US  DECODE  SUM ...  (a bin of the fit above; KEY, DECODE and SUMs in hexadecimal)
 *   rows  KIND  BUCKET  ROWS  SUM ...            (of the same; sums over requests and windows, see aggregates.h)
 *   work  TOTAL ...                              (of the same)
 *   rebuilt  BUCKET  ROWS  SUM ...               (of the same; from rebuilt steps, see rebuilt.h)
 *   replayed  TOTAL ...                          (of the same)
 *   counted  BUDGET  BUCKET  ROWS  SUM ...       (of the same; from windows of engines that count steps, see counted.h)
 *   counts  STEPS  NS  LONG  SUM ...                   (of the same; by budget: prefill, steps with prompts, all)
 *   gauged  KIND  BUCKET  ROWS  SUM ...          (of the same; from windows with gauges, see gauged.h)
 *   gauges  TOTAL ...                            (of the same)
 *
 * Names are percent-encoded where a byte is a control character, a tab or '%'.
 */
#include <stdlib.h>
#include <string.h>

#include "attribute/model/fits_private.h"
#include "core/files/files.h"
#include "core/error.h"

#define HEADER "tollbook.fits.v4"
#define NAME_MAX_BYTES 4096

static const char *const role_words[] = {"mixed", "prefill", "decode"};

/* ---- writing ---- */

static void write_name(struct text name, FILE *out) {
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.at[i];
		fprintf(out, c < 0x20 || c == 0x7f || c == '%' ? "%%%02x" : "%c", c);
	}
}

static void write_fit(const struct attribution_fits *f, const struct fit *fit, unsigned level, FILE *out) {
	fputs("fit\t", out);
	write_name(names_text(f->names, fit->key.model), out);
	fputc('\t', out);
	write_name(names_text(f->names, fit->key.gpu), out);
	fprintf(out, "\t%lld\t%s\t%lld\t%u\t%lld\n", (long long)fit->key.gpus_per_replica, role_words[fit->key.role],
	        (long long)fit->key.day_ns, level, (long long)fit->unfit);
}

static void write_sum(int128 sum, FILE *out) {
	unsigned long long high = (unsigned long long)((unsigned __int128)sum >> 64), low = (unsigned long long)sum;

	if (high > 0) {
		fprintf(out, "\t%llx%016llx", high, low);
	} else {
		fprintf(out, "\t%llx", low);
	}
}

static void write_sums(const int128 *sums, int count, FILE *out) {
	for (int i = 0; i < count; i++) {
		write_sum(sums[i], out);
	}
	fputc('\n', out);
}

static void write_bin(const struct step_bin *c, FILE *out) {
	fprintf(out, "cell\t%llx\t%lld\t%lld", (unsigned long long)c->key, (long long)c->steps, (long long)c->duration_us);
	write_sum(c->decode_sum, out);
	write_sums(c->sums, BIN_SUMS, out);
}

static void write_aggregates(const struct aggregates *r, FILE *out) {
	for (int kind = 0; kind < AGGREGATE_KINDS; kind++) {
		for (int b = 0; b < AGGREGATE_BUCKETS; b++) {
			const struct aggregate_rows *rows = &r->buckets[kind][b];
			if (rows->rows > 0) {
				fprintf(out, "rows\t%d\t%d\t%lld", kind, b, (long long)rows->rows);
				write_sums(rows->sums, AGGREGATE_SUMS, out);
			}
		}
	}
	fputs("work", out);
	write_sums(r->totals, AGGREGATE_TOTALS, out);
}

static void write_rebuilt(const struct rebuilt *r, FILE *out) {
	for (int b = 0; b < REBUILT_BUCKETS && r; b++) {
		if (r->buckets[b].rows > 0) {
			fprintf(out, "rebuilt\t%d\t%lld", b, (long long)r->buckets[b].rows);
			write_sums(r->buckets[b].sums, REBUILT_PRODUCTS, out);
		}
	}
	if (r) {
		fputs("replayed", out);
		write_sums(r->totals, REBUILT_TOTALS, out);
	}
}

#define COUNTED_LISTS 6
#define COUNTED_SUMS (6 + COUNTED_LATENCIES + COUNTED_BUDGETS * (COUNTED_LISTS * COUNTED_TERMS + 2))

static void pack_counts(const struct counted *c, int128 sums[COUNTED_SUMS]) {
	int128 *at = sums;

	*at++ = c->steps;
	*at++ = c->steps_ns;
	*at++ = c->length_ns;
	*at++ = c->long_ns;
	*at++ = c->unseen_ns;
	*at++ = c->latencies;
	memcpy(at, c->within, sizeof c->within);
	at += COUNTED_LATENCIES;
	for (int k = 0; k < COUNTED_BUDGETS; k++) {
		const int128 *const lists[] = {c->by[k].prefill, c->by[k].decode, c->by[k].mixed, c->by[k].all, c->by[k].fast, c->by[k].slow};
		for (int l = 0; l < COUNTED_LISTS; l++, at += COUNTED_TERMS) {
			memcpy(at, lists[l], COUNTED_TERMS * sizeof *at);
		}
		*at++ = c->by[k].beyond;
		*at++ = c->by[k].room;
	}
}

static void write_counted(const struct counted *c, FILE *out) {
	int128 sums[COUNTED_SUMS];

	if (!c) {
		return;
	}
	for (int k = 0; k < COUNTED_BUDGETS; k++) {
		for (int b = 0; b < COUNTED_BUCKETS; b++) {
			const struct counted_rows *rows = &c->by[k].buckets[b];
			if (rows->rows > 0) {
				fprintf(out, "counted\t%d\t%d\t%lld", k, b, (long long)rows->rows);
				write_sums(rows->sums, COUNTED_PRODUCTS, out);
			}
		}
	}
	pack_counts(c, sums);
	fputs("counts", out);
	write_sums(sums, COUNTED_SUMS, out);
}

static void write_gauged(const struct gauged *g, FILE *out) {
	int128 totals[GAUGED_TOTALS];

	for (int kind = 0; kind < GAUGED_KINDS && g; kind++) {
		for (int b = 0; b < GAUGED_BUCKETS; b++) {
			const struct gauged_rows *rows = &g->buckets[kind][b];
			if (rows->rows > 0) {
				fprintf(out, "gauged\t%d\t%d\t%lld", kind, b, (long long)rows->rows);
				write_sums(rows->sums, GAUGED_SUMS, out);
			}
		}
	}
	if (g) {
		gauged_pack(g, totals);
		fputs("gauges", out);
		write_sums(totals, GAUGED_TOTALS, out);
	}
}

void fit_hash(const struct fit *fit, const struct step_bins *c, char hash[DIGEST_HEX_MAX]) {
	struct digest *d = digest_new();
	const struct step_bin **bins = bins_sorted(c);

	for (unsigned j = 0; j < c->count + (fit->aggregates != NULL); j++) {
		char *line = NULL;
		size_t len = 0;
		FILE *out = memory_open(&line, &len);
		if (j < c->count) {
			write_bin(bins[j], out);
		} else {
			write_aggregates(fit->aggregates, out);
			write_rebuilt(fit->aggregates->rebuilt, out);
			write_counted(fit->aggregates->counted, out);
			write_gauged(fit->aggregates->gauged, out);
		}
		memory_close(out, &line);
		digest_add(d, (struct text){line, len});
		free(line);
	}
	digest_finish(d, hash);
	digest_free(d);
	free(bins);
}

struct writing {
	const struct attribution_fits *fits;
	FILE *out;
};

static void write_all(void *writing, struct fit *fit, const struct step_bins *c) {
	struct writing *w = writing;

	if (c->count == 0 && fit->unfit == 0 && !fit->aggregates) {
		return;
	}
	const struct step_bin **bins = bins_sorted(c);
	write_fit(w->fits, fit, c->level, w->out);
	for (unsigned j = 0; j < c->count; j++) {
		write_bin(bins[j], w->out);
	}
	free(bins);
	if (fit->aggregates) {
		write_aggregates(fit->aggregates, w->out);
		write_rebuilt(fit->aggregates->rebuilt, w->out);
		write_counted(fit->aggregates->counted, w->out);
		write_gauged(fit->aggregates->gauged, w->out);
	}
}

int attribution_fits_write(struct attribution_fits *f, FILE *out, struct fault *why) {
	struct writing w = {f, out};

	fputs(HEADER "\n", out);
	int rc = fits_each(f, write_all, &w, why);
	return rc >= 0 && ferror(out) ? fault_set(why, ERROR_IO, "could not write the fits") : rc;
}

/* ---- reading ---- */

struct reading {
	struct attribution_fits *fits;
	struct fit *fit; /* of the last "fit" line */
	unsigned level;
	struct text rest; /* of the line */
};

/* The next field of the line. */
static struct text field(struct reading *r) {
	const char *tab = r->rest.len > 0 ? memchr(r->rest.at, '\t', r->rest.len) : NULL;
	struct text got = {r->rest.at, tab ? (size_t)(tab - r->rest.at) : r->rest.len};
	size_t used = got.len + (tab != NULL);

	r->rest = (struct text){r->rest.at + used, r->rest.len - used};
	return got;
}

static int digit_of(char c) {
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

/* Digits of `base`, below 2^127. */
static bool read_number(struct text t, int base, int128 *out) {
	const int128 most = (int128)(((unsigned __int128)1 << 127) - 1);

	*out = 0;
	for (size_t i = 0; i < t.len; i++) {
		int digit = digit_of(t.at[i]);
		if (digit >= base || *out > (most - digit) / base) {
			return false;
		}
		*out = *out * base + digit;
	}
	return t.len > 0;
}

static bool read_count(struct reading *r, int64_t *out) {
	struct text t = field(r);
	bool minus = t.len > 1 && t.at[0] == '-';
	int128 got;

	if (minus) {
		t = (struct text){t.at + 1, t.len - 1};
	}
	if (!read_number(t, 10, &got) || got > INT64_MAX) {
		return false;
	}
	*out = minus ? -(int64_t)got : (int64_t)got;
	return true;
}

/* A count below a bound, and one of at least 1. */
static bool read_index(struct reading *r, int64_t bound, int64_t *out) {
	return read_count(r, out) && *out >= 0 && *out < bound;
}

static bool read_some(struct reading *r, int64_t *out) {
	return read_count(r, out) && *out > 0;
}

static bool read_name(struct reading *r, name_id *out) {
	struct text t = field(r);
	char plain[NAME_MAX_BYTES];
	size_t len = 0;

	for (size_t i = 0; i < t.len; i++) {
		if (len == sizeof plain) {
			return false;
		}
		if (t.at[i] != '%') {
			plain[len++] = t.at[i];
			continue;
		}
		if (i + 2 >= t.len || digit_of(t.at[i + 1]) > 15 || digit_of(t.at[i + 2]) > 15) {
			return false;
		}
		plain[len++] = (char)(digit_of(t.at[i + 1]) * 16 + digit_of(t.at[i + 2]));
		i += 2;
	}
	*out = names_id(r->fits->names, (struct text){plain, len});
	return true;
}

static bool read_role(struct reading *r, enum role *out) {
	struct text t = field(r);

	for (int i = 0; i < 3; i++) {
		if (t.len == strlen(role_words[i]) && memcmp(t.at, role_words[i], t.len) == 0) {
			*out = (enum role)i;
			return true;
		}
	}
	return false;
}

static bool read_fit(struct reading *r) {
	struct fit_key key = {0};
	int64_t level, unfit;

	if (!read_name(r, &key.model) || !read_name(r, &key.gpu) || !read_count(r, &key.gpus_per_replica) ||
	    !read_role(r, &key.role) || !read_count(r, &key.day_ns) || !read_index(r, BIN_LEVELS + 1, &level) || !read_index(r, INT64_MAX, &unfit)) {
		return false;
	}
	r->fit = fits_of(r->fits, &key);
	r->fit->unfit += unfit;
	r->fit->by_steps |= unfit > 0;
	r->level = (unsigned)level;
	return r->rest.len == 0;
}

static bool read_sum(struct reading *r, int128 *sum) {
	return read_number(field(r), 16, sum) && *sum >> 120 == 0;
}

static bool read_sums(struct reading *r, int128 *sums, int count) {
	for (int i = 0; i < count; i++) {
		if (!read_sum(r, &sums[i])) {
			return false;
		}
	}
	return r->rest.len == 0;
}

static bool read_rows(struct reading *r) {
	struct aggregates more = {.totals = {0}};
	int64_t kind, bucket;

	if (!read_index(r, AGGREGATE_KINDS, &kind) || !read_index(r, AGGREGATE_BUCKETS, &bucket)) {
		return false;
	}
	struct aggregate_rows *rows = &more.buckets[kind][bucket];
	if (!read_some(r, &rows->rows) || !read_sums(r, rows->sums, AGGREGATE_SUMS)) {
		return false;
	}
	aggregates_join(fits_aggregates(r->fits, &r->fit->key), &more);
	return true;
}

static bool read_work(struct reading *r) {
	struct aggregates more = {.totals = {0}};

	if (!read_sums(r, more.totals, AGGREGATE_TOTALS)) {
		return false;
	}
	aggregates_join(fits_aggregates(r->fits, &r->fit->key), &more);
	return true;
}

static bool read_rebuilt(struct reading *r) {
	struct rebuilt_rows more;
	int64_t bucket;

	if (!read_index(r, REBUILT_BUCKETS, &bucket) || !read_some(r, &more.rows) || !read_sums(r, more.sums, REBUILT_PRODUCTS)) {
		return false;
	}
	rebuilt_join_rows(&aggregates_rebuilt(fits_aggregates(r->fits, &r->fit->key))->buckets[bucket], &more);
	return true;
}

static bool read_replayed(struct reading *r) {
	int128 more[REBUILT_TOTALS];

	if (!read_sums(r, more, REBUILT_TOTALS)) {
		return false;
	}
	rebuilt_join_totals(aggregates_rebuilt(fits_aggregates(r->fits, &r->fit->key)), more);
	return true;
}

static bool read_counted(struct reading *r) {
	struct counted_rows more;
	int64_t budget, bucket;

	if (!read_index(r, COUNTED_BUDGETS, &budget) || !read_index(r, COUNTED_BUCKETS, &bucket) || !read_some(r, &more.rows) ||
	    !read_sums(r, more.sums, COUNTED_PRODUCTS)) {
		return false;
	}
	counted_join_rows(&aggregates_counted(fits_aggregates(r->fits, &r->fit->key))->by[budget].buckets[bucket], &more);
	return true;
}

static bool read_counts(struct reading *r) {
	struct counted more;
	int128 sums[COUNTED_SUMS], *at = sums;

	memset(&more, 0, sizeof more);
	if (!read_sums(r, sums, COUNTED_SUMS)) {
		return false;
	}
	more.steps = *at++;
	more.steps_ns = *at++;
	more.length_ns = *at++;
	more.long_ns = *at++;
	more.unseen_ns = *at++;
	more.latencies = *at++;
	memcpy(more.within, at, sizeof more.within);
	at += COUNTED_LATENCIES;
	for (int k = 0; k < COUNTED_BUDGETS; k++) {
		int128 *const lists[] = {more.by[k].prefill, more.by[k].decode, more.by[k].mixed, more.by[k].all, more.by[k].fast, more.by[k].slow};
		for (int l = 0; l < COUNTED_LISTS; l++, at += COUNTED_TERMS) {
			memcpy(lists[l], at, COUNTED_TERMS * sizeof *at);
		}
		more.by[k].beyond = *at++;
		more.by[k].room = *at++;
	}
	counted_join(aggregates_counted(fits_aggregates(r->fits, &r->fit->key)), &more);
	return true;
}

static bool read_gauged(struct reading *r) {
	struct gauged_rows more;
	int64_t kind, bucket;

	if (!read_index(r, GAUGED_KINDS, &kind) || !read_index(r, GAUGED_BUCKETS, &bucket) || !read_some(r, &more.rows) || !read_sums(r, more.sums, GAUGED_SUMS)) {
		return false;
	}
	gauged_join_rows(&aggregates_gauged(fits_aggregates(r->fits, &r->fit->key))->buckets[kind][bucket], &more);
	return true;
}

static bool read_gauges(struct reading *r) {
	int128 more[GAUGED_TOTALS];

	if (!read_sums(r, more, GAUGED_TOTALS)) {
		return false;
	}
	gauged_join_totals(aggregates_gauged(fits_aggregates(r->fits, &r->fit->key)), more);
	return true;
}

static bool read_bin(struct reading *r) {
	struct step_bin c = {0};
	int128 key;

	if (!read_number(field(r), 16, &key) || key >> 64 != 0 || !bin_key_is_valid((uint64_t)key) || !read_some(r, &c.steps) ||
	    !read_index(r, INT64_MAX, &c.duration_us)) {
		return false;
	}
	c.key = (uint64_t)key;
	if (!read_sum(r, &c.decode_sum) || !read_sums(r, c.sums, BIN_SUMS)) {
		return false;
	}
	bins_add_bin(fits_bins(r->fits, r->fit), &c, r->level);
	return true;
}

static bool read_line(struct reading *r, struct text line, int64_t number) {
	r->rest = line;
	if (number == 1) {
		return line.len == strlen(HEADER) && memcmp(line.at, HEADER, line.len) == 0;
	}
	static const struct {
		const char *word;
		bool (*read)(struct reading *r);
	} kinds[] = {{"fit", read_fit}, {"cell", read_bin}, {"rows", read_rows}, {"work", read_work}, {"rebuilt", read_rebuilt},
	             {"replayed", read_replayed}, {"counted", read_counted}, {"counts", read_counts},
	             {"gauged", read_gauged}, {"gauges", read_gauges}};
	struct text what = field(r);
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (what.len == strlen(kinds[i].word) && memcmp(what.at, kinds[i].word, what.len) == 0) {
			return (r->fit || kinds[i].read == read_fit) && kinds[i].read(r); /* all others belong to a fit */
		}
	}
	return false;
}

int attribution_fits_read(struct attribution_fits *f, struct text bytes, const char *path, struct fault *why) {
	struct reading r = {.fits = f};
	int64_t number = 0;

	while (bytes.len > 0) {
		const char *end = memchr(bytes.at, '\n', bytes.len);
		struct text line = {bytes.at, end ? (size_t)(end - bytes.at) : bytes.len};
		size_t used = line.len + (end != NULL);
		if (!read_line(&r, line, ++number)) {
			return fault_set(why, ERROR_CONFIG, "%s:%lld: not a line of fits, expected %s", path, (long long)number,
			                 number == 1 ? HEADER : "fit or cell and their fields");
		}
		bytes = (struct text){bytes.at + used, bytes.len - used};
	}
	return number > 0 ? 0 : fault_set(why, ERROR_CONFIG, "%s:1: empty, expected " HEADER, path);
}
