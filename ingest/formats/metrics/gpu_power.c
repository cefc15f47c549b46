/*
 * gpu_power.c: tables of GPU monitors, as power: nvidia-smi dmon, dcgmi dmon, amd-smi, rocm-smi.
 *
 * #Date       Time        gpu    pwr  gtemp   sm                  nvidia-smi dmon -o DT
 * #YYYYMMDD   HH:MM:SS    Idx      W      C    %
 *  20261005   06:00:00      0    412     65   98
 *
 * #Entity   POWER                                                  dcgmi dmon -e 155
 * ID        W
 * GPU 0     412.350
 *
 * TIMESTAMP  GPU  POWER  GPU_T                                     amd-smi monitor -p -w 1
 * 1791180000   0  412 W  65 °C
 * timestamp,gpu,socket_power                                       amd-smi metric -p --csv -w 1
 * device,Average Graphics Package Power (W)                        rocm-smi --showpower --csv
 *
 * GPU[0]		: Average Graphics Package Power (W): 35.0       rocm-smi --showpower
 *
 * Columns are identified by their names. If a table has no time, it is taken from a line with only a time in front of
 * it, or from an envelope: while sleep 1; do date -u +'# %FT%TZ'; rocm-smi --showpower --csv; done
 */
#include "ingest/formats/csv.h"
#include "ingest/formats/fields.h"
#include "ingest/formats/metrics/prometheus.h"

#define WORDS_MAX 64

struct gpu_power {
	bool has_header, commas;
	size_t columns, watts, gpu, date, clock; /* of the header; SIZE_MAX: none. clock: a time of day, or a whole instant */
	bool has_time;
	int64_t time_ns; /* from a separate line */
	bool complained;
};

#define KEY(literal) {literal, sizeof(literal) - 1}
static const struct text watt_names[] = {
	KEY("pwr"), KEY("POWER"), KEY("POWR"), KEY("PWR"), KEY("socket_power"), KEY("current_socket_power"), KEY("power_usage"),
	KEY("average_socket_power"), KEY("Average Graphics Package Power (W)"), KEY("Current Socket Graphics Package Power (W)"),
	KEY("Average Graphics Socket Power (W)"), KEY("DCGM_FI_DEV_POWER_USAGE"), KEY("power"),
};
static const struct text gpu_names[] = {KEY("uuid"), KEY("gpu"), KEY("GPU"), KEY("device"), KEY("Entity"), KEY("gpu_id")};
static const struct text date_names[] = {KEY("Date")};
static const struct text clock_names[] = {KEY("Time"), KEY("timestamp"), KEY("TIMESTAMP")};
/* Text after a number that looks like a separate column. */
static const struct text units[] = {KEY("W"), KEY("C"), KEY("°C"), KEY("%"), KEY("MHz"), KEY("MB"), KEY("GB"), KEY("V"), KEY("mV"), KEY("J")};

static size_t column_of(const struct text *words, size_t count, const struct text *names, size_t name_count) {
	for (size_t n = 0; n < name_count; n++) {
		for (size_t i = 0; i < count; i++) {
			if (text_eq(words[i], names[n])) {
				return i;
			}
		}
	}
	return SIZE_MAX;
}
#define COLUMN_OF(words, count, names) column_of(words, count, names, sizeof names / sizeof *names)

static bool is_unit(struct text word) {
	return COLUMN_OF(&word, 1, units) == 0;
}

/* "GPU 0" of dcgmi is one word; units are none. */
static size_t split_blanks(struct text t, struct text words[WORDS_MAX]) {
	size_t count = 0;

	for (t = text_trim(t); t.len > 0 && count < WORDS_MAX; text_skip_blanks(&t)) {
		size_t end = 0;
		while (end < t.len && t.at[end] != ' ' && t.at[end] != '\t') {
			end++;
		}
		struct text word = text_cut(t, 0, end);
		t = text_cut(t, end, t.len);
		if (count == 1 && text_eq(words[0], T("GPU")) && end <= 3 && word.at[0] >= '0' && word.at[0] <= '9') {
			words[0] = (struct text){words[0].at, (size_t)(word.at + word.len - words[0].at)};
		} else if (count == 0 || !is_unit(word)) {
			words[count++] = word;
		}
	}
	return count;
}

static size_t split_commas(struct text t, struct text words[WORDS_MAX]) {
	struct text fields[CSV_COLUMNS_MAX];
	size_t count = csv_split(t, fields);

	count = count < WORDS_MAX ? count : WORDS_MAX;
	for (size_t i = 0; i < count; i++) {
		words[i] = text_trim(fields[i]);
	}
	return count;
}

/* True if the row is a header, which may be repeated. */
static bool take_header(struct gpu_power *m, struct text line) {
	struct text words[WORDS_MAX], t = text_trim(line);
	bool commas = text_find_byte(t, ',') != SIZE_MAX;

	while (text_skip(&t, T("#"))) {
		text_skip_blanks(&t);
	}
	size_t count = commas ? split_commas(t, words) : split_blanks(t, words);
	size_t watts = COLUMN_OF(words, count, watt_names), gpu = COLUMN_OF(words, count, gpu_names);
	if (count < 2 || watts == SIZE_MAX || gpu == SIZE_MAX || watts == gpu) {
		return false;
	}
	m->has_header = true;
	m->commas = commas;
	m->columns = count;
	m->watts = watts;
	m->gpu = gpu;
	m->date = COLUMN_OF(words, count, date_names);
	m->clock = COLUMN_OF(words, count, clock_names);
	return true;
}

/* "20261005" and "06:00:00", "1791180000", an ISO instant: UNKNOWN if the row has none. */
static int64_t instant_of(struct parser *p, const struct gpu_power *m, const struct text *words, int64_t stamp_ns) {
	struct scrape_time time;
	char joined[40];
	int64_t ns;

	if (m->date != SIZE_MAX && m->clock != SIZE_MAX && words[m->date].len == 8 && words[m->clock].len == 8) {
		const char *d = words[m->date].at;
		const struct {
			const char *at;
			size_t len;
		} pieces[] = {{d, 4}, {"-", 1}, {d + 4, 2}, {"-", 1}, {d + 6, 2}, {" ", 1}, {words[m->clock].at, 8}};
		size_t len = 0;
		for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
			memcpy(joined + len, pieces[i].at, pieces[i].len);
			len += pieces[i].len;
		}
		return scrape_time((struct text){joined, len}, &time) && scrape_time_resolve(p, &time, &ns) ? ns : UNKNOWN;
	}
	if (m->date == SIZE_MAX && m->clock != SIZE_MAX && scrape_time(words[m->clock], &time) && scrape_time_resolve(p, &time, &ns)) {
		return ns;
	}
	if (stamp_ns != UNKNOWN || parser_local_instant(p, &stamp_ns)) {
		return stamp_ns;
	}
	return m->has_time ? m->time_ns : UNKNOWN;
}

/* "GPU[0]		: Average Graphics Package Power (W): 35.0" */
static bool take_pair(struct text t, struct text *gpu, struct text *watts) {
	struct text whole = t, before;

	if (!text_skip(&t, T("GPU[")) || !text_until(&t, T("]"), &before) || !text_until(&t, T("Power (W): "), &before)) {
		return false;
	}
	*gpu = text_cut(whole, 0, text_find_byte(whole, ']') + 1);
	*watts = text_trim(t);
	return watts->len > 0;
}

static enum parse_result take_sample(struct parser *p, struct gpu_power *m, struct text gpu, struct text watts, int64_t at_ns,
                                     struct record *out) {
	watts.len -= text_ends(watts, T(" W")) ? 2 : 0;
	record_begin(out, RECORD_POWER);
	if (text_eq(watts, T("-")) || text_starts(watts, T("N/A")) || text_starts(watts, T("["))) {
		return PARSE_NONE;
	}
	if (!number_scaled(watts, 3, &out->power.milliwatts)) {
		return reject(p, "malformed sample");
	}
	if (out->power.milliwatts < 0 || out->power.milliwatts > 100000000) {
		return reject(p, "absurd power");
	}
	out->power.at_ns = at_ns;
	if (out->power.at_ns == UNKNOWN) {
		if (!m->complained) {
			m->complained = true;
			quality_warn(p->quality, "power samples without a time: write one before each table, as in  while sleep 1; do "
			                         "date -u +'# %%FT%%TZ'; rocm-smi --showpower --csv; done; nvidia-smi dmon has -o DT");
		}
		return reject(p, "sample without a time");
	}
	out->power.gpu = gpu;
	return record_finish(p, out);
}

static enum parse_result gpu_power_parse(struct parser *p, const struct text *line, int64_t stamp_ns, struct record *out) {
	struct gpu_power *m = p->state;
	struct text words[WORDS_MAX];
	struct scrape_time time;

	p->reason = NULL;
	if (!line || text_trim(*line).len == 0) {
		return PARSE_NONE;
	}
	if (scrape_time(text_trim(*line), &time)) {
		m->has_time = scrape_time_resolve(p, &time, &m->time_ns);
		return PARSE_NONE;
	}
	struct text gpu, watts;
	if (take_pair(*line, &gpu, &watts)) {
		return take_sample(p, m, gpu, watts, m->has_time && stamp_ns == UNKNOWN ? m->time_ns : stamp_ns, out);
	}
	if (take_header(m, *line) || text_starts(text_trim(*line), T("#")) || text_starts(*line, T("ID "))) {
		return PARSE_NONE;
	}
	size_t count = m->commas ? split_commas(*line, words) : split_blanks(*line, words);
	if (!m->has_header || count != m->columns) {
		return m->has_header && count > 2 ? reject(p, "malformed row") : PARSE_NONE;
	}
	return take_sample(p, m, words[m->gpu], words[m->watts], instant_of(p, m, words, stamp_ns), out);
}

static int gpu_power_bid(const struct text *lines, size_t count) {
	struct gpu_power m;

	for (size_t i = 0; i < count && i < 20; i++) {
		struct text gpu, watts;
		if (take_header(&m, lines[i]) || take_pair(lines[i], &gpu, &watts)) {
			return 80;
		}
	}
	return 0;
}

const struct format format_gpu_power = {
	.bid = gpu_power_bid,
	.parse = gpu_power_parse,
	.state_size = sizeof(struct gpu_power),
};
