#include "ingest/streams.h"

#include <sys/stat.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/error.h"
#include "core/files/platform.h"
#include "ingest/formats/pattern.h"
#include "ingest/plain_name.h"

/* Lines of a server that are examined in a file with several servers; and the confidence that another format needs. */
#define LOOK_LINES 1000u
#define SURE_BID 50
/* Longer parts of origins are not names. */
#define PART_MAX 512
#define KEY_MAX ((ORIGIN_PARTS + 1) * (PART_MAX + 1) + sizeof(void *))

/* Of a pod, its name, namespace and container identify it; its host may change. */
static bool counts(const struct origin *o, enum origin_part part) {
	return o->part[ORIGIN_POD].len == 0 || part <= ORIGIN_POD || part == ORIGIN_CONTAINER;
}

static size_t key_of(const struct origin *o, char key[KEY_MAX]) {
	size_t len = 0;

	for (int i = 0; i <= ORIGIN_PARTS; i++) {
		struct text t = i == ORIGIN_PARTS ? o->value : o->part[i];
		if (i < ORIGIN_PARTS && !counts(o, (enum origin_part)i)) {
			continue;
		}
		t = text_cut(t, 0, PART_MAX);
		if (t.len > 0) {
			memcpy(key + len, t.at, t.len);
			len += t.len;
		}
		key[len++] = '\n';
	}
	return len;
}

static void place(struct streams *s, uint32_t number) {
	size_t at = text_hash(s->at[number]->key) & (s->slot_count - 1);

	while (s->slots[at] != 0) {
		at = (at + 1) & (s->slot_count - 1);
	}
	s->slots[at] = number + 1;
}

static void grow(struct streams *s) {
	s->slot_count = s->slot_count > 0 ? 2 * s->slot_count : 16;
	free(s->slots);
	s->slots = must_calloc(s->slot_count, sizeof *s->slots);
	for (size_t i = 0; i < s->count; i++) {
		place(s, (uint32_t)i);
	}
}

static struct stream *find(const struct streams *s, struct text key) {
	if (s->slot_count == 0) {
		return NULL;
	}
	for (size_t at = text_hash(key) & (s->slot_count - 1); s->slots[at] != 0; at = (at + 1) & (s->slot_count - 1)) {
		struct stream *one = s->at[s->slots[at] - 1];
		if (text_eq(one->key, key)) {
			return one;
		}
	}
	return NULL;
}

static struct stream *add(struct streams *s, struct text key) {
	struct stream *one = must_calloc(1, sizeof *one);

	one->key = (struct text){text_copy(key), key.len};
	s->at = must_grow(s->at, s->count, &s->room, sizeof *s->at, 4);
	s->at[s->count++] = one;
	if (2 * s->count > s->slot_count) {
		grow(s);
	} else {
		place(s, (uint32_t)(s->count - 1));
	}
	return one;
}

/* Does the envelope state nothing about the server? */
static bool states_nothing(const struct origin *o) {
	size_t len = o->value.len;

	for (int i = 0; i < ORIGIN_PARTS; i++) {
		len |= o->part[i].len;
	}
	return len == 0;
}

/* Is it the last line's stream again, without anything stated in the envelope? True for most lines. */
static bool is_last_nameless(const struct streams *s, const struct origin *o) {
	static const struct text key_of_none = {"\n\n\n\n\n\n\n\n", ORIGIN_PARTS + 1};

	_Static_assert(ORIGIN_PARTS == 7, "key_of_none is what key_of makes of an origin that states nothing");
	return s->last && states_nothing(o) && text_eq(s->last->key, key_of_none);
}

/* Finds the stream of an origin, or adds an empty one (*added). */
static struct stream *find_or_add(struct streams *s, const struct origin *o, bool *added) {
	char bytes[KEY_MAX];

	struct text key = {bytes, key_of(o, bytes)};

	*added = false;
	s->last_serial = o->serial;
	if (s->last && text_eq(s->last->key, key)) {
		return s->last;
	}
	struct stream *one = find(s, key);
	if (!one && s->count == STREAMS_MAX) {
		one = s->at[0];
	} else if (!one) {
		one = add(s, key);
		*added = true;
	}
	s->last = one;
	return one;
}

/* What has to be added to a name, as a decided stream of another namespace, host or container has it. */
static unsigned taken_by(const struct streams *s, const struct stream *but, const char *name) {
	unsigned detail = 0;

	for (size_t i = 0; i < s->count; i++) {
		const struct stream *one = s->at[i];
		if (one != but && one->decided && strcmp(one->name, name) == 0) {
			bool above = !text_eq(one->above, but->above);
			detail |= above ? NAMING_ABOVE : !text_eq(one->within, but->within) ? NAMING_CONTAINER : 0;
		}
	}
	return detail;
}

static bool has_several(const struct stream_setup *setup, const struct origin *o) {
	uint64_t pod = naming_pod_hash(o);
	bool found = false;

	for (size_t i = 0; setup->several && i < setup->several->count; i++) {
		found |= setup->several->at[i] == pod;
	}
	return found;
}

/* Is it a name that no other decided stream of another namespace or host has? */
static void name_by_origin(struct streams *s, struct stream *one, const struct origin *o, unsigned detail) {
	bool host_alone = o->part[ORIGIN_INSTANCE].len + o->part[ORIGIN_CONTAINER].len == 0; /* it may run several units */
	enum origin_part above = o->part[ORIGIN_POD].len > 0 ? ORIGIN_NAMESPACE : host_alone ? ORIGIN_UNIT : ORIGIN_HOST;

	if (!one->above.at) {
		one->above = (struct text){text_copy(o->part[above]), o->part[above].len};
	}
	if (!one->within.at && o->part[ORIGIN_POD].len > 0) {
		one->within = (struct text){text_copy(o->part[ORIGIN_CONTAINER]), o->part[ORIGIN_CONTAINER].len};
	}
	for (unsigned more = 1; more != 0; detail |= more) {
		naming_of_origin(o, detail, one->name);
		more = taken_by(s, one, one->name) & ~detail;
	}
}

void stream_set_format(struct stream *s, const struct ingest_format_info *chosen) {
	free(s->parser.state);
	s->chosen = chosen;
	s->format = chosen->format;
	s->parser.state = must_calloc(1, chosen->format->state_size + 1);
}

static int64_t modified_at(const char *path) {
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) ? platform_changed_ns(&st) : 0;
}

static void set_parser(struct stream *s, const struct stream_setup *setup) {
	const struct ingest_source *source = setup->path->source;

	s->parser = (struct parser){
		.json = json_new(),
		.stamps = {.zone = source->log_zone, .year = source->log_year, .now_ns = setup->now_ns, .quality = setup->quality},
		.replica = text_of(s->name),
		.model = source->model,
		.latest_ns = setup->now_ns + NS_PER_DAY,
		.modified_ns = modified_at(setup->path->name),
		.quality = setup->quality,
		.matcher = setup->options->patterns ? matcher_new(setup->options->patterns) : NULL,
	};
	if (source->log_year == 0) {
		stamp_near_name(&s->parser.stamps, text_of(setup->path->name));
	}
}

static void set_name(struct stream *s, struct text name) {
	snprintf(s->name, sizeof s->name, "%.*s", TEXT_ARG(name));
}

/* From --replica, a rule, the envelopes, the path or the file's name: the first available. */
static void name_stream(struct streams *all, struct stream *s, const struct origin *stated, const struct stream_setup *setup) {
	const struct name_rules *rules = setup->options->names;
	const char *path = setup->path->name;
	struct origin o = *stated;

	s->overrides = true;
	s->by_path = setup->path->source->replica.len == 0 && states_nothing(stated);
	s->by_rule = false;
	if (setup->path->source->replica.len > 0) {
		set_name(s, setup->path->source->replica);
	} else if (!o.rule && rules && name_rules_path(rules, path, s->name, sizeof s->name)) {
		s->by_rule = true;
	} else {
		s->overrides = o.rule != NULL;
		naming_from_path(text_of(path), &o);
		unsigned detail = stated->part[ORIGIN_POD].len == 0 ? setup->path->place.detail : has_several(setup, &o) ? NAMING_CONTAINER : 0;
		name_by_origin(all, s, &o, detail);
		if (s->name[0] == '\0') {
			set_name(s, setup->path->place.apart ? text_of(setup->path->place.apart) : naming_of_file(text_of(path)));
		}
	}
	s->parser.replica = text_of(s->name);
	s->is_plain = plain_name_is(s->parser.replica, PLAIN_NAME_MAX);
}

struct stream *streams_open(struct streams *all, const struct origin *o, const struct stream_setup *setup) {
	bool added;

	if (o->serial != 0 && o->serial == all->last_serial) {
		return all->last;
	}
	if (is_last_nameless(all, o)) {
		all->last_serial = o->serial;
		return all->last;
	}
	struct stream *s = find_or_add(all, o, &added);

	if (added) {
		set_parser(s, setup);
		name_stream(all, s, o, setup);
		s->decided = setup->certain;
		if (setup->chosen) {
			stream_set_format(s, setup->chosen);
		}
	}
	return s;
}

void stream_decide(struct streams *all, struct stream *s, const struct unwrapped *line, const struct stream_setup *setup) {
	bool own = s->format && s->format->bid(&line->text, 1) > 0;
	const struct ingest_format_info *found = own ? s->chosen : format_detect(&line->text, 1);

	if (found && (own || !s->format || found->format->bid(&line->text, 1) >= SURE_BID)) {
		if (found != s->chosen) {
			stream_set_format(s, found);
		}
		s->decided = true;
		name_stream(all, s, &line->origin, setup);
	}
	s->decided |= ++s->looked == LOOK_LINES;
}

static void free_text(struct text t) {
	free((char *)(uintptr_t)t.at);
}

void streams_release(struct streams *s) {
	for (size_t i = 0; i < s->count; i++) {
		struct stream *one = s->at[i];
		free(one->parser.state);
		matcher_free(one->parser.matcher);
		json_free(one->parser.json);
		free_text(one->key);
		free_text(one->above);
		free_text(one->within);
		free(one);
	}
	free(s->at);
	free(s->slots);
	*s = (struct streams){0};
}

/* Is it the stream's own name, or that of one of its engines or servers, "NAME/1", "NAME#2"? */
static bool is_own(const struct stream *s, struct text replica) {
	return text_skip(&replica, s->parser.replica) && (replica.len == 0 || *replica.at == '/' || *replica.at == '#');
}

/*
 * From --replica or a rule of the fleet file, else from the record, else from its envelope, path or file. Gateways
 * name no server.
 */
void stream_name_replica(struct stream *s, struct record *out) {
	bool gateway = out->kind == RECORD_REQUEST && out->request.gateway;

	if (s->by_path && !s->gave_name) {
		bool itself = out->replica.at == s->parser.replica.at; /* else an equal name is the record's own */
		s->gave_name = out->replica.len == 0 || s->by_rule || itself || (out->replica.len > s->parser.replica.len && is_own(s, out->replica));
	}
	if (s->overrides && !gateway && !is_own(s, out->replica)) {
		out->replica = s->parser.replica;
	}
	out->replica = out->replica.len == 0 ? s->parser.replica : out->replica;
}

static struct writer *find_writer(struct stream *s, uint64_t replica) {
	for (size_t i = 0; i < WRITERS_MOST; i++) {
		if (s->writers[i].replica == replica || s->writers[i].pid == 0) {
			return &s->writers[i];
		}
	}
	return NULL;
}

void stream_note_writer(struct stream *s, const struct record *r) {
	bool work = s->pid > 0 && (r->kind == RECORD_STEP || r->kind == RECORD_WINDOW);
	uint64_t replica = work ? text_hash(r->replica) + r->kind : 0;
	struct writer *w = work ? find_writer(s, replica) : NULL;

	if (!w || w->pid == s->pid) {
		return;
	}
	if (s->pid == w->former) {
		quality_finding(s->parser.quality, "several-servers", s->name, "--replica", QUALITY_NO_AMOUNT,
		                "%s: the processes %lld and %lld write its records by turns: they are separate servers that are counted as one; give each its own "
				"unit or log, or a name by its _PID in the fleet file", s->name, (long long)(s->pid < w->pid ? s->pid : w->pid),
		                (long long)(s->pid < w->pid ? w->pid : s->pid));
	}
	*w = (struct writer){replica, s->pid, w->pid};
}

/* From here on each name is one that every ledger can store. */
void stream_plain_names(const struct stream *s, char (*names)[PLAIN_NAME_MAX], struct record *out) {
	struct request *q = &out->request;

	bool own = s->is_plain && out->replica.at == s->name && out->replica.len == s->parser.replica.len;

	out->replica = own ? out->replica : plain_name(out->replica, PLAIN_NAME_MAX, names[0]);
	out->model = plain_name(out->model, PLAIN_NAME_MAX, names[1]);
	if (out->kind == RECORD_REQUEST) {
		q->id = plain_name(q->id, PLAIN_ID_MAX, names[2]);
		q->tenant = plain_name(q->tenant, PLAIN_NAME_MAX, names[3]);
		q->prefill_replica = plain_name(q->prefill_replica, PLAIN_NAME_MAX, names[4]);
	} else if (out->kind != RECORD_STEP) {
		struct text *name = out->kind == RECORD_WINDOW ? &out->window.tenant : &out->power.gpu;
		*name = plain_name(*name, PLAIN_NAME_MAX, names[2]);
	}
}

/* The label of a record is that of those before it, except for the first ones. */
void stream_read_parallel(struct stream *s, struct text line, int64_t number, bool is_record) {
	enum { LABELS_OF_RECORDS = 64 };
	int64_t before = parallel_gpus(&s->parallel, 1);

	if (!is_record || s->labels++ < LABELS_OF_RECORDS) {
		s->parallel_line = parallel_read_label(&s->parallel, line) && s->parallel_line == 0 ? number : s->parallel_line;
	}
	if (is_record || text_starts(line, T("{")) || !parallel_read(&s->parallel, line)) {
		return;
	}
	s->changed |= before > 0 && s->records > 0 && before != parallel_gpus(&s->parallel, 1);
	s->parallel_line = number;
}
