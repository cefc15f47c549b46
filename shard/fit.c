/* fit.c: tollbook shard fit: the statistics of the steps of a task's replicas. */
#include <stdio.h>
#include <stdlib.h>

#include "shard/shard.h"
#include "shard/shard_work.h"
#include "core/files/files.h"

/* ---- sessions ---- */

int session_open(struct shard_session *s, struct plan *p, struct fault *why) {
	const struct book_settings *set = &p->set;

	*s = (struct shard_session){.plan = p, .names = names_new()};
	int rc = settings_zone("tz", set->tz, &s->tz, why);
	rc = rc == 0 ? settings_period(set, s->tz, &s->from_ns, &s->to_ns, why) : rc;
	rc = rc == 0 ? settings_fleet(set, s->names, &s->fleet, why) : rc;
	rc = rc == 0 ? shard_names_state(s, why) : rc;
	return rc == 0 ? settings_prices_or_installed(set, &s->prices, why) : rc;
}

void session_close(struct shard_session *s) {
	if (s->fits) {
		attribution_fits_free(s->fits);
	}
	if (s->prices) {
		prices_free(s->prices);
	}
	if (s->fleet) {
		fleet_free(s->fleet);
	}
	zone_free(s->tz);
	if (s->names) {
		names_free(s->names);
	}
	*s = (struct shard_session){0};
}

/* A vendor_test. */
static bool is_vendors(void *session, name_id model, struct text billing) {
	const struct shard_session *s = session;

	return prices_is_vendors(s->prices, names_text(s->names, model), billing);
}

struct attribute_options session_options(struct shard_session *s) {
	struct attribute_options o = {
		.fleet = s->fleet,
		.names = s->names,
		.rule = (enum rule)s->plan->set.rule,
		.from_ns = s->from_ns,
		.to_ns = s->to_ns,
		.lanes = 1,
		.request_rows = s->requests,
		.fits = s->fits,
		.compare_rules = true,
		.positions = true,
		.batches = true,
		.is_vendors = s->plan->set.replica ? NULL : is_vendors,
		.vendors = s,
		.cuts = prices_cuts(s->prices),
	};

	return o;
}

/* ---- a replica ---- */

struct intake {
	const struct terminal *terminal;
	struct attribution *attribution;
	int64_t records;
};

static int add_item(void *intake, struct text item, struct fault *why) {
	struct intake *in = intake;
	struct record record;

	if (terminal_stopped(in->terminal)) {
		return fault_set(why, ERROR_IO, "stopped by a signal; nothing was written");
	}
	if (!record_unpack(&item, &record)) {
		return fault_set(why, ERROR_CONFIG, "a record in map/ is damaged; remove the file and run its task again");
	}
	in->records++;
	return attribution_add_record(in->attribution, 0, &record, why);
}

int work_add_replica(struct parts *parts, struct shard_session *s, struct text replica,
                      struct attribution **out, int64_t *records, struct fault *why) {
	struct attribute_options o = session_options(s);

	bool gateways = text_eq(replica, T(GATEWAYS_PART));
	o.only_replica = gateways ? 0 : names_id(s->names, replica);
	o.part = true;
	*out = attribution_new(&o);
	struct text name;
	for (size_t at = 0; o.only_replica != 0 && shard_names_member(parts_names(parts), replica, &at, &name);) {
		attribution_add_replica(*out, names_id(s->names, name));
	}
	shard_names_apply(parts_names(parts), gateways ? NULL : &replica, s->names, *out);
	struct intake in = {.terminal = s->plan->terminal, .attribution = *out};
	int rc = parts_read(parts, add_item, &in, why);
	*records += in.records;
	return rc;
}

/* ---- fits ---- */

static int read_fits(struct attribution_fits *f, const char *path, struct fault *why) {
	struct text bytes;
	int rc = plan_has(path) ? file_read(path, FITS_MAX, &bytes, why) : plan_lacks(path, why);

	if (rc == 0) {
		rc = attribution_fits_read(f, bytes, path, why);
		free((void *)(uintptr_t)bytes.at);
	}
	return rc;
}

static char *fits_text(struct attribution_fits *f, size_t *len, int *rc, struct fault *why) {
	char *at = NULL;
	FILE *out = memory_open(&at, len);

	*rc = attribution_fits_write(f, out, why);
	memory_close(out, &at);
	return at;
}

/* Other names, the same statistics. */
static int renew(struct shard_session *s, struct plan *p, struct fault *why) {
	size_t len;
	int rc;
	char *text = fits_text(s->fits, &len, &rc, why);

	session_close(s);
	rc = rc < 0 ? rc : session_open(s, p, why);
	if (rc == 0) {
		s->fits = attribution_fits_new(s->names);
		rc = attribution_fits_read(s->fits, (struct text){text, len}, "fits", why);
	}
	free(text);
	return rc;
}

static int fit_replica(struct parts *parts, struct shard_session *s, struct text replica, struct shard_tally *tally,
                       struct fault *why) {
	struct attribution_fits *sum = s->fits;
	struct attribution *a;

	s->fits = NULL; /* the fits being collected are not those to split by */
	int rc = work_add_replica(parts, s, replica, &a, &tally->records, why);
	s->fits = sum;
	rc = rc < 0 ? rc : attribution_fits_add(sum, a, why);
	attribution_free(a);
	tally->replicas++;
	return rc;
}

static int fit_all(struct plan *p, int64_t task, struct shard_session *s, struct shard_tally *tally, struct fault *why) {
	struct parts *parts;
	struct text replica;
	int rc = parts_open(&parts, p, why), got;

	while (rc == 0 && (got = parts_next(parts, task, &replica, why)) != 0) {
		rc = got < 0 ? got : fit_replica(parts, s, replica, tally, why);
		if (rc == 0 && tally->replicas % SESSION_REPLICAS == 0) {
			rc = renew(s, p, why);
		}
	}
	parts_close(parts);
	return rc;
}

static int write_fits(struct attribution_fits *f, const char *path, struct fault *why) {
	struct outfile *file;
	int rc = outfile_open(&file, path, why);

	if (rc < 0) {
		return rc;
	}
	rc = attribution_fits_write(f, outfile_stream(file), why);
	return outfile_end(file, rc < 0 && ferror(outfile_stream(file)) ? outfile_failed(file, why) : rc, why);
}

static int fit_own(struct plan *p, int64_t task, struct shard_tally *tally, struct fault *why) {
	const char *path = plan_path(p, "fit", task, "fits");
	struct shard_session s = {.plan = p};
	int rc = plan_has(path) ? 1 : session_open(&s, p, why);

	if (rc == 0) {
		s.fits = attribution_fits_new(s.names);
		rc = fit_all(p, task, &s, tally, why);
		rc = rc == 0 ? write_fits(s.fits, path, why) : rc;
	}
	session_close(&s);
	return rc < 0 ? rc : 0;
}

static int fit_task(struct plan *p, int64_t task, struct shard_tally *tally, struct fault *why) {
	int rc = shard_names_decide(p, why);

	rc = rc == 0 ? shard_join_ids(p, task, why) : rc;
	rc = rc == 0 ? fit_own(p, task, tally, why) : rc;
	return rc == 0 ? shard_join_left(p, task, why) : rc;
}

/* ---- the sum of all tasks' ---- */

int work_sum_fits(struct attribution_fits *f, struct plan *p, struct fault *why) {
	const char *sum = plan_path(p, FITS_SUM, -1, NULL);
	int rc = 0;

	if (plan_has(sum)) {
		return read_fits(f, sum, why);
	}
	for (int64_t i = 0; i < p->tasks && rc == 0; i++) {
		rc = read_fits(f, plan_path(p, "fit", i, "fits"), why);
	}
	return rc;
}

/* A task that finds all tasks' files sums them for the next step; if several do, they write the same. */
static int write_sum(struct plan *p, struct fault *why) {
	const char *sum = plan_path(p, FITS_SUM, -1, NULL);
	struct names *names;

	if (plan_has(sum) || !plan_has_all(p, "fit", "fits")) {
		return 0;
	}
	names = names_new();
	struct attribution_fits *f = attribution_fits_new(names);
	int rc = work_sum_fits(f, p, why);
	rc = rc == 0 ? write_fits(f, sum, why) : rc;
	attribution_fits_free(f);
	names_free(names);
	return rc;
}

/* Without a task: all that are not done yet, one after the other. */
int shard_fit(const struct shard_settings *asked, const struct book_settings *set, const struct terminal *t,
              struct shard_tally *tally, struct fault *why) {
	struct plan p;
	int rc = plan_read(&p, asked, set, t, false, why);

	if (rc == 0 && p.task >= 0) {
		rc = fit_task(&p, p.task, tally, why);
	} else if (rc == 0) {
		for (int64_t task = 0; task < p.tasks && rc == 0; task++) {
			rc = fit_task(&p, task, tally, why);
		}
	}
	rc = rc == 0 ? write_sum(&p, why) : rc;
	plan_release(&p);
	return rc;
}
