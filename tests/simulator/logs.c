#include "tests/simulator/logs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "core/error.h"

/* 2026-10-31T23:40:00Z: the month ends within the logs. */
#define START_NS INT64_C(1793490000000000000)
#define LENGTH_S 2400
#define SECOND_NS INT64_C(1000000000)
#define GZIP (15 + 16)

enum kind { REQUESTS, STEPS, BOTH };

static const char *const junk[] = {"not a record", "{\"schema\":\"tollbook.step.v1\",\"gpu_ns\":-5}", "{\"schema\":", "[[[[[[[[[[", "\001\002\377\376"};
static const char *const tenants[] = {"acme", "beta, GmbH", "=cmd"};

static void add_line(struct log *l, const char *line) {
	bytes_write(&l->content, l->content.len, line, strlen(line));
	bytes_write(&l->content, l->content.len, "\n", 1);
}

/* ---- their content ---- */

static void add_request(struct log *l, uint64_t *state, int server, int64_t at_ns, int number) {
	char line[600];
	int64_t prompt = draw_within(state, 1, 30000), output = draw_within(state, 1, 900);
	int64_t first = at_ns + draw_within(state, 1, SECOND_NS), finish = first + draw_within(state, 1, 20 * SECOND_NS);

	snprintf(line, sizeof line, "{\"schema\":\"tollbook.request.v1\",\"id\":\"r%d-%d\",\"tenant\":\"%s\",\"model\":\"m\",\"replica\":\"pool%d-%d\","
	         "\"arrival_ns\":%" PRId64 ",\"first_token_ns\":%" PRId64 ",\"finish_ns\":%" PRId64 ",\"prompt_tokens\":%" PRId64
	         ",\"cached_tokens\":%" PRId64 ",\"completion_tokens\":%" PRId64 ",\"status\":\"ok\"}",
	         server, number, tenants[draw_within(state, 0, 3)], server % 2, server, at_ns, first, finish, prompt,
	         draw_within(state, 0, prompt), output);
	add_line(l, line);
	l->requests = must_realloc(l->requests, (l->request_count + 1) * sizeof *l->requests);
	l->requests[l->request_count++] = (struct request_line){l->content.len, prompt, output};
	if (draw_one_in(state, 25)) {
		add_line(l, line); /* the same once more, which counts once */
	}
}

static void add_step(struct log *l, uint64_t *state, int server, int64_t at_ns, int number) {
	char line[600];
	int64_t tokens = draw_one_in(state, 3) ? draw_within(state, 1, 2048) : 0, decoders = tokens > 0 && draw_one_in(state, 2) ? 0 : draw_within(state, 1, 60);

	snprintf(line, sizeof line, "{\"schema\":\"tollbook.step.v1\",\"replica\":\"pool%d-%d\",\"model\":\"m\",\"step\":%d,\"start_ns\":%" PRId64
	         ",\"gpu_ns\":%" PRId64 ",\"prefill_requests\":%d,\"prefill_tokens\":%" PRId64 ",\"prefill_kv_tokens\":0,\"prefill_token_kv\":%" PRId64
	         ",\"decode_requests\":%" PRId64 ",\"decode_kv_tokens\":%" PRId64 ",\"duration_kind\":\"gpu_events\"}",
	         server % 2, server, number, at_ns, draw_within(state, 1000000, 400000000), tokens > 0, tokens, tokens * tokens / 2, decoders,
	         decoders * draw_within(state, 1, 20000));
	add_line(l, line);
}

static void fill(struct log *l, uint64_t *state, int server, enum kind kind) {
	int64_t at_ns = START_NS + draw_within(state, 0, LENGTH_S / 4) * SECOND_NS, lines = draw_within(state, 3, 14);

	for (int i = 0, steps = 0; i < lines; i++) {
		at_ns += draw_within(state, 1, LENGTH_S / lines) * SECOND_NS;
		if (kind == STEPS || (kind == BOTH && draw_one_in(state, 2))) {
			add_step(l, state, server, at_ns, steps++);
		} else {
			add_request(l, state, server, at_ns, i);
		}
		if (draw_one_in(state, 40)) {
			add_line(l, junk[draw_within(state, 0, sizeof junk / sizeof *junk)]);
		}
	}
}

void logs_world_init(struct logs_world *w, struct disk *d, uint64_t *state) {
	*w = (struct logs_world){.count = (size_t)draw_within(state, 1, LOGS_MAX + 1), .requests_only = true};
	/* One of five has steps and requests: whether these are of one server is tested, which takes long. */
	enum kind all = draw_one_in(state, 4) ? STEPS : REQUESTS;
	bool mixed = draw_one_in(state, 5);
	disk_make_folder(d, DISK_ROOT "/logs");
	for (size_t i = 0; i < w->count; i++) {
		struct log *l = &w->logs[i];
		enum kind kind = mixed ? (enum kind)draw_within(state, REQUESTS, BOTH + 1) : all;
		snprintf(l->name, sizeof l->name, "server-%u.jsonl", (unsigned)i);
		l->late = draw_one_in(state, 4) ? (int)draw_within(state, 1, 5) : 0;
		w->requests_only &= kind == REQUESTS;
		fill(l, state, (int)i, kind);
	}
}

void logs_world_release(struct logs_world *w) {
	for (size_t i = 0; i < w->count; i++) {
		free(w->logs[i].content.at);
		free(w->logs[i].requests);
	}
}

/* ---- their changes ---- */

static const char *path_of(const struct log *l, const char *suffix, char out[80]) {
	snprintf(out, 80, DISK_ROOT "/logs/%s%s", l->name, suffix);
	return out;
}

static void pack(struct logs_world *w, struct log *l, struct disk *d, uint64_t *state) {
	char path[80];
	struct node *n = disk_find(d, path_of(l, "", path));
	z_stream z = {0};
	size_t room = n->now.len + 200;
	unsigned char *out = must_alloc(room);

	deflateInit2(&z, 6, Z_DEFLATED, GZIP, 8, Z_DEFAULT_STRATEGY);
	z.next_in = n->now.at;
	z.avail_in = (unsigned)n->now.len;
	z.next_out = out;
	z.avail_out = (unsigned)room;
	deflate(&z, Z_FINISH);
	disk_put(d, path_of(l, ".gz", path), out, z.total_out);
	if (draw_one_in(state, 4)) { /* another copy is cut off */
		snprintf(path, sizeof path, DISK_ROOT "/logs/copy-%d-%s.gz", ++w->copies, l->name);
		disk_put(d, path, out, (size_t)draw_within(state, 1, (int64_t)z.total_out));
	}
	deflateEnd(&z);
	free(out);
	disk_remove(d, path_of(l, "", path));
	l->packed = true;
}

static void rotate(struct log *l, struct disk *d) {
	char from[80], suffix[16], to[80];
	const char *old, *new;

	snprintf(suffix, sizeof suffix, ".%d", ++l->rotated);
	struct node *folder = disk_folder(d, path_of(l, "", from), &old);
	disk_folder(d, path_of(l, suffix, to), &new);
	disk_rename(d, folder, old, new);
	disk_sync(folder);
}

static void copy(struct logs_world *w, const struct log *l, struct disk *d, uint64_t *state) {
	char path[80];
	const struct node *n = disk_find(d, path_of(l, "", path));
	/* A file that is not complete is still being copied. */
	size_t len = draw_one_in(state, 3) ? (size_t)draw_within(state, 0, (int64_t)n->now.len + 1) : n->now.len;

	snprintf(path, sizeof path, DISK_ROOT "/logs/copy-%d-%s", ++w->copies, l->name);
	disk_put(d, path, n->now.at, len);
}

/* The position to which a log is written next. */
static size_t next_end(const struct log *l, uint64_t *state, bool last) {
	size_t to = last ? l->content.len : (size_t)draw_within(state, (int64_t)l->written, (int64_t)l->content.len + 1);

	if (to < l->content.len && !draw_one_in(state, 5)) {
		while (to > l->written && l->content.at[to - 1] != '\n') {
			to--;
		}
	}
	return to;
}

static void day_of(struct logs_world *w, struct log *l, struct disk *d, uint64_t *state, bool last) {
	char path[80];
	size_t to = next_end(l, state, last);

	if (to > l->written) {
		disk_append(d, path_of(l, "", path), l->content.at + l->written, to - l->written);
		l->written = to;
	}
	if (!disk_find(d, path_of(l, "", path))) {
		return;
	}
	l->whole = to == 0 || l->content.at[to - 1] == '\n';
	if (draw_one_in(state, 8)) {
		copy(w, l, d, state);
	}
	if (l->whole && !last && draw_one_in(state, 5)) {
		rotate(l, d);
	} else if (to == l->content.len && l->rotated == 0 && draw_one_in(state, 3)) {
		pack(w, l, d, state);
	}
}

void logs_world_day(struct logs_world *w, struct disk *d, uint64_t *state, int night, bool last) {
	for (size_t i = 0; i < w->count; i++) {
		struct log *l = &w->logs[i];
		if (!l->packed && (last || (night >= l->late && !draw_one_in(state, 5)))) {
			day_of(w, l, d, state, last);
		}
	}
}

struct logs_sum logs_world_sum(const struct logs_world *w) {
	struct logs_sum sum = {.whole = true};

	for (size_t i = 0; i < w->count; i++) {
		const struct log *l = &w->logs[i];
		sum.whole &= l->written == 0 || l->content.at[l->written - 1] == '\n';
		for (size_t k = 0; k < l->request_count && l->requests[k].end <= l->written; k++) {
			sum.requests++;
			sum.prompt += l->requests[k].prompt;
			sum.output += l->requests[k].output;
		}
	}
	return sum;
}
