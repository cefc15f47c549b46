#include "attribute/laws/proportions.h"

#include <math.h>

#include "core/model/roofline.h"

#define BILLION 1e9
#define USUAL_PARAMS (8 * BILLION)

/* If nothing is published about the GPU: peak FLOP/s over bandwidth of today's GPUs (A100 153, H100 295, B200 281). */
#define USUAL_RIDGE_NTOK 300

/* For models known by name: two bytes per parameter; of active parameters, the part outside the experts. */
#define BYTES_A_PARAM 2
#define SHARED_PART 0.4
/* Models named "8x7b" share the parameters outside the experts, and use two experts per token. */
#define SHARED_OF_EACH 0.83
#define EXPERTS_USED 2.2

/* The part of a GPU's memory that engines use; bytes of a token's cache at 8e9 parameters and their growth. */
#define MEMORY_PART 0.9
#define CACHE_BYTES 131072
#define CACHE_POWER 0.43

static bool is_digit(struct text t, size_t at) {
	return at < t.len && t.at[at] >= '0' && t.at[at] <= '9';
}

/* Reads "8", "0.5", "30" at *at; moves past it. False if there is none. */
static bool take_size(struct text t, size_t *at, double *out) {
	double value = 0, unit = 1;
	size_t i = *at;

	if (!is_digit(t, i)) {
		return false;
	}
	for (; is_digit(t, i) && value < 1e6; i++) {
		value = 10 * value + (t.at[i] - '0');
	}
	if (i < t.len && t.at[i] == '.' && is_digit(t, i + 1)) {
		for (i++; is_digit(t, i) && unit > 1e-6; i++) {
			unit /= 10;
			value += unit * (t.at[i] - '0');
		}
	}
	*at = i;
	*out = value;
	return true;
}

static char lower(struct text t, size_t at) {
	char c = at < t.len ? t.at[at] : '\0';

	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_letter(struct text t, size_t at) {
	char c = lower(t, at);

	return c >= 'a' && c <= 'z';
}

/* Reads a number that ends in "b": sizes such as "8b", "8x7b" (times: 8) and "a3b". */
struct named_size {
	double times, size;
	bool active;
};

static bool take_named(struct text t, size_t *at, struct named_size *out) {
	size_t i = *at;
	bool begins = i == 0 || (!is_letter(t, i - 1) && !is_digit(t, i - 1) && t.at[i - 1] != '.');

	*out = (struct named_size){.times = 1, .active = begins && lower(t, i) == 'a'};
	i += out->active;
	if (!begins || !take_size(t, &i, &out->size)) {
		return false;
	}
	if (lower(t, i) == 'x' && is_digit(t, i + 1)) {
		out->times = out->size;
		i++;
		take_size(t, &i, &out->size);
	}
	bool ends = lower(t, i) == 'b' && !is_letter(t, i + 1) && !is_digit(t, i + 1);
	*at = ends ? i + 1 : *at;
	return ends && out->size > 0 && out->times >= 1;
}

static void by_name(struct text name, struct proportions *out) {
	for (size_t i = 0; i < name.len; i++) {
		struct named_size s;
		if (!take_named(name, &i, &s)) {
			continue;
		}
		if (s.active && out->params_known) {
			out->active = fmin(out->params, s.size * BILLION);
		} else if (!s.active && !out->params_known) {
			out->params = s.size * BILLION * (s.times > 1 ? s.times * SHARED_OF_EACH : 1);
			out->active = s.times > 1 ? fmin(out->params, out->params / s.times * EXPERTS_USED) : out->params;
			out->params_known = true;
		}
	}
	double shared = SHARED_PART * out->active;
	out->chosen = out->active < out->params ? (out->active - shared) / (out->params - shared) : 0;
}

static void by_description(const struct modelspec *m, struct proportions *out) {
	struct modelsize size;

	modelspec_size(m, &size);
	out->params_known = size.params > 0 && size.active_params > 0;
	if (out->params_known) {
		out->params = (double)size.params;
		out->active = fmin(out->params, (double)size.active_params);
		out->chosen = m->experts > 0 ? (double)m->experts_per_token / (double)m->experts : 0;
	}
}

double experts_read(double chosen, double sequences) {
	return chosen > 0 ? 1 - pow(1 - chosen, sequences) : 1;
}

/* A token's cache grows less than the parameters do. */
static double cache_ntok(const struct gpu *card, int64_t gpus, const struct proportions *p) {
	double room = MEMORY_PART * (double)card->memory_bytes * (double)gpus - BYTES_A_PARAM * p->params;
	double bytes = CACHE_BYTES * pow(sqrt(p->params * p->active) / USUAL_PARAMS, CACHE_POWER);

	return fmax(0, room / bytes);
}

void proportions_of(const struct gpu_catalogue *catalogue, struct text gpu, int64_t gpus, const struct modelspec *described,
                    struct text model, struct proportions *out) {
	const struct gpu *card = catalogue && gpu.len > 0 ? gpu_find(catalogue, gpu) : NULL;

	*out = (struct proportions){.ridge_ntok = USUAL_RIDGE_NTOK, .params = USUAL_PARAMS, .active = USUAL_PARAMS};
	if (described) {
		by_description(described, out);
	}
	if (!out->params_known) {
		by_name(model, out);
	}
	if (card && card->flops[PRECISION_BF16] > 0 && card->bandwidth > 0) {
		out->ridge_ntok = (double)card->flops[PRECISION_BF16] / (double)card->bandwidth;
	}
	if (card && card->bandwidth > 0 && gpus > 0 && out->params_known) {
		out->least_ns = BYTES_A_PARAM * out->active / ((double)card->bandwidth * (double)gpus) * BILLION;
	}
	if (card && card->memory_bytes > 0 && out->params_known) {
		out->cache_ntok = cache_ntok(card, gpus, out);
	}
}
