/*
 * nvidia_smi.c: nvidia-smi --query-gpu=timestamp,uuid,power.draw,… --format=csv -lms N, as power.
 *
 * timestamp, index, uuid, power.draw [W], utilization.gpu [%]
 * 2026/11/24 01:02:03.456, 0, GPU-3f2a, 412.35 W, 98 %
 *
 * Columns are identified by their names; without a header (noheader) by their content: the first one in watts is the draw. The stamps are local, without a zone. What a GPU cannot
 * measure is "[N/A]" or "[Not Supported]".
 */
#include "ingest/formats/csv.h"
#include "ingest/formats/fields.h"

struct nvidia_smi {
	bool has_header;
	size_t columns, timestamp, watts;
	size_t gpu; /* the best matching column; SIZE_MAX: none */
};

/* "power.draw [W]" is named power.draw. */
static bool is_named(struct text header, struct text name) {
	return text_skip(&header, name) && (header.len == 0 || text_starts(header, T(" [")));
}

static size_t column_of(const struct text *fields, size_t count, const struct text *names, size_t name_count) {
	for (size_t n = 0; n < name_count; n++) {
		for (size_t i = 0; i < count; i++) {
			if (is_named(fields[i], names[n])) {
				return i;
			}
		}
	}
	return SIZE_MAX;
}

/* True if the row is a header, which is repeated if the command was restarted. */
static bool take_header(struct nvidia_smi *s, const struct text *fields, size_t count) {
	static const struct text watts[] = {{"power.draw.instant", 18}, {"power.draw", 10}, {"power.draw.average", 18}};
	static const struct text gpus[] = {{"uuid", 4}, {"gpu_uuid", 8}, {"pci.bus_id", 10}, {"index", 5}, {"name", 4}};
	static const struct text times[] = {{"timestamp", 9}};
	size_t timestamp = column_of(fields, count, times, 1), power = column_of(fields, count, watts, 3);

	if (timestamp == SIZE_MAX || power == SIZE_MAX) {
		return false;
	}
	*s = (struct nvidia_smi){true, count, timestamp, power, column_of(fields, count, gpus, 5)};
	return true;
}

static bool is_stamp(struct text t) {
	return t.len >= 19 && t.at[4] == '/' && t.at[7] == '/' && t.at[10] == ' ' && t.at[13] == ':';
}

/* A row of a table without header: units identify its columns. */
static bool guess_columns(struct nvidia_smi *s, const struct text *fields, size_t count) {
	*s = (struct nvidia_smi){true, count, SIZE_MAX, SIZE_MAX, SIZE_MAX};
	for (size_t i = 0; i < count; i++) {
		if (s->timestamp == SIZE_MAX && is_stamp(fields[i])) {
			s->timestamp = i;
		} else if (s->watts == SIZE_MAX && text_ends(fields[i], T(" W"))) {
			s->watts = i;
		} else if (text_starts(fields[i], T("GPU-"))) {
			s->gpu = i;
		}
	}
	int64_t index;
	for (size_t i = 0; i < count && s->gpu == SIZE_MAX; i++) {
		s->gpu = i != s->timestamp && text_to_i64(fields[i], &index) && index >= 0 && index < 1024 ? i : SIZE_MAX;
	}
	return s->timestamp != SIZE_MAX && s->watts != SIZE_MAX;
}

/* "2026/11/24 01:02:03.456" */
static bool take_stamp(struct parser *p, struct text t, int64_t *ns) {
	char iso[40];

	if (t.len < 19 || t.len >= sizeof iso || t.at[4] != '/' || t.at[7] != '/') {
		return false;
	}
	memcpy(iso, t.at, t.len);
	iso[4] = iso[7] = '-';
	struct text turned = {iso, t.len};
	return stamp_take_local(&p->stamps, &turned, ns) && turned.len == 0;
}

static enum parse_result take_row(struct parser *p, const struct nvidia_smi *s, const struct text *fields,
                                  int64_t stamp_ns, struct record *out) {
	struct text watts = fields[s->watts];

	record_begin(out, RECORD_POWER);
	if (text_starts(watts, T("["))) {
		return PARSE_NONE;
	}
	watts.len -= text_ends(watts, T(" W")) ? 2 : 0;
	if (!number_scaled(watts, 3, &out->power.milliwatts)) {
		return reject(p, "malformed sample");
	}
	if (out->power.milliwatts < 0 || out->power.milliwatts > 100000000) {
		return reject(p, "absurd power");
	}
	out->power.at_ns = stamp_ns;
	if (!take_stamp(p, fields[s->timestamp], &out->power.at_ns) && stamp_ns == UNKNOWN) {
		return reject(p, "invalid time stamp");
	}
	out->power.gpu = s->gpu == SIZE_MAX ? T("") : fields[s->gpu];
	return record_finish(p, out);
}

static enum parse_result nvidia_smi_parse(struct parser *p, const struct text *line, int64_t stamp_ns,
                                          struct record *out) {
	struct nvidia_smi *s = p->state;
	struct text fields[CSV_COLUMNS_MAX];

	p->reason = NULL;
	if (!line || line->len == 0) {
		return PARSE_NONE;
	}
	size_t count = csv_split(*line, fields);
	if (count > 0 && take_header(s, fields, count)) {
		return PARSE_NONE;
	}
	struct nvidia_smi guessed;
	if (!s->has_header && guess_columns(&guessed, fields, count)) {
		*s = guessed;
	}
	if (!s->has_header || count != s->columns) {
		return reject(p, s->has_header ? "malformed row" : "row before its header");
	}
	return take_row(p, s, fields, stamp_ns, out);
}

static int nvidia_smi_bid(const struct text *lines, size_t count) {
	struct text fields[CSV_COLUMNS_MAX];
	struct nvidia_smi s;

	for (size_t i = 0; i < count && i < 20; i++) {
		size_t columns = csv_split(lines[i], fields);
		if (columns > 0 && (take_header(&s, fields, columns) || guess_columns(&s, fields, columns))) {
			return 90;
		}
	}
	return 0;
}

const struct format format_nvidia_smi = {
	.bid = nvidia_smi_bid,
	.parse = nvidia_smi_parse,
	.state_size = sizeof(struct nvidia_smi),
};
