/* map.c: tollbook shard map: from the logs of a task to records by replica. */
#include <stdio.h>
#include <stdlib.h>

#include "book/findings.h"
#include "shard/shard_work.h"
#include "core/files/spool.h"
#include "core/files/pack.h"
#include "core/quality_lines.h"
#include "core/record_json.h"
#include "core/files/files.h"

/* Memory for sorting records, before the disk is used. */
#define MEMORY_BYTES ((size_t)32 << 20)
#define REQUESTS_BYTES ((size_t)4 << 20)

struct map {
	struct plan plan;
	struct spool *spool;
	struct spool *requests; /* the same requests again, by the task that joins them */
	struct quality quality;
	struct shard_session session;
	struct names *texts;
	struct name_summaries *names, *gateways; /* samples of engines' names, and of gateways' */
};

/* An item of a spool: the replica, or the part of the join; the instant, the highest byte first, so that items come in its order; the record. */
#define INSTANT_BYTES 8
static int add(struct spool *to, unsigned lane, struct text name, const struct record *record, struct fault *why) {
	char item[PACK_MAX + PACK_TEXT_MAX + INSTANT_BYTES];
	char *at = pack_text(item, name);
	uint64_t instant = (uint64_t)record_instant(record) ^ UINT64_C(1) << 63;

	for (int i = INSTANT_BYTES; i-- > 0;) {
		*at++ = (char)(instant >> 8 * i & 0xff);
	}
	at += record_pack(record, at);
	return spool_add(to, lane, item, (size_t)(at - item), why);
}

static int add_request(struct map *m, unsigned lane, const struct record *record, struct fault *why) {
	char key[PART_KEY_MAX];
	uint64_t part = attribution_join_part(&record->request, JOIN_BY_ID) % (uint64_t)m->plan.tasks;

	return add(m->requests, lane, parts_key(key, (int64_t)part), record, why);
}

/* A request with prefill on another replica belongs to both. */
static int add_record(void *map, unsigned lane, const struct record *record, struct fault *why) {
	struct map *m = map;
	struct record numbered = *record;

	if (terminal_stopped(m->plan.terminal)) {
		return fault_set(why, ERROR_IO, "stopped by a signal; nothing was written");
	}
	if (record->file < m->plan.own_sources) {
		numbered.file = (uint32_t)m->plan.sources[record->file].index;
	}
	bool gateway = record->kind == RECORD_REQUEST && record->request.gateway;
	int rc = add(m->spool, lane, gateway ? T(GATEWAYS_PART) : record->replica, &numbered, why);
	if (rc >= 0 && !gateway && record->kind == RECORD_REQUEST && record->request.prefill_replica.len > 0 &&
	    !text_eq(record->request.prefill_replica, record->replica)) {
		rc = add(m->spool, lane, record->request.prefill_replica, &numbered, why);
	}
	return rc < 0 || record->kind != RECORD_REQUEST ? rc : add_request(m, lane, &numbered, why);
}

/* Files are numbered over all tasks, as if one task had read them all. */
static void number_files(struct map *m) {
	struct quality *q = &m->quality;
	const uint64_t line_mask = (UINT64_C(1) << QUALITY_RANK_LINE_BITS) - 1;

	for (size_t i = 0; i < q->reject_count; i++) {
		uint64_t file = q->rejects[i].first_rank >> QUALITY_RANK_LINE_BITS;
		if (file < m->plan.own_sources) {
			uint64_t number = (uint64_t)m->plan.sources[file].index;
			q->rejects[i].first_rank = number << QUALITY_RANK_LINE_BITS | (q->rejects[i].first_rank & line_mask);
		}
	}
	for (size_t i = 0; i < q->input_count; i++) {
		if (q->inputs[i].index < m->plan.own_sources) {
			q->inputs[i].index = (uint32_t)m->plan.sources[q->inputs[i].index].index;
		}
	}
}

/* The plan's options for single logs. */
static int describe_sources(struct map *m, struct logs *logs, struct zone **zones, struct fault *why) {
	for (size_t i = 0; i < m->plan.own_sources; i++) {
		const struct shard_source *from = &m->plan.sources[i];
		struct ingest_source *to = &logs->sources[i];
		to->model = from->model ? text_of(from->model) : to->model;
		to->replica = from->replica ? text_of(from->replica) : to->replica;
		to->tenant = from->tenant ? text_of(from->tenant) : to->tenant;
		to->log_format = from->log_format ? from->log_format : to->log_format;
		if (from->log_zone && !(zones[i] = zone_new(text_of(from->log_zone), why))) {
			return ERROR_CONFIG;
		}
		to->log_zone = zones[i] ? zones[i] : to->log_zone;
	}
	return 0;
}

static struct ingest_place *places_of(const struct plan *p) {
	struct ingest_place *at = must_calloc(p->own_sources + 1, sizeof *at);

	for (size_t i = 0; i < p->own_sources; i++) {
		const struct shard_source *s = &p->sources[i];
		at[i] = (struct ingest_place){.path = s->path, .apart = (char *)(uintptr_t)s->apart, .detail = (unsigned)s->detail};
	}
	qsort(at, p->own_sources, sizeof *at, ingest_place_order);
	return at;
}

static int ingest(struct map *m, struct logs *logs, struct fault *why) {
	struct zone **zones = must_calloc(m->plan.own_sources, sizeof *zones);
	int status = describe_sources(m, logs, zones, why);

	logs->options.names = m->session.fleet ? fleet_names(m->session.fleet) : NULL;
	logs->options.part = true;
	struct ingest_place *places = places_of(&m->plan);
	logs->options.places = places;
	logs->options.place_count = m->plan.own_sources;
	status = status < 0 ? status : ingest_run(&logs->options, add_record, m, &m->quality, why);
	free(places);
	for (size_t i = 0; i < m->plan.own_sources; i++) {
		zone_free(zones[i]);
	}
	free(zones);
	return status;
}

static int read_logs(struct map *m, struct fault *why) {
	struct book_settings set = m->plan.set;
	struct logs logs;

	set.logs = (struct list){0};
	for (size_t i = 0; i < m->plan.own_sources; i++) {
		list_add(&set.logs, m->plan.sources[i].path);
	}
	int status = settings_logs(&set, m->plan.terminal, &logs, why);
	free(set.logs.at);
	if (status != 0) {
		return status;
	}
	m->spool = spool_new(ingest_lanes(&logs.options), MEMORY_BYTES, packed_order, NULL);
	m->requests = spool_new(ingest_lanes(&logs.options), REQUESTS_BYTES, packed_order, NULL);
	status = ingest(m, &logs, why);
	number_files(m);
	logs_release(&logs);
	status = status < 0 ? status : spool_seal(m->requests, why);
	return status < 0 ? status : spool_seal(m->spool, why);
}

/* As evidence of its own, unless a vendor answered the request, or several records of it may count as one. */
static int sample_gateway(struct map *m, struct record *r, struct fault *why) {
	const struct attribute_options o = session_options(&m->session);
	bool grows = r->request.server_id && r->request.id.len > 0;

	r->request.gateway = false;
	if (grows || (o.is_vendors && o.is_vendors(o.vendors, names_id(m->session.names, r->model), r->request.billing))) {
		return 0;
	}
	return name_summaries_add_record(m->gateways, r, why);
}

/* Records under the name of another replica, which did the prefill, are also under their own. */
static int sample(struct map *m, struct text part, struct text item, struct fault *why) {
	struct record r;
	bool gateway = text_eq(part, T(GATEWAYS_PART));

	if (!record_unpack_head(item, &r) || !(gateway || text_eq(r.replica, part)) || !record_unpack(&item, &r)) {
		return 0;
	}
	return gateway ? sample_gateway(m, &r, why) : name_summaries_add_record(m->names, &r, why);
}

/* Passes items on by their first text. */
static int write_items(struct map *m, struct spool *spool, struct bundle_writer *w, bool samples, struct fault *why) {
	struct spool_reader *reader;
	const void *bytes;
	size_t len;
	int rc = spool_reader_new(&reader, spool, why), got = rc;

	while (rc >= 0 && (got = spool_next(reader, &bytes, &len, why)) > 0) {
		struct text item = {bytes, len}, name;
		(void)unpack_text(&item, &name);
		item = text_cut(item, INSTANT_BYTES, item.len);
		rc = terminal_stopped(m->plan.terminal) ? fault_set(why, ERROR_IO, "stopped by a signal; nothing was written")
		                             : bundle_add(w, name, item, why);
		rc = rc < 0 || !samples ? rc : sample(m, name, item, why);
	}
	spool_reader_free(reader);
	return rc < 0 ? rc : got;
}

static int write_requests(struct map *m, struct fault *why) {
	struct bundle_writer *w;
	int rc = bundle_create(&w, plan_path(&m->plan, "map", m->plan.task, "requests"), why);

	if (rc < 0) {
		return rc;
	}
	rc = m->requests ? write_items(m, m->requests, w, false, why) : 0;
	if (rc < 0) {
		bundle_abandon(w);
		return rc;
	}
	return notes_commit(&m->plan, w, NULL, why);
}

static int write_bundle(struct map *m, const char *path, struct fault *why) {
	struct bundle_writer *w;
	int rc = bundle_create(&w, path, why);

	if (rc < 0) {
		return rc;
	}
	m->texts = names_new();
	m->names = name_summaries_new(m->texts);
	m->gateways = name_summaries_new(m->texts);
	rc = m->spool ? write_items(m, m->spool, w, true, why) : 0;
	rc = rc < 0 ? rc : shard_names_write(&m->plan, m->names, m->gateways, why);
	rc = rc < 0 ? rc : write_requests(m, why);
	if (rc < 0) {
		bundle_abandon(w);
		return rc;
	}
	return notes_commit(&m->plan, w, &m->quality, why);
}

static int do_task(struct map *m, struct fault *why) {
	const char *path = plan_path(&m->plan, "map", m->plan.task, "bundle");

	if (plan_has(path)) { /* the task was done before: its findings are the same */
		return notes_read(&m->plan, path, notes_to_quality, &m->quality, why);
	}
	int rc = session_open(&m->session, &m->plan, why);
	rc = rc == 0 && m->plan.own_sources > 0 ? read_logs(m, why) : rc;
	return rc != 0 ? rc : write_bundle(m, path, why);
}

int shard_map(const struct shard_settings *asked, const struct book_settings *set, const struct terminal *t,
              struct shard_tally *tally, struct fault *why) {
	struct map m = {0};

	quality_init(&m.quality);
	int rc = plan_read(&m.plan, asked, set, t, true, why);
	rc = rc != 0 ? rc : do_task(&m, why);
	if (rc == 0) {
		const struct quality *q = &m.quality;
		findings_say(t, q);
		tally->sources = (int64_t)m.plan.own_sources;
		tally->records = q->steps + q->requests + q->windows + q->powers;
		rc = quality_has_findings(q) ? EXIT_FINDINGS : EXIT_TIED_OUT;
	}
	spool_free(m.spool);
	spool_free(m.requests);
	name_summaries_free(m.names);
	name_summaries_free(m.gateways);
	if (m.texts) {
		names_free(m.texts);
	}
	session_close(&m.session);
	quality_release(&m.quality);
	plan_release(&m.plan);
	return rc;
}
