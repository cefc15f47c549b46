/* gpu.c: the GPU catalogue, from samples/gpus.json (built in) or a file of the same form. */
#include "core/decimal.h"
#include "core/files/embedded.h"
#include "core/exact.h"
#include "core/files/files.h"
#include "core/model/modelspec_read.h"
#include "core/model/roofline.h"

#include <stdlib.h>

#define NAMES_MAX 24
#define NAME_BYTES sizeof(((struct gpu *)NULL)->name)

const char *const gpu_vendor_names[GPU_VENDORS] = {"nvidia", "amd", "apple", "google", "aws", "intel", "huawei"};

struct card {
	struct gpu gpu;
	char names[NAMES_MAX][NAME_BYTES]; /* the name and its aliases */
	size_t name_count;
};

struct gpu_catalogue {
	struct card *cards;
	size_t count;
};

/* Upper case; 0 for what is neither letter nor digit. */
static char plain(char c) {
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : text_is_digit(c) || (c >= 'A' && c <= 'Z') ? c : '\0';
}

/*
 * The number of letters and digits of `known` if the text starts with all of them, else 0; *used bytes of the text. A
 * number must end where the known one ends: H1000 is not H100.
 */
static size_t starts_with(struct text t, struct text known, size_t *used) {
	size_t i = 0, count = 0;

	for (size_t k = 0; k < known.len; k++) {
		if (!plain(known.at[k])) {
			continue;
		}
		while (i < t.len && !plain(t.at[i])) {
			i++;
		}
		if (i == t.len || plain(t.at[i]) != plain(known.at[k])) {
			return 0;
		}
		i++;
		count++;
	}
	*used = i;
	return i > 0 && i < t.len && text_is_digit(t.at[i]) && text_is_digit(t.at[i - 1]) ? 0 : count;
}

/* Removes the word of a maker, a server or a cloud from the front; false if there is none. */
static bool skip_vendor(struct text *t) {
	static const struct text vendors[] = {{"NVIDIA", 6}, {"AMD", 3}, {"INSTINCT", 8}, {"GEFORCE", 7}, {"TESLA", 5}, {"QUADRO", 6},
	                                      {"RADEON", 6}, {"APPLE", 5}, {"GOOGLE", 6}, {"CLOUD", 5}, {"INTEL", 5}, {"HABANA", 6},
	                                      {"AWS", 3}, {"AMAZON", 6}, {"HUAWEI", 6}, {"DGX", 3}, {"HGX", 3}, {"STANDARD", 8},
	                                      {"MAC STUDIO", 10}, {"MACBOOK PRO", 11}, {"MACBOOK AIR", 11}, {"MAC MINI", 8}, {"ECS", 3},
	                                      {"GPU 1X", 6}, {"GPU 2X", 6}, {"GPU 4X", 6}, {"GPU 8X", 6}, {"GPU", 3}};
	size_t used;

	for (size_t v = 0; v < sizeof vendors / sizeof *vendors; v++) {
		if (starts_with(*t, vendors[v], &used) > 0) {
			*t = text_cut(*t, used, t->len);
			return true;
		}
	}
	return false;
}

static bool starts_nocase(struct text t, struct text prefix) {
	return t.len >= prefix.len && text_eq_nocase(text_cut(t, 0, prefix.len), prefix);
}

/* Clouds write their names in lower case or with points, as in "g2-standard" and "BM.GPU.A10". */
static bool is_of_cloud(struct text known) {
	return (known.at[0] >= 'a' && known.at[0] <= 'z') || text_find_byte(known, '.') < known.len || text_find_byte(known, '_') < known.len;
}

/*
 * "80GB", "141g" within a tenth of the GPU's memory; a count of GPUs in a cloud's name ("8g", "48xlarge", the 8 of
 * "v6e-8"), or its version ("v5").
 */
static bool is_size(struct text word, struct text known, const struct gpu *g) {
	int64_t n = 0;
	size_t i = 0;

	for (; i < word.len && i < 6 && text_is_digit(word.at[i]); i++) {
		n = n * 10 + word.at[i] - '0';
	}
	struct text unit = text_cut(word, i, word.len);
	if (i == 0 && word.len == 2 && (word.at[0] == 'v' || word.at[0] == 'V') && text_is_digit(word.at[1])) {
		return g->hbm || is_of_cloud(known); /* RTX 5090 D v2 is another card */
	}
	if (i > 0 && unit.len == 0) {
		return is_of_cloud(known) || (g->hbm && (n <= 16 || g->vendor == GPU_GOOGLE));
	}
	if (i == 0 || text_eq_nocase(unit, T("xlarge"))) {
		return text_ends(unit, T("xlarge"));
	}
	if ((text_eq_nocase(unit, T("g")) || (g->vendor == GPU_GOOGLE && text_eq_nocase(unit, T("t")))) && n <= 16) {
		return true;
	}
	bool bytes = text_eq_nocase(unit, T("g")) || text_eq_nocase(unit, T("gb")) || text_eq_nocase(unit, T("gib"));
	return bytes && n * INT64_C(10000000000) >= g->memory_bytes * 9 && n * INT64_C(10000000000) <= g->memory_bytes * 11;
}

static bool is_harmless(struct text word, struct text known, const struct gpu *g) {
	static const char *const words[] = {"GPU", "GPUS", "METAL", "HBM2", "HBM2E", "HBM3", "HBM3E",
	                                    "GDDR5", "GDDR6", "GDDR6X", "GDDR7", "OAM", "HGX", "DGX", "UBB", "NVLINK", "TENSOR", "CORE",
	                                    "CARD", "ACCELERATOR", "GRAPHICS", "ADA", "AMPERE", "HOPPER", "BLACKWELL", "GENERATION",
	                                    "FOUNDERS", "EDITION", "CHIP", "SOC", "SUPERCHIP"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (text_eq_nocase(word, text_of(words[i]))) {
			return true;
		}
	}
	/* A GPU without a form factor in its name is the module; a PCIe card is not a module. */
	bool slot = strstr(g->name, "PCIe") || strstr(g->name, "NVL") || !g->hbm;
	return is_size(word, known, g) || (!slot && starts_nocase(word, T("SXM"))) || (!g->hbm && text_eq_nocase(word, T("PCIE")));
}

/* What follows a known name must not mean another GPU: a laptop's, a part of one (MIG), another form factor. */
static bool is_same_card(struct text rest, struct text known, const struct gpu *g) {
	size_t from = 0;

	if (rest.len > 0 && text_is_digit(rest.at[0])) {
		return false; /* 910B1 is not 910B */
	}
	while (from < rest.len) {
		size_t to = from;
		while (to < rest.len && plain(rest.at[to])) {
			to++;
		}
		if (to > from && !is_harmless(text_cut(rest, from, to), known, g)) {
			return false;
		}
		from = to + 1;
	}
	return true;
}

/* A figure in units of 10^-9 of `scale`, greater than 0. */
static int read_figure(struct spec_reader *r, json_at object, const char *key, int64_t scale, bool required, int64_t *out) {
	json_at v = spec_get(r, object, key);
	int64_t nano;

	if (v == JSON_ABSENT) {
		return required ? spec_wrong(r, object, "\"%s\" is missing here, expected a number", key) : 0;
	}
	if (json_type(r->json, v) != JSON_NUMBER || !decimal_parse(json_raw(r->json, v), 0, &nano) || nano <= 0 ||
	    !exact_mul_div(nano, scale, NANO, out)) {
		return spec_wrong(r, v, "\"%s\" is not valid, expected a number over 0", key);
	}
	return 0;
}

static int read_flops(struct spec_reader *r, json_at card, struct gpu *g) {
	json_at flops = spec_get(r, card, "dense_tflops");
	int err = 0;

	if (json_type(r->json, flops) != JSON_OBJECT) {
		return spec_wrong(r, flops == JSON_ABSENT ? card : flops,
		                  "no \"dense_tflops\" here, expected an object with \"bf16\" and, where it has them, \"fp8\", \"int8\", \"fp4\"");
	}
	for (size_t p = 0; !err && p < PRECISIONS; p++) {
		err = read_figure(r, flops, precision_names[p], INT64_C(1000000000000), p == PRECISION_BF16, &g->flops[p]);
	}
	return err;
}

static int read_aliases(struct spec_reader *r, json_at object, struct card *c) {
	json_at aliases = spec_get(r, object, "aliases");
	int err = 0;

	if (aliases == JSON_ABSENT) {
		return 0;
	}
	for (json_at v = json_first(r->json, aliases); !err && v != JSON_ABSENT; v = json_next(r->json, v)) {
		if (c->name_count == NAMES_MAX) {
			return spec_wrong(r, v, "too many aliases, expected at most %d", NAMES_MAX - 1);
		}
		err = spec_name(r, v, c->names[c->name_count++], NAME_BYTES);
	}
	return err;
}

/* The maker, and whether the memory is stacked; NVIDIA and HBM where the file does not state them. */
static int read_kind(struct spec_reader *r, json_at object, struct gpu *g) {
	json_at vendor = spec_get(r, object, "vendor"), memory = spec_get(r, object, "memory");

	g->hbm = memory == JSON_ABSENT || text_starts(json_raw(r->json, memory), T("HBM"));
	for (size_t v = 0; vendor != JSON_ABSENT && v < GPU_VENDORS; v++) {
		if (text_eq_nocase(json_raw(r->json, vendor), text_of(gpu_vendor_names[v]))) {
			g->vendor = (enum gpu_vendor)v;
			return 0;
		}
	}
	return vendor == JSON_ABSENT ? 0 : spec_wrong(r, vendor, "unknown vendor, expected nvidia, amd, apple, google, aws, intel or huawei");
}

static int read_card(struct spec_reader *r, json_at object, struct card *c) {
	json_at name = spec_get(r, object, "name"), source = spec_get(r, object, "source");

	if (name == JSON_ABSENT) {
		return spec_wrong(r, object, "\"name\" is missing here, expected the GPU's");
	}
	int err = spec_name(r, name, c->gpu.name, sizeof c->gpu.name);
	memcpy(c->names[c->name_count++], c->gpu.name, NAME_BYTES);
	err = err ? err : read_aliases(r, object, c);
	err = err ? err : read_flops(r, object, &c->gpu);
	err = err ? err : read_figure(r, object, "bandwidth_gb_s", NANO, true, &c->gpu.bandwidth);
	err = err ? err : read_figure(r, object, "memory_gb", NANO, true, &c->gpu.memory_bytes);
	err = err ? err : read_figure(r, object, "tdp_watts", 1000, true, &c->gpu.tdp_milliwatts);
	err = err ? err : read_figure(r, object, "link_gb_s", NANO, false, &c->gpu.link);
	err = err ? err : read_figure(r, object, "idle_watts", 1000, false, &c->gpu.idle_milliwatts);
	err = err ? err : read_kind(r, object, &c->gpu);
	return err || source == JSON_ABSENT ? err : spec_name(r, source, c->gpu.source, sizeof c->gpu.source);
}

static int read_cards(struct spec_reader *r, struct gpu_catalogue *c) {
	json_at schema = spec_get(r, 0, "schema"), gpus = spec_get(r, 0, "gpus");
	int err = 0;

	if (schema == JSON_ABSENT || !text_eq(json_raw(r->json, schema), T("tollbook.gpus.v1"))) {
		return spec_wrong(r, schema == JSON_ABSENT ? 0 : schema, "unknown schema, expected \"tollbook.gpus.v1\"");
	}
	if (json_type(r->json, gpus) != JSON_ARRAY) {
		return spec_wrong(r, gpus == JSON_ABSENT ? 0 : gpus, "no list \"gpus\" here, expected [ … ]");
	}
	c->cards = must_calloc((size_t)json_count(r->json, gpus), sizeof *c->cards);
	for (json_at v = json_first(r->json, gpus); !err && v != JSON_ABSENT; v = json_next(r->json, v)) {
		err = json_type(r->json, v) == JSON_OBJECT ? read_card(r, v, &c->cards[c->count++])
		                                           : spec_wrong(r, v, "not an object, expected { … }");
	}
	return err;
}

int gpu_catalogue_read(struct gpu_catalogue **out, const char *path, struct fault *why) {
	struct text bytes;
	int err = 0;

	*out = NULL;
	if (path) {
		err = file_read(path, MODELSPEC_FILE_MAX, &bytes, why);
	} else {
		bytes = embedded_unpack(embedded_gpus_json_gz, embedded_gpus_json_gz_len);
	}
	if (err) {
		return err;
	}
	struct gpu_catalogue *c = must_calloc(1, sizeof *c);
	struct spec_reader r = {.path = path ? path : "samples/gpus.json", .bytes = bytes, .json = json_new(), .why = why};
	err = spec_parse(&r, "samples/gpus.json");
	err = err ? err : read_cards(&r, c);
	json_free(r.json);
	free((void *)bytes.at);
	if (err) {
		gpu_catalogue_free(c);
		return err;
	}
	*out = c;
	return 0;
}

void gpu_catalogue_free(struct gpu_catalogue *c) {
	if (c) {
		free(c->cards);
		free(c);
	}
}

size_t gpu_catalogue_count(const struct gpu_catalogue *c) {
	return c->count;
}

const struct gpu *gpu_catalogue_at(const struct gpu_catalogue *c, size_t i) {
	return &c->cards[i].gpu;
}

/* The GPU with the longest name that the text starts with, if longer than *longest. */
static const struct gpu *find_from(const struct gpu_catalogue *c, struct text wanted, size_t *longest, const struct gpu *found) {
	for (size_t i = 0; i < c->count; i++) {
		const struct card *k = &c->cards[i];
		for (size_t n = 0; n < k->name_count; n++) {
			size_t used, count = starts_with(wanted, text_of(k->names[n]), &used);
			if (count > *longest && is_same_card(text_cut(wanted, used, wanted.len), text_of(k->names[n]), &k->gpu)) {
				*longest = count;
				found = &k->gpu;
			}
		}
	}
	return found;
}

/* Without "(R)" and "(TM)"; "RTX " before a number that starts the name. */
static struct text written_plainly(struct text name, char *out, size_t size) {
	size_t n = name.len > 0 && text_is_digit(name.at[0]) ? (size_t)snprintf(out, size, "RTX ") : 0;

	for (size_t i = 0; i < name.len && n < size; i++) {
		struct text rest = text_cut(name, i, name.len);
		if (starts_nocase(rest, T("(R)")) || starts_nocase(rest, T("(TM)"))) {
			i += starts_nocase(rest, T("(R)")) ? 2 : 3;
			continue;
		}
		out[n++] = name.at[i];
	}
	return (struct text){out, n};
}

const struct gpu *gpu_find(const struct gpu_catalogue *c, struct text name) {
	char plainly[128];
	size_t longest = 0;
	const struct gpu *found = find_from(c, name, &longest, NULL);

	if (name.len + 4 <= sizeof plainly) {
		name = written_plainly(name, plainly, sizeof plainly);
		found = find_from(c, name, &longest, found);
	}
	while (skip_vendor(&name)) {
		found = find_from(c, name, &longest, found);
	}
	return found;
}

size_t gpu_likeness(const struct gpu_catalogue *c, size_t i, struct text name) {
	size_t most = 0;

	while (skip_vendor(&name)) {
	}
	for (size_t n = 0; n < c->cards[i].name_count; n++) {
		struct text known = text_of(c->cards[i].names[n]);
		for (size_t len = known.len; len > most; len--) {
			size_t used, count = starts_with(name, text_cut(known, 0, len), &used);
			most = count > most ? count : most;
		}
	}
	return most;
}
