/* map.c: tollbook shard map: from the logs of a task to records by replica. */
#include <stdio.h>
#include <stdlib.h>

#include "book/findings.h"
#include "shard/shard_work.h"
#include "core/files/spool.h"
#include "core/files/pack.h"
#include "core/quality_lines.h"
#include "core/files/files.h"

/* Memory for sorting records, before the disk is used. */
#define MEMORY_BYTES ((size_t)32 << 20)
#define REQUESTS_BYTES ((size_t)4 << 20)

struct map {
	struct plan plan;
	struct spool *spool;
	struct spool *requests; /* the same requests again, by the task that joins them */
	struct quality quality;
};

/* An item of a spool: the replica, or the part of the join, then the record. */
static int add(struct spool *to, unsigned lane, struct text name, const struct record *record, struct fault *why) {
	char item[PACK_MAX + PACK_TEXT_MAX];
	char *at = pack_text(item, name);

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
	struct shard_session s;
	int status = session_open(&s, &m->plan, why);

	status = status < 0 ? status : describe_sources(m, logs, zones, why);
	logs->options.names = s.fleet ? fleet_names(s.fleet) : NULL;
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
	session_close(&s);
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

/* Records under the name of another replica, which did the prefill, are also under their own. */
static int sample(struct name_summaries *names, struct text replica, struct text item, struct fault *why) {
	struct record r;

	if (!record_unpack_head(item, &r) || !text_eq(r.replica, replica)) {
		return 0;
	}
	return record_unpack(&item, &r) ? name_summaries_add_record(names, &r, why) : 0;
}

/* Passes items on by their first text. */
static int write_items(struct map *m, struct spool *spool, struct bundle_writer *w, struct name_summaries *names, struct fault *why) {
	struct spool_reader *reader;
	const void *bytes;
	size_t len;
	int rc = spool_reader_new(&reader, spool, why), got = rc;

	while (rc >= 0 && (got = spool_next(reader, &bytes, &len, why)) > 0) {
		struct text item = {bytes, len}, name;
		(void)unpack_text(&item, &name);
		rc = terminal_stopped(m->plan.terminal) ? fault_set(why, ERROR_IO, "stopped by a signal; nothing was written")
		                             : bundle_add(w, name, item, why);
		rc = rc < 0 || !names ? rc : sample(names, name, item, why);
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
	rc = m->requests ? write_items(m, m->requests, w, NULL, why) : 0;
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
	struct names *texts = names_new();
	struct name_summaries *names = name_summaries_new(texts);
	rc = m->spool ? write_items(m, m->spool, w, names, why) : 0;
	rc = rc < 0 ? rc : shard_names_write(&m->plan, names, why);
	rc = rc < 0 ? rc : write_requests(m, why);
	name_summaries_free(names);
	names_free(texts);
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
	int rc = m->plan.own_sources > 0 ? read_logs(m, why) : 0;
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
	quality_release(&m.quality);
	plan_release(&m.plan);
	return rc;
}
