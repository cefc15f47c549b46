/*
 * sglang.c: SGLang's server log: prefill and decode batches as windows; requests are in sglang_requests.c.
 *
 * [2026-04-05 20:02:51] Prefill batch, #new-seq: 1, #new-token: 161, #cached-token: 0, token usage: 0.08, #running-req: 31, #queue-req: 0, cuda graph: True, input throughput (token/s): 561.22
 * [2026-07-21 15:00:13 TP0 EP0] Decode batch, #running-req: 24, #token: 233600, token usage: 0.66, accept len: 3.05, accept rate: 0.68, npu graph: True, gen throughput (token/s): 239.12, #queue-req: 2
 * (SGLangEngine pid=35551) [2025-10-31 03:45:20 TP0] Decode batch [51342], #running-req: 316, #token: 1093004, token usage: 0.67, cuda graph: True, gen throughput (token/s): 14790.13, #queue-req: 0,
 *
 * No batch has a duration: "throughput" is tokens over the whole gap since the previous line. So batches are summed
 * to windows of some seconds. Generated tokens are rate x gap (the first token of a sequence, produced by prefill, is
 * not in that rate and is added for each sequence; a prompt in n chunks counts n times).
 */
#include "ingest/formats/engines/sglang.h"

#include <math.h>

#include "core/exact.h"
#include "ingest/formats/logger_line.h"

/* Shorter windows would be dominated by rounding: the log's timestamps are in seconds. */
#define WINDOW_NS (10 * NS_PER_SECOND)
/* A server without work writes nothing: windows do not span a longer silence. */
#define SILENCE_NS (10 * NS_PER_SECOND)
/* After this long without a decode line the server is a prefill server. */
#define NO_DECODE_NS (60 * NS_PER_SECOND)
#define DECODE_INTERVAL 40

/*
 * Known keys of all generations. Others are counted; a line that is not "key: value" to its end is damaged.
 */
static const struct batch_key {
	struct text key;
	int number; /* one of the above, or -1: only checked */
	int digits; /* decimals: the unit of the number */
} batch_keys[] = {
#define KEY(literal) {literal, sizeof(literal) - 1}
	{KEY("#new-seq"), NEW_SEQ, 0},
	{KEY("#new-token"), NEW_TOKEN, 0},
	{KEY("#cached-token"), CACHED_TOKEN, 0},
	{KEY("#running-req"), RUNNING, 0},
	{KEY("#queue-req"), QUEUE, 0},
	{KEY("gen throughput (token/s)"), GEN_RATE, 2},
	{KEY("token usage"), -1, 2},
	{KEY("#token"), CONTEXT, 0},
	{KEY("cuda graph"), -1, -1},
	{KEY("npu graph"), -1, -1},
	{KEY("cpu graph"), -1, -1},
	{KEY("musa graph"), -1, -1},
	{KEY("input throughput (token/s)"), -1, 2},
	{KEY("cache hit rate"), -1, -1},
	{KEY("#pending-token"), -1, 0},
	{KEY("accept len"), ACCEPTED, 2},
	{KEY("accept rate"), -1, 2},
	{KEY("cap len"), -1, 2},
	{KEY("block accept len"), -1, 2},
	{KEY("#full token"), -1, 0},
	{KEY("full token usage"), -1, 2},
	{KEY("#swa token"), -1, 0},
	{KEY("swa token usage"), -1, 2},
	{KEY("mamba num"), -1, 0},
	{KEY("mamba usage"), -1, 2},
	{KEY("#gpu token"), -1, 0},
	{KEY("#cpu token"), -1, 0},
	{KEY("pre-allocated usage"), -1, 2},
	{KEY("#prealloc-req"), -1, 0},
	{KEY("#transfer-req"), -1, 0},
	{KEY("#transferring-req"), -1, 0},
	{KEY("#retracted-req"), -1, 0},
	{KEY("#bootstrap-req"), -1, 0},
	{KEY("#unbootstrapped-req"), -1, 0},
	{KEY("#inflight-req"), -1, 0},
	{KEY("#optimistic-req"), -1, 0},
	{KEY("waiting-image-req"), -1, 0},
	{KEY("est. prefill TFLOPS/s (per GPU)"), -1, -1},
	{KEY("est. decode TFLOPS/s (per GPU)"), -1, -1},
	{KEY("est. read BW (GB/s per GPU)"), -1, -1},
	{KEY("est. write BW (GB/s per GPU)"), -1, -1},
	{KEY("fwd occupancy"), OCCUPANCY, 2},
};

/* May something other than the prefix precede it? A label of Ray, a progress bar. */
static bool may_precede(struct text t) {
	t = text_trim(t);
	return t.len == 0 || (t.at[0] == '(' && text_ends(t, T(")"))) ||
	       (text_find(t, T("%|")) != SIZE_MAX && (text_find(t, T("it/s")) != SIZE_MAX || text_find(t, T("s/it")) != SIZE_MAX));
}

/* The number of a label in " DP1 TP0 EP0 PP1" after the timestamp; 0 if it is missing. */
static int64_t label_of(struct text labels, struct text label) {
	struct text before;
	int64_t rank;

	return text_until(&labels, label, &before) && text_take_i64(&labels, &rank) && rank >= 0 && rank < 100000 ? rank : 0;
}

/* Engines differ by their rank of data parallelism; all stages and ranks of one print each batch. */
static void take_ranks(struct text labels, struct sglang_logged *out) {
	out->rank = label_of(labels, T(" DP"));
	out->voice = label_of(labels, T(" PP")) * 100000 + label_of(labels, T(" TP"));
}

/* "[2026-04-05 20:02:51.123 DP1 TP0] ", or of 2024 "[gpu_id=0] ". */
static bool take_prefix(struct parser *p, struct text t, struct sglang_logged *out) {
	struct text before, labels, whole = t;

	if (!text_until(&t, T("["), &before) || !may_precede(before)) {
		size_t at = text_find(whole, T("[20")); /* a progress bar has brackets of its own */
		if (at == SIZE_MAX || text_find(text_cut(whole, 0, at), T("%|")) == SIZE_MAX) {
			return false;
		}
		t = text_cut(whole, at + 1, whole.len);
	}
	*out = (struct sglang_logged){.ns = UNKNOWN};
	if (!text_starts(t, T("gpu_id=")) && !stamp_take_local(&p->stamps, &t, &out->ns)) {
		return false;
	}
	if (!text_until(&t, T("]"), &labels) || labels.len > 64 || !text_skip(&t, T(" "))) {
		return false;
	}
	take_ranks(labels, out);
	out->message = t;
	return true;
}

#define BATCH_KEYS (sizeof batch_keys / sizeof *batch_keys)
_Static_assert(BATCH_KEYS <= SGLANG_KEYS_MAX, "sglang.h: one more place for each key");

/* "561.22", "True", "nan%": false if it is not a value of the key. */
static bool take_value(const struct batch_key *k, struct text value, int64_t *numbers) {
	int64_t n;

	if (k->digits < 0) {
		return value.len > 0;
	}
	if (k->number == OCCUPANCY && text_starts(value, T("nan"))) {
		return true;
	}
	if (!text_take_fixed(&value, k->digits, &n) || (value.len > 0 && !text_eq(value, T("%"))) || n < 0) {
		return false;
	}
	if (k->number >= 0) {
		numbers[k->number] = n;
	}
	return true;
}

/*
 * Moves past "key: ". The row of the key, BATCH_KEYS if it is not known, or -1 if there is none. The lines of one
 * server are similar: the row that followed the previous key last time is tried first.
 */
static int take_key(struct sglang *s, struct text *piece, size_t before) {
	size_t row = s->after[before];
	struct text guess = *piece, key;

	if (text_skip(&guess, batch_keys[row].key) && text_skip(&guess, T(": "))) {
		*piece = guess;
		return (int)row;
	}
	if (!text_until(piece, T(": "), &key) || key.len == 0) {
		return -1;
	}
	for (row = 0; row < BATCH_KEYS && !text_eq(batch_keys[row].key, key);) {
		row++;
	}
	s->after[before] = (unsigned char)(row < BATCH_KEYS ? row : 0);
	return (int)row;
}

/* A piece without a key, such as half of a value with a comma; but not a truncated known key. */
static bool is_unknown_piece(struct text piece) {
	piece.len -= text_ends(piece, T(":")) ? 1 : 0;
	for (size_t i = 0; i < BATCH_KEYS; i++) {
		if (text_starts(batch_keys[i].key, piece)) {
			return false;
		}
	}
	return true;
}

static bool take_piece(struct parser *p, struct text piece, size_t *before, int64_t *numbers) {
	struct text whole = piece;
	int row = take_key(p->state, &piece, *before);

	if (row < 0 || piece.len == 0) {
		p->quality->unknown_keys++;
		return row < 0 && is_unknown_piece(whole);
	}
	if (row == (int)BATCH_KEYS) {
		p->quality->unknown_keys++;
		return true;
	}
	*before = (size_t)row;
	return take_value(&batch_keys[row], piece, numbers);
}

/* Takes the text before the next ", ", or all. */
static struct text next_piece(struct text *t) {
	size_t comma = text_find_byte(*t, ',');
	struct text piece = text_cut(*t, 0, comma);

	*t = text_cut(*t, piece.len + 1, t->len);
	text_skip(t, T(" "));
	return piece;
}

/* After "Prefill batch": " [51342]", "(mixed #running-req: 3)", then a point or comma, then the pieces. */
static bool take_pieces(struct parser *p, struct text t, int64_t *numbers) {
	struct text before;
	size_t row = SGLANG_KEYS_MAX; /* none yet */

	for (int i = 0; i < BATCH_NUMBERS; i++) {
		numbers[i] = UNKNOWN;
	}
	if ((text_skip(&t, T(" [")) && !text_until(&t, T("]"), &before)) ||
	    (text_skip(&t, T("(")) && !text_until(&t, T(")"), &before)) ||
	    (!text_skip(&t, T(". ")) && !text_skip(&t, T(", ")))) {
		return false;
	}
	t = text_trim(t);
	t.len -= text_ends(t, T(",")) ? 1 : 0;
	while (t.len > 0) {
		if (!take_piece(p, next_piece(&t), &row, numbers)) {
			return false;
		}
	}
	return true;
}

/* Emits the window up to its last line and begins none; false if it is empty. */
static bool close_window(struct parser *p, struct sglang_engine *e, struct record *out) {
	struct sglang *s = p->state;
	const int128 unit = (int128)100 * NS_PER_SECOND;
	int128 generated = exact_div(e->output, unit);
	int64_t end_ns = e->seen_ns > e->start_ns ? e->seen_ns : e->start_ns + NS_PER_SECOND;

	bool any = e->open && (e->computed > 0 || e->cached > 0 || generated > 0);
	record_begin(out, RECORD_WINDOW);
	s->server = (size_t)(e - s->engines) / SGLANG_ENGINES_MAX;
	sglang_names(p, (e - s->engines) % SGLANG_ENGINES_MAX, out);
	out->window.start_ns = e->start_ns;
	out->window.end_ns = end_ns;
	out->window.input_tokens = e->computed + e->cached;
	out->window.cached_tokens = e->cached;
	out->window.output_tokens = (int64_t)generated + e->sequences;
	out->window.running = e->running;
	out->window.waiting = e->waiting;
	out->window.context_tokens = e->context_ntok;
	if (!e->occupancy_unknown && e->seen_ns > e->start_ns) {
		out->window.busy_ppm = (int64_t)exact_div(e->busy * 100, e->seen_ns - e->start_ns);
	}
	e->output -= generated * unit; /* the rounding remainder is moved to the next window */
	e->computed = e->cached = e->sequences = 0;
	e->open = false;
	return any;
}

static void open_window(struct sglang_engine *e, int64_t start_ns) {
	if (!e->open) {
		e->open = true;
		e->start_ns = start_ns;
		e->seen_ns = start_ns;
		e->running = e->waiting = e->context_ntok = UNKNOWN;
		e->busy = 0;
		e->occupancy_unknown = false;
	}
}

/*
 * "fwd occupancy" is the fraction of the time since the previous line in which forward passes ran, by the device's
 * events.
 */
static void add_occupancy(struct sglang_engine *e, const int64_t *n, int64_t ns) {
	const int64_t all = 10000; /* hundredths of a percent */

	if (ns > e->seen_ns) {
		e->occupancy_unknown |= n[OCCUPANCY] == UNKNOWN;
		e->busy += n[OCCUPANCY] == UNKNOWN ? 0 : (int128)(n[OCCUPANCY] < all ? n[OCCUPANCY] : all) * (ns - e->seen_ns);
	}
}

static void add_prefill(struct sglang_engine *e, const int64_t *n) {
	e->computed += n[NEW_TOKEN];
	e->cached += n[CACHED_TOKEN];
	e->sequences += n[NEW_SEQ] == UNKNOWN ? 0 : n[NEW_SEQ];
}

/*
 * The tokens since the previous decode line. The first line's gap is not known: its tokens are those of one
 * interval's steps of its batch.
 */
static void add_decode(const struct sglang *s, struct sglang_engine *e, const int64_t *n, int64_t ns) {
	int64_t steps = s->decode_interval > 0 ? s->decode_interval : DECODE_INTERVAL;
	int128 sequence_steps = (int128)(n[RUNNING] == UNKNOWN ? 0 : n[RUNNING]) * steps;

	if (e->decoded && ns >= e->last_decode_ns) {
		int128 generated = (int128)n[GEN_RATE] * (ns - e->last_decode_ns);
		e->output += generated;
		if (sequence_steps > 0 && ns - e->last_decode_ns <= NO_DECODE_NS) {
			e->paced++;
			e->due += sequence_steps * (n[ACCEPTED] == UNKNOWN ? 100 : n[ACCEPTED]);
			e->got += generated / NS_PER_SECOND;
		}
	} else {
		e->output += sequence_steps * 100 * NS_PER_SECOND;
	}
	e->decoded = true;
	e->last_decode_ns = ns;
}

static const char *batch_absurd(const int64_t *n, bool decode) {
	if (decode ? n[GEN_RATE] == UNKNOWN || n[QUEUE] == UNKNOWN : n[NEW_TOKEN] == UNKNOWN || n[CACHED_TOKEN] == UNKNOWN) {
		return "malformed batch line";
	}
	for (int i = 0; i < BATCH_NUMBERS; i++) {
		if (n[i] != UNKNOWN && n[i] > (i == GEN_RATE ? 100 : 1) * COUNT_MAX) {
			return "absurd count";
		}
	}
	return NULL;
}

/* May the window end with this line? If there are decode lines, only with one of them. */
static bool window_is_full(const struct sglang_engine *e, bool decode) {
	return e->seen_ns - e->start_ns >= WINDOW_NS &&
	       (decode || !e->decoded || e->seen_ns - e->last_decode_ns > NO_DECODE_NS);
}

static enum parse_result parse_batch(struct parser *p, struct sglang_logged *l, int64_t stamp_ns, bool decode,
                                     struct record *out) {
	int64_t n[BATCH_NUMBERS];

	return take_pieces(p, l->message, n) ? sglang_batch(p, l, n, stamp_ns, decode, out) : reject(p, "malformed batch line");
}

enum parse_result sglang_batch(struct parser *p, const struct sglang_logged *l, const int64_t *n, int64_t stamp_ns, bool decode,
                               struct record *out) {
	struct sglang *s = p->state;
	int64_t ns = stamp_ns != UNKNOWN ? stamp_ns : l->ns;
	const char *why = batch_absurd(n, decode);

	why = why ? why : ns == UNKNOWN ? "invalid time stamp" : instant_absurd(p, ns);
	if (why || l->rank >= SGLANG_ENGINES_MAX) {
		return reject(p, why ? why : "engine number out of range");
	}
	struct sglang_engine *e = &s->engines[s->server * SGLANG_ENGINES_MAX + (size_t)l->rank];
	e->voice = e->has_voice ? e->voice : l->voice;
	e->has_voice = true;
	if (e->voice != l->voice) {
		return PARSE_NONE;
	}
	bool ready = e->open && ns - e->seen_ns > SILENCE_NS && close_window(p, e, out);
	open_window(e, ns);
	if (decode) {
		add_decode(s, e, n, ns);
	} else {
		add_prefill(e, n);
	}
	add_occupancy(e, n, ns);
	e->seen_ns = ns > e->seen_ns ? ns : e->seen_ns;
	e->running = n[RUNNING];
	e->waiting = n[QUEUE];
	e->context_ntok = n[CONTEXT];
	if (!ready && window_is_full(e, decode)) {
		ready = close_window(p, e, out);
		open_window(e, ns);
	}
	return ready ? record_finish(p, out) : PARSE_NONE;
}

/* The value of "name='value'" in the server's arguments. */
static bool argument(struct text t, struct text name, struct text *value) {
	struct text before;

	return text_until(&t, name, &before) && text_until(&t, T("'"), value) && value->len > 0;
}

/*
 * "server_args=ServerArgs(model_path='…', served_model_name='…', decode_log_interval=40, …": a server starts, and the
 * gap before its first decode line does not begin at the last one before.
 */
static void note_arguments(struct sglang *s, struct text t) {
	struct text name, before;

	for (size_t i = 0; i < SGLANG_ENGINES_MAX; i++) {
		struct sglang_engine *e = &s->engines[s->server * SGLANG_ENGINES_MAX + i];
		e->decoded = e->has_voice = false;
	}
	if ((argument(t, T("served_model_name='"), &name) || argument(t, T("model_path='"), &name)) &&
	    name.len < sizeof s->model) {
		memcpy(s->model, name.at, name.len);
		s->model_len = name.len;
	}
	if (text_until(&t, T("decode_log_interval="), &before) &&
	    (!text_take_i64(&t, &s->decode_interval) || s->decode_interval > 1000000)) {
		s->decode_interval = 0;
	}
}

static enum parse_result parse_message(struct parser *p, struct sglang_logged *l, int64_t stamp_ns, struct record *out) {
	text_skip(&l->message, T("INFO "));
	if (text_starts(l->message, T("{"))) {
		return sglang_parse_json(p, l->message, l, stamp_ns != UNKNOWN ? stamp_ns : l->ns, out);
	}
	if (text_skip(&l->message, T("Prefill batch"))) {
		return parse_batch(p, l, stamp_ns, false, out);
	}
	if (text_skip(&l->message, T("Decode batch"))) {
		return parse_batch(p, l, stamp_ns, true, out);
	}
	if (text_starts(l->message, T("server_args=ServerArgs("))) {
		note_arguments(p->state, l->message);
		sglang_note_port(p, l->message);
		return PARSE_NONE;
	}
	return sglang_parse_request(p, l->message, stamp_ns != UNKNOWN ? stamp_ns : l->ns, out);
}

/* Fewer decode lines show nothing. */
#define PACED_LEAST 12

/*
 * A server writes a decode line every so many steps, with its rate since the line before. Where lines of several servers
 * mix, the line before is mostly another one's, and the time since it is shorter: tokens are missing. The sequences of
 * a line are those of its last step: over many lines the difference to the others cancels.
 */
static void find_several(struct parser *p) {
	struct sglang *s = p->state;
	struct sglang_engine all = {.paced = 0};

	for (size_t i = 0; i < sizeof s->engines / sizeof *s->engines; i++) {
		const struct sglang_engine *e = &s->engines[i];
		if (e->paced >= PACED_LEAST && (double)e->got < (double)e->due * (0.9 - 0.7 / sqrt((double)e->paced))) {
			all.paced += e->paced;
			all.got += e->got / 100;
			all.due += e->due / 100;
		}
	}
	if (all.paced > 0) {
		quality_finding(p->quality, "several-servers", p->replica.at, "--replica", QUALITY_NO_AMOUNT,
		                "%s: its %lld lines \"Decode batch\" have %.0f tokens, and the steps between lines of one server generate about %.0f: "
				"several servers log here and are counted as one; give each server its own log or name, with --replica or "
				"\"names\" in the fleet file",
		                p->replica.at, (long long)all.paced, (double)all.got, (double)all.due);
	}
}

/* The windows still open, one per call. */
static enum parse_result flush(struct parser *p, struct record *out) {
	struct sglang *s = p->state;

	p->reason = NULL;
	if (s->flushed == 0) {
		find_several(p);
	}
	while (s->flushed < SGLANG_SERVERS_MAX * SGLANG_ENGINES_MAX) {
		struct sglang_engine *e = &s->engines[s->flushed++];
		if (e->open && close_window(p, e, out)) {
			return record_finish(p, out);
		}
	}
	return PARSE_NONE;
}

/* The message alone, as written by a JSON logger or Dynamo, in an envelope with a timestamp. */
static bool take_bare(struct parser *p, struct text line, int64_t stamp_ns, struct sglang_logged *out) {
	static const struct text openings[] = {{"Prefill batch", 13}, {"Decode batch", 12}, {"server_args=ServerArgs(", 23},
	                                       {"ReqTimeStats(", 13}, {"Req Time Stats(", 15}, {"Finish: obj=", 12}};

	line = text_trim(line);
	*out = (struct sglang_logged){.ns = UNKNOWN, .message = line};
	for (size_t i = 0; i < sizeof openings / sizeof *openings; i++) {
		if (text_starts(line, openings[i])) {
			return stamp_ns != UNKNOWN || parser_local_instant(p, &out->ns);
		}
	}
	return false;
}

/* A line of another logger, which has a date in front of the message. */
static bool take_logged(struct parser *p, struct text line, struct sglang_logged *out) {
	struct text stamp;

	*out = (struct sglang_logged){.ns = UNKNOWN};
	return logger_line(line, &stamp, &out->message) && stamp_take_local(&p->stamps, &stamp, &out->ns);
}

static enum parse_result sglang_parse(struct parser *p, const struct text *line, int64_t stamp_ns,
                                      struct record *out) {
	struct sglang_logged l;

	if (!line) {
		return flush(p, out);
	}
	p->reason = NULL;
	if (text_starts(*line, T("{"))) {
		return sglang_parse_json(p, *line, NULL, stamp_ns, out);
	}
	if (!take_prefix(p, *line, &l) && !take_logged(p, *line, &l) && !take_bare(p, *line, stamp_ns, &l)) {
		return PARSE_NONE;
	}
	return sglang_take_server(p, *line) ? parse_message(p, &l, stamp_ns, out) : reject(p, "too many servers in one log");
}

static int bid_json(struct text t) {
	static const struct text events[] = {KEY("\"request."), KEY("\"prefill.batch\""), KEY("\"decode.batch\"")};
	struct text event = {0};

	field_at_top(t, T("event"), &event);
	for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
		if (text_starts(event, events[i])) {
			return 85;
		}
	}
	return text_starts(t, T("{\"request_parameters\"")) ? 85 : 0;
}

/* Is it in the line, outside quoted texts? */
static bool stands_in(struct text t, struct text what) {
	size_t at = text_find(t, what);
	struct text before = text_cut(t, 0, at);

	return at != SIZE_MAX && text_find_byte(before, '\'') == SIZE_MAX && text_find_byte(before, '"') == SIZE_MAX;
}

/* Lines that a request ends with, or the server begins with; a request's id and texts follow, which its user chose. */
static bool is_of_request(struct text message) {
	return text_starts(message, T("server_args=ServerArgs(")) || text_starts(message, T("ReqTimeStats(rid=")) ||
	       text_starts(message, T("Req Time Stats(rid=")) || text_starts(message, T("Finish: obj=GenerateReqInput("));
}

static int bid_text(struct text t) {
	struct text message = stands_in(t, T("] ")) ? text_cut(t, text_find(t, T("] ")) + 2, t.len) : T("");
	struct text stamp, logged;

	if (stands_in(t, T("] Prefill batch")) || stands_in(t, T("] Decode batch"))) {
		return 90;
	}
	if (text_starts(message, T("{")) && bid_json(message) > 0) {
		return 85;
	}
	if (logger_line(t, &stamp, &logged) && (text_starts(logged, T("Prefill batch")) || text_starts(logged, T("Decode batch")))) {
		return 90;
	}
	if (text_starts(t, T("Prefill batch, #new-seq")) || text_starts(t, T("Decode batch, #running-req"))) {
		return 70;
	}
	return !is_of_request(message) ? 0 : text_starts(t, T("[20")) ? 91 : 85;
}

static int sglang_bid(const struct text *lines, size_t count) {
	int bid = 0;

	for (size_t i = 0; i < count && bid < 91; i++) {
		int own = text_starts(lines[i], T("{")) ? bid_json(lines[i]) : bid_text(lines[i]);
		bid = own > bid ? own : bid;
	}
	return bid;
}

const struct format format_sglang = {
	.bid = sglang_bid,
	.most = 91,
	.parse = sglang_parse,
	.state_size = sizeof(struct sglang),
};
