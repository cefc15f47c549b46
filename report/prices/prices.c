#include "report/prices/prices.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/decimal.h"
#include "core/digest.h"
#include "core/files/files.h"
#include "core/instant.h"
#include "core/sorted.h"
#include "report/prices/price_index.h"

/* Published catalogues are some 2 MiB; more than this is not one. */
#define CATALOGUE_BYTES_MAX (64u << 20)
/* Notes beyond this many are counted together. */
#define NOTES_MAX 1000

/* Small pieces of memory share blocks; under a sanitizer each has its own, so that overruns are found. */
#if defined(__SANITIZE_ADDRESS__)
#define BLOCK_BYTES 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BLOCK_BYTES 0
#endif
#endif
#ifndef BLOCK_BYTES
#define BLOCK_BYTES ((size_t)256 << 10)
#endif

/* Pieces begin at multiples of this. */
#define PIECE_BYTES 16

struct price_block {
	struct price_block *next;
	size_t used, room;
	_Alignas(PIECE_BYTES) char bytes[];
};

static const struct import_format *const formats[] = {&import_native, &import_openrouter, &import_genai, &import_litellm, &import_models_dev};

const char *const price_kind_names[PRICE_KINDS] = {
    [PRICE_INPUT] = "input",
    [PRICE_CACHE_READ] = "cache_read",
    [PRICE_CACHE_WRITE] = "cache_write",
    [PRICE_OUTPUT] = "output",
    [PRICE_REASONING] = "reasoning",
    [PRICE_WRITE_1H] = "cache_write_1h",
    [PRICE_AUDIO_IN] = "input_audio",
    [PRICE_IMAGE_IN] = "input_image",
    [PRICE_VIDEO_IN] = "input_video",
    [PRICE_AUDIO_CACHED] = "cache_read_audio",
    [PRICE_IMAGE_CACHED] = "cache_read_image",
    [PRICE_AUDIO_OUT] = "output_audio",
    [PRICE_IMAGE_OUT] = "output_image",
    [PRICE_VIDEO_OUT] = "output_video",
    [PRICE_CITATIONS] = "output_citation",
    [PRICE_SEARCHES] = "web_search",
    [PRICE_REQUESTS] = "request",
};

const struct price_ladder price_none[PRICE_KINDS];

struct text price_class_name(int class) {
	return class == PRICE_FAST ? T("fast") : service_names[class];
}

struct prices *prices_new(void) {
	return must_calloc(1, sizeof(struct prices));
}

static void release_cuts(struct price_cuts *cuts) {
	free(cuts->prompt_over_ntok.at);
	free(cuts->minute_of_day.at);
}

void prices_free(struct prices *p) {
	if (!p) {
		return;
	}
	match_free_regexes(p->regexes);
	price_index_free(p->index);
	while (p->blocks) {
		struct price_block *next = p->blocks->next;
		free(p->blocks);
		p->blocks = next;
	}
	free(p->providers);
	free(p->models);
	free(p->mappings);
	free(p->notes);
	free(p->sources);
	free(p->origins);
	release_cuts(&p->cuts);
	free(p);
}

/* The rest of the block before it stays unused: less than the piece that did not fit. */
static struct price_block *add_block(struct prices *p, size_t bytes) {
	size_t room = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
	struct price_block *block = must_calloc(1, sizeof(*block) + room);

	block->room = room;
	block->next = p->blocks;
	p->blocks = block;
	return block;
}

void *prices_alloc(struct prices *p, size_t bytes) {
	struct price_block *block = p->blocks;

	if (!block || bytes > block->room - block->used) {
		block = add_block(p, bytes);
	}
	char *at = block->bytes + block->used;
	block->used += bytes;
	block->used += block->room - block->used < PIECE_BYTES ? block->room - block->used : -block->used % PIECE_BYTES;
	return at;
}

struct text prices_keep(struct prices *p, struct text t) {
	char *at = prices_alloc(p, t.len + 1);
	if (t.len > 0) {
		memcpy(at, t.at, t.len);
	}
	return (struct text){at, t.len};
}

void prices_note_more(struct prices *p, struct text what, int64_t count) {
	if (p->note_count >= NOTES_MAX) {
		what = T("more that was not understood");
	}
	for (size_t i = 0; i < p->note_count; i++) {
		if (text_eq(p->notes[i].what, what)) {
			p->notes[i].count += count;
			return;
		}
	}
	p->notes = must_grow_by_count(p->notes, p->note_count, sizeof(*p->notes));
	p->notes[p->note_count++] = (struct price_note){prices_keep(p, what), count};
}

void prices_note(struct prices *p, const char *what, struct text name) {
	char line[256];
	int len = snprintf(line, sizeof line, "%s %.*s", what, (int)(name.len > 120 ? 120 : name.len), name.at);
	prices_note_more(p, (struct text){line, (size_t)len < sizeof line ? (size_t)len : sizeof line - 1}, 1);
}

struct price_provider *prices_add_provider(struct prices *p, struct text id) {
	p->providers = must_grow_by_count(p->providers, p->provider_count, sizeof(*p->providers));
	struct price_provider *provider = &p->providers[p->provider_count++];
	*provider = (struct price_provider){.id = id, .first_model = p->model_count};
	return provider;
}

struct price_model *prices_add_model(struct prices *p, struct text id) {
	assert(p->provider_count > 0);
	struct price_provider *provider = &p->providers[p->provider_count - 1];

	p->models = must_grow_by_count(p->models, p->model_count, sizeof(*p->models));
	struct price_model *model = &p->models[p->model_count++];
	*model = (struct price_model){
	    .provider = provider->id, .id = id, .currency = T("USD"), .understood = true, .source = p->source_count};
	provider->model_count++;
	return model;
}

/* ---- shared by importers ---- */

int import_fault(struct import *im, json_at v, const char *what) {
	int line = 1, column = 1;
	text_place(im->bytes, v == JSON_ABSENT ? 0 : json_offset(im->json, v), &line, &column);
	return fault_set(im->why, ERROR_CONFIG, "%s:%d:%d: %s", im->path, line, column, what);
}

int import_text(struct import *im, json_at v, const char *what, struct text *out) {
	if (json_type(im->json, v) != JSON_STRING) {
		return import_fault(im, v, what);
	}
	size_t size = json_raw(im->json, v).len; /* escapes are longer than what they mean */
	char *at = prices_alloc(im->prices, size + 1);
	struct text t = json_string(im->json, v, at, size);
	if (t.at != at && t.len > 0) { /* without escapes: the bytes of the file */
		memcpy(at, t.at, t.len);
	}
	*out = (struct text){at, t.len};
	return 0;
}

/* Published prices contain artefacts of binary fractions, 0.18000000000000002: rounded to a nano, and reported. */
static bool parse_rounded(struct import *im, struct text t, int shift, int64_t *nano) {
	int64_t fine, unit = 1;

	for (int places = 1; places <= 18; places++) {
		unit *= 10;
		if (decimal_parse(t, shift + places, &fine)) {
			*nano = (int64_t)exact_div(fine, unit);
			prices_note(im->prices, "price rounded to 9 places per million tokens:", t);
			return true;
		}
	}
	return false;
}

int import_price(struct import *im, json_at v, int shift, int64_t *nano) {
	enum json_type type = json_type(im->json, v);

	if (type != JSON_NUMBER && type != JSON_STRING) {
		return import_fault(im, v, "not a price, expected a decimal number");
	}
	if (!decimal_parse(json_raw(im->json, v), shift, nano) &&
	    !parse_rounded(im, json_raw(im->json, v), shift, nano)) {
		return import_fault(im, v, "not a price, expected a decimal number");
	}
	return *nano < 0 ? import_fault(im, v, "a negative price, expected 0 or more") : 0;
}

void import_left_out(struct import *im, struct price_model *m, struct text kind) {
	size_t len = m->left_out.len + (m->left_out.len > 0 ? 2 : 0) + kind.len;
	char *at = prices_alloc(im->prices, len + 1);

	snprintf(at, len + 1, "%.*s%s%.*s", TEXT_ARG(m->left_out), m->left_out.len > 0 ? ", " : "", TEXT_ARG(kind));
	m->left_out = (struct text){at, len};
}

/* "us", "eu-west_1": requests state regions in these characters only. */
static bool is_place(struct text name) {
	for (size_t i = 0; i < name.len; i++) {
		char c = name.at[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_')) {
			return false;
		}
	}
	return name.len > 0;
}

int import_geo(struct import *im, struct price_model *m, struct text name, json_at factor) {
	if (!is_place(name)) {
		prices_note(im->prices, "region not understood, left out, of:", m->id);
		return 0;
	}
	struct price_geo *geos = prices_alloc(im->prices, (m->geo_count + 1) * sizeof(*geos));

	if (m->geo_count > 0) {
		memcpy(geos, m->geos, m->geo_count * sizeof(*geos));
	}
	m->geos = geos;
	geos[m->geo_count].name = prices_keep(im->prices, name);
	return import_price(im, factor, 0, &geos[m->geo_count++].nano);
}

struct price_ladder import_ladder(struct import *im, size_t count) {
	return (struct price_ladder){prices_alloc(im->prices, count * sizeof(struct price_step)), (uint32_t)count, false};
}

struct price_rule *import_rules(struct import *im, size_t count) {
	struct price_rule *rules = prices_alloc(im->prices, count * sizeof(*rules));
	for (size_t i = 0; i < count; i++) {
		rules[i].from_ns = INT64_MIN;
		rules[i].to_ns = INT64_MAX;
		for (int s = 0; s < PRICE_SERVICES; s++) {
			rules[i].ladder[s] = price_none;
		}
	}
	return rules;
}

struct price_ladder *import_class(struct import *im, struct price_rule *rule, int class) {
	if (rule->ladder[class] == price_none) {
		rule->ladder[class] = prices_alloc(im->prices, sizeof price_none);
	}
	return (struct price_ladder *)(uintptr_t)rule->ladder[class];
}

void import_step(struct import *im, struct price_ladder *ladder, struct price_step step, size_t room) {
	if (!ladder->steps) {
		*ladder = import_ladder(im, room);
		ladder->count = 0;
	}
	size_t at = ladder->count;
	while (at > 0 && ladder->steps[at - 1].over_ntok > step.over_ntok) {
		at--;
	}
	if (at > 0 && ladder->steps[at - 1].over_ntok == step.over_ntok) {
		ladder->steps[at - 1] = step; /* for duplicate keys the last one counts */
		return;
	}
	assert(ladder->count < room);
	memmove(&ladder->steps[at + 1], &ladder->steps[at], (ladder->count - at) * sizeof(step));
	ladder->steps[at] = step;
	ladder->count++;
}

bool import_minute(const struct json *j, json_at v, int *minute) {
	char buffer[16];
	struct text t = json_string(j, v, buffer, sizeof buffer);
	int64_t hours, minutes, seconds = 0;

	bool ok = text_take_i64(&t, &hours) && text_skip(&t, T(":")) && text_take_i64(&t, &minutes);
	ok = ok && (!text_skip(&t, T(":")) || text_take_i64(&t, &seconds)) && (t.len == 0 || text_eq(t, T("Z")));
	if (!ok || hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || seconds != 0) {
		return false;
	}
	*minute = (int)(hours * 60 + minutes);
	return true;
}

bool import_hour(const struct json *j, json_at v, int64_t *ns) {
	char buffer[INSTANT_TEXT_MAX];
	int64_t at_ns;
	bool fits = instant_parse(json_string(j, v, buffer, sizeof buffer), &at_ns) && instant_floor(at_ns, NS_PER_HOUR) == at_ns;

	*ns = fits ? at_ns : *ns;
	return fits;
}

void prices_add_origin(struct prices *p, const struct price_source *origin) {
	p->origins = must_grow_by_count(p->origins, p->origin_count, sizeof(*p->origins));
	p->origins[p->origin_count++] = *origin;
}

/* ---- cuts ---- */

static bool has_cut(const struct cuts *c, int64_t cut) {
	for (size_t i = 0; i < c->count; i++) {
		if (c->at[i] == cut) {
			return true;
		}
	}
	return false;
}

static void add_cut(struct cuts *c, int64_t cut) {
	if (!has_cut(c, cut)) {
		c->at = must_grow_by_count(c->at, c->count, sizeof *c->at);
		c->at[c->count++] = cut;
	}
}

static void cut_by_rule(struct price_cuts *cuts, const struct price_rule *rule) {
	if (rule->daily) {
		add_cut(&cuts->minute_of_day, rule->from_minute);
		add_cut(&cuts->minute_of_day, rule->to_minute);
	}
	for (int c = 0; c < PRICE_SERVICES; c++) {
		for (int k = 0; k < PRICE_KINDS && rule->ladder[c] != price_none; k++) {
			const struct price_ladder *ladder = &rule->ladder[c][k];
			for (size_t s = 1; s < ladder->count; s++) {
				add_cut(&cuts->prompt_over_ntok, ladder->steps[s].over_ntok);
			}
		}
	}
}

static void cut_by_model(struct price_cuts *cuts, const struct price_model *m) {
	for (size_t r = 0; m->understood && r < m->rule_count; r++) {
		cut_by_rule(cuts, &m->rules[r]);
	}
}

static void find_cuts(struct prices *p) {
	struct cuts *prompts = &p->cuts.prompt_over_ntok, *minutes = &p->cuts.minute_of_day;

	prompts->count = minutes->count = 0;
	for (size_t i = 0; i < p->model_count; i++) {
		cut_by_model(&p->cuts, &p->models[i]);
	}
	sort_items(prompts->at, prompts->count, sizeof *prompts->at, exact_order_at);
	sort_items(minutes->at, minutes->count, sizeof *minutes->at, exact_order_at);
}

struct price_cuts prices_cuts(const struct prices *p) {
	return p ? p->cuts : (struct price_cuts){0};
}

bool prices_divide(const struct prices *p, const struct price_model *m) {
	struct price_cuts own = {0}, has = prices_cuts(p);
	bool all = true;

	cut_by_model(&own, m);
	for (size_t i = 0; i < own.prompt_over_ntok.count; i++) {
		all &= has_cut(&has.prompt_over_ntok, own.prompt_over_ntok.at[i]);
	}
	for (size_t i = 0; i < own.minute_of_day.count; i++) { /* entries are of hours */
		all &= own.minute_of_day.at[i] % 60 == 0 || has_cut(&has.minute_of_day, own.minute_of_day.at[i]);
	}
	release_cuts(&own);
	return all;
}

/* ---- files ---- */

static void day_of(int64_t ns, char day[11]) {
	char text[INSTANT_TEXT_MAX];
	snprintf(day, 11, "%.10s", instant_format(ns, text));
}

int prices_set_date(struct prices *p, const char *day, struct fault *why) {
	int64_t ns;
	if (strlen(day) != 10 || !instant_parse(text_of(day), &ns)) {
		return fault_set(why, ERROR_CONFIG, "%.40s: not a day, expected one such as 2026-08-21", day);
	}
	day_of(ns, p->date);
	return 0;
}

static void date_file(const struct prices *p, const char *path, char day[11]) {
	struct stat st;
	if (p->date[0]) {
		memcpy(day, p->date, sizeof p->date);
	} else if (stat(path, &st) == 0) {
		day_of(st.st_mtime * NS_PER_SECOND, day);
	}
}

static const struct import_format *format_of(const struct json *j) {
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		if (formats[i]->bid(j)) {
			return formats[i];
		}
	}
	return NULL;
}

static size_t count_prices(const struct price_rule *rule) {
	size_t count = 0;
	for (int c = 0; c < PRICE_SERVICES; c++) {
		for (int k = 0; k < PRICE_KINDS && rule->ladder[c] != price_none; k++) {
			count += rule->ladder[c][k].count;
		}
	}
	return count;
}

static void count_models(const struct prices *p, size_t from, struct price_source *source) {
	source->models = p->model_count - from;
	source->rules = source->prices = 0;
	for (size_t i = from; i < p->model_count; i++) {
		source->rules += p->models[i].rule_count;
		for (size_t r = 0; r < p->models[i].rule_count; r++) {
			source->prices += count_prices(&p->models[i].rules[r]);
		}
	}
}

static int import(struct import *im, struct price_source *source) {
	const struct import_format *format = format_of(im->json);
	if (!format) {
		return import_fault(im, 0,
				    "not a price catalogue, expected tollbook.prices.v1, genai-prices, models.dev, OpenRouter "
				    "or LiteLLM JSON");
	}
	size_t models = im->prices->model_count;
	im->prices->own_date[0] = '\0';
	int error = format->read(im);
	source->format = text_of(format->name);
	count_models(im->prices, models, source);
	return error;
}

int prices_add_bytes(struct prices *p, const char *path, struct text bytes, struct price_source *source,
		     struct fault *why) {
	struct json *j = json_new();
	struct import im = {p, j, bytes, path, why};
	size_t bad = 0;
	int error;

	if (json_parse(j, bytes, &bad)) {
		error = import(&im, source);
	} else {
		int line = 1, column = 1;
		text_place(bytes, bad, &line, &column);
		error = fault_set(why, ERROR_CONFIG, "%s:%d:%d: not valid JSON, expected a price catalogue", path, line,
				  column);
	}
	json_free(j);
	if (!error) { /* else rules may be without their ends */
		find_cuts(p);
		p->index = price_index_add(p->index, p);
	}
	return error;
}

void prices_add_source(struct prices *p, const struct price_source *source) {
	p->sources = must_grow_by_count(p->sources, p->source_count, sizeof(*p->sources));
	p->sources[p->source_count++] = *source;
}

/* The bytes as stored, compressed or not: their hash is as printed by `sha256sum`. They are freed. */
static int add_stored(struct prices *p, const char *path, struct text bytes, struct price_source *source, struct fault *why) {
	struct digest *d = digest_new();

	source->path = prices_keep(p, text_of(path));
	digest_add(d, bytes);
	digest_finish(d, source->sha256);
	digest_free(d);
	int error = file_unpack(path, CATALOGUE_BYTES_MAX, &bytes, why);
	if (error) {
		return error;
	}
	error = prices_add_bytes(p, path, bytes, source, why);
	free((void *)(uintptr_t)bytes.at);
	return error;
}

int prices_add_file(struct prices *p, const char *path, struct fault *why) {
	struct price_source source = {.models = 0};
	struct text bytes;

	date_file(p, path, source.date);
	int error = file_read_stored(path, CATALOGUE_BYTES_MAX, &bytes, why);
	error = error ? error : add_stored(p, path, bytes, &source, why);
	if (!error) {
		if (p->own_date[0] && !p->date[0]) {
			memcpy(source.date, p->own_date, sizeof source.date);
		}
		prices_add_source(p, &source);
	}
	return error;
}

int prices_add_kept(struct prices *p, const char *path, const char *date, struct text bytes, struct fault *why) {
	struct price_source source = {.models = 0};
	int error = add_stored(p, path, bytes, &source, why);

	if (!error) {
		snprintf(source.date, sizeof source.date, "%.10s", date[0] ? date : p->own_date);
		prices_add_source(p, &source);
	}
	return error;
}

void prices_map(struct prices *p, struct text name, struct text target) {
	p->mappings = must_grow_by_count(p->mappings, p->mapping_count, sizeof(*p->mappings));
	p->mappings[p->mapping_count++] = (struct price_mapping){name, target};
}

int prices_add_match(struct prices *p, const char *name_equals_model, struct fault *why) {
	struct text t = text_of(name_equals_model);
	struct text name, target = t;

	if (!text_until(&target, T("="), &name) || name.len == 0 || target.len == 0) {
		return fault_set(why, ERROR_CONFIG, "--list %s: expected NAME=MODEL or NAME=PROVIDER/MODEL",
				 name_equals_model);
	}
	prices_map(p, prices_keep(p, name), prices_keep(p, target));
	return 0;
}
