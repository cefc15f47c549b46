/*
 * trtllm_triton.c: the log of Triton's in-flight batcher of 2023 and 2024, iterations as steps.
 *
 * I1218 03:35:37.688135 20559 libtensorrtllm.cc:1205] {"Active Request Count":3,"Context Requests":1,"Generation Requests":2,"Scheduled Requests":3,"Total Context Tokens":100,"Iteration Counter":7,"MicroBatch ID":0,…,"Timestamp":"12-18-2023 03:35:37"}
 *
 * It has no durations: a step's duration is the time from the previous row to its own, if that one had requests and
 * is the previous iteration. glog's timestamp has microseconds and no year, the row's own has the year.
 */
#include "ingest/formats/engines/trtllm.h"

#include "core/exact.h"

/* Longer is not one step. */
#define GAP_MAX_NS (60 * NS_PER_SECOND)

static bool digits_at(struct text t, size_t at, size_t count, int *out) {
	int64_t n;

	if (at + count > t.len || !text_to_i64(text_cut(t, at, at + count), &n) || n < 0) {
		return false;
	}
	*out = (int)n;
	return true;
}

/* "1218 03:35:37.688135" */
static bool take_glog_stamp(struct text t, struct civil *c) {
	*c = (struct civil){0};
	if (!digits_at(t, 0, 2, &c->month) || !digits_at(t, 2, 2, &c->day) || !digits_at(t, 5, 2, &c->hour) ||
	    !digits_at(t, 8, 2, &c->minute) || !digits_at(t, 11, 2, &c->second) || !digits_at(t, 14, 6, &c->nanosecond)) {
		return false;
	}
	c->nanosecond *= 1000;
	return t.at[4] == ' ' && t.at[7] == ':' && t.at[10] == ':' && t.at[13] == '.';
}

bool triton_row(struct text line, struct text *stamp, struct text *json) {
	struct text before;

	if (line.len < 40 || (line.at[0] != 'I' && line.at[0] != 'W') || !text_until(&line, T("] {"), &before) || before.len > 120 ||
	    text_find(line, T("\"Iteration Counter\":")) == SIZE_MAX) {
		return false;
	}
	*stamp = text_cut(before, 1, before.len);
	*json = (struct text){line.at - 1, line.len + 1};
	return true;
}

static bool read_instant(struct parser *p, struct text stamp, int64_t *ns) {
	struct text own = field_text(p, 0, T("Timestamp"));
	struct civil c;

	if (!take_glog_stamp(stamp, &c)) {
		return false;
	}
	digits_at(own, 6, 4, &c.year);
	return stamp_resolve(&p->stamps, c, ns);
}

static void make_step(const struct triton *before, const struct triton *now, struct parser *p, struct record *out) {
	struct step *s = &out->step;

	record_begin(out, RECORD_STEP);
	s->index = now->index;
	s->start_ns = before->at_ns;
	s->gpu_ns = now->at_ns - before->at_ns;
	s->prefill_requests = field_count_or_0(p, 0, T("Context Requests"));
	s->prefill_tokens = field_count_or_0(p, 0, T("Total Context Tokens"));
	s->decode_requests = s->decode_tokens = field_count_or_0(p, 0, T("Generation Requests"));
	s->prefill_kv_tokens = s->prefill_token_kv = s->prefill_requests == 0 ? 0 : UNKNOWN;
	s->decode_kv_tokens = s->decode_requests == 0 ? 0 : UNKNOWN;
	s->duration_kind = DURATION_LOG_GAP;
}

enum parse_result triton_parse(struct parser *p, struct triton *before, struct text stamp, struct text json, int64_t stamp_ns,
                               struct record *out) {
	struct triton now = {.at_ns = stamp_ns};

	if (!field_parse_line(p, json)) {
		return reject(p, "invalid JSON");
	}
	now.index = field_count(p, 0, T("Iteration Counter"));
	now.busy = field_count_or_0(p, 0, T("Active Request Count")) > 0;
	if (p->reason || now.index == UNKNOWN || (stamp_ns == UNKNOWN && !read_instant(p, stamp, &now.at_ns))) {
		return reject(p, p->reason ? p->reason : now.index == UNKNOWN ? "malformed iteration line" : "invalid time stamp");
	}
	bool timed = before->busy && now.index == before->index + 1 && now.at_ns > before->at_ns &&
	             now.at_ns - before->at_ns <= GAP_MAX_NS;
	if (timed) {
		make_step(before, &now, p, out);
	}
	bool work = timed && out->step.prefill_tokens + out->step.decode_requests > 0;
	*before = now;
	return work ? record_finish(p, out) : PARSE_NONE;
}
