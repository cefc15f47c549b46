#include "ledger/plain.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define KEY "model, tenant, pool, kind, grade, prompt_over, service, rate_nano"
#define AMOUNTS "gpu_ns, tokens, requests, reasoning_tokens, cache_write_tokens, spread_ns, energy_mj, metered_ns"

const struct plain_table plain_tables[] = {
	{"name", "id, text", "it", "id"},
	{"document", "sha256", "t", "sha256"}, /* the bytes are separate files */
	{"run", "id, command, version, rule, currency, basis, started_ns, finished_ns, files, lines, records, rejected, duplicates, "
	        "restated, first_ns, last_ns, steps, requests, windows, powers", "itttttiiiiiiiiiiiiii", "id"},
	{"chain", "run, seal", "it", "run"},
	{"run_document", "run, kind, seq, path, sha256", "ititt", "run, kind, seq"},
	{"source", "id, path, format, head_bytes, head, bytes, content, marks, lines, records, at_end, first_run, last_run, named, "
	           "by_rule, zone", "ittititbiiiiitit", "id"},
	{"source_was", "source, until_run, format, bytes, content, lines, records", "iititii", "source, until_run"},
	{"file", "device, inode, size, mtime_ns, path, sha256, source, run", "iiiittii", "device, inode"},
	{"reject", "run, reason, lines, first", "itit", "run, reason"},
	{"damage", "run, file, reason, at", "itti", "run, file, reason"},
	{"warning", "run, sentence", "it", "run, sentence"},
	{"evidence", "plan, task, from_ns, to_ns, notes, run", "tiiiti", "plan, task"},
	{"segment", "day_ns, replica, hash, bytes, steps, requests, windows, powers, first_ns, last_ns, span_first_ns, span_last_ns, "
	            "model, run, gone_run, gateways, first_step, last_step", "iitiiiiiiiiiiiiiii", "day_ns, replica"},
	{"dirty", "day_ns", "i", "day_ns"},
	{"day", "day_ns, basis, duplicates", "iti", "day_ns"},
	{"verdict", "day_ns, name, partner, decision, named, step_model, shift_ns, held, dropped", "iiiiiiiii", "day_ns, name, partner"},
	{"answered", "day_ns, model, provider, vendor", "iiii", "day_ns, model, provider"},
	{"joined", "day_ns, run, until_run, joined, gateway_only, gateway_only_tokens, engine_only, differing, gateway_only_first, engine_only_first, "
	           "differing_first", "iiiiiiiittt", "day_ns, run"},
	{"posting", "id, day_ns, replica, run, until_run, entries, gpu_ns, hash", "iiiiiiit", "id"},
	{"entry", "posting, slot_ns, " KEY ", " AMOUNTS, "iiiiiiiiiiiiiiiiii", "posting, slot_ns, " KEY},
	{"entry_day", "posting, " KEY ", " AMOUNTS, "iiiiiiiiiiiiiiiii", "posting, " KEY},
	{"fit", "day_ns, part, lines", "itt", "day_ns, part"},
	{"period", "id, name, from_ns, to_ns, run, reopened_run, reason, statement, entries", "itiiiittt", "id"},
	{"adjustment", "id, period, run, posted_ns, replica, slot_ns, " KEY ", " AMOUNTS, "iiiiiiiiiiiiiiiiiiiiii", "id"},
};
const size_t plain_table_count = sizeof plain_tables / sizeof *plain_tables;

/* ---- writing ---- */

void plain_out_init(struct plain_out *p, FILE *out) {
	*p = (struct plain_out){.out = out, .digest = digest_new()};
}

void plain_out_release(struct plain_out *p) {
	digest_free(p->digest);
	free(p->line);
}

static char *room_for(struct plain_out *p, size_t more) {
	if (p->room - p->len < more) {
		p->room = 2 * p->room + more;
		p->line = must_realloc(p->line, p->room);
	}
	return p->line + p->len;
}

void plain_put(struct plain_out *p, const char *format, ...) {
	char text[512];
	va_list args;

	va_start(args, format);
	int len = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	size_t n = len < 0 ? 0 : (size_t)len < sizeof text ? (size_t)len : sizeof text - 1;
	memcpy(room_for(p, n), text, n);
	p->len += n;
}

void plain_put_text(struct plain_out *p, struct text t) {
	size_t room = 6 * t.len + 3;
	char *at = room_for(p, room);

	size_t len = json_escape(t, at + 1, room - 1);
	if (text_find((struct text){at + 1, len}, T("\\ufffd")) != SIZE_MAX) {
		plain_put(p, "{\"hex\":");
		plain_put_bytes(p, t);
		plain_put(p, "}");
		return;
	}
	at[0] = at[len + 1] = '"';
	p->len += len + 2;
}

void plain_put_bytes(struct plain_out *p, struct text t) {
	static const char digits[] = "0123456789abcdef";
	char *at = room_for(p, 2 * t.len + 2);

	*at++ = '"';
	for (size_t i = 0; i < t.len; i++) {
		*at++ = digits[(unsigned char)t.at[i] >> 4];
		*at++ = digits[(unsigned char)t.at[i] & 15];
	}
	*at = '"';
	p->len += 2 * t.len + 2;
}

void plain_end_line(struct plain_out *p) {
	*room_for(p, 1) = '\n';
	p->len++;
	fwrite(p->line, 1, p->len, p->out);
	digest_add(p->digest, (struct text){p->line, p->len});
	p->bytes += (int64_t)p->len;
	p->lines++;
	p->len = 0;
}

/* ---- reading ---- */

static int digit_of(char c) {
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool plain_get_bytes(const struct json *j, json_at v, char *buffer, size_t size, struct text *out) {
	struct text raw = json_raw(j, v);

	if (json_type(j, v) != JSON_STRING || raw.len % 2 != 0 || raw.len / 2 > size) {
		return false;
	}
	for (size_t i = 0; i < raw.len; i += 2) {
		int high = digit_of(raw.at[i]), low = digit_of(raw.at[i + 1]);
		if (high < 0 || low < 0) {
			return false;
		}
		buffer[i / 2] = (char)(high << 4 | low);
	}
	*out = (struct text){buffer, raw.len / 2};
	return true;
}

bool plain_get_text(const struct json *j, json_at v, char *buffer, size_t size, struct text *out) {
	if (json_type(j, v) == JSON_OBJECT) {
		return plain_get_bytes(j, json_get(j, v, T("hex")), buffer, size, out);
	}
	if (json_type(j, v) != JSON_STRING || json_raw(j, v).len >= size) {
		return false;
	}
	*out = json_string(j, v, buffer, size);
	return true;
}

/* ---- names ---- */

void plain_records_name(const char *book, const char *segment, char *out, size_t size) {
	const char *below = segment + strlen(book) + 1;
	size_t len = strlen(below);

	snprintf(out, size, "%.*s.jsonl", (int)(len > 4 ? len - 4 : 0), below); /* .seg */
}
