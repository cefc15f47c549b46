/* audit.c: tollbook audit: sellers' list prices of an open model and the estimated cost. */
#include <stddef.h>
#include <string.h>

#include "cli/commands/scenario.h"
#include "cli/say.h"
#include "cli/setup.h"
#include "core/files/files.h"
#include "core/decimal.h"
#include "core/instant.h"
#include "report/report.h"

struct settings {
	const char *model, *catalogue, *format, *at, *tokens;
	struct list cards, names;
	struct served_settings served;
	int64_t max_batch, chunk, memory; /* 0: not given */
};

#define ROW(name, argument, help, take, member) OWN_ROW(settings, name, argument, help, take, member)

static const struct option own[] = {
	ROW("model", "FILE", "the model: schemas/model.schema.json, a config.json as published, or a GGUF file", value_text, model),
	{"card", 0, "GPU=PRICE", "a GPU and its price per hour, repeatable (default: H100=2.35, H200=2.80, B200=4.20, MI300X=2.00)", 0, value_list,
	 offsetof(struct settings, cards), NULL, false},
	{"as", 0, "NAME", "the model's name in catalogues; repeatable (default: its own)", 0, value_list, offsetof(struct settings, names), NULL, false},
	ROW("gpus-file", "FILE", "another GPU catalogue", value_text, catalogue),
	SERVED_OPTIONS(settings, served, "GPUs that share one copy of the model (default: as many as hold it)", "sequences of a full batch (default: as many as fit in memory)"),
	ROW("max-batch", "N", "maximum of that (default 256)", value_count, max_batch),
	ROW("chunk", "N", "maximum number of prompt tokens per step", value_count, chunk),
	ROW("memory", "SHARE", "share of GPU memory for weights and cache (default 0.9)", value_share, memory),
	ROW("tokens", "I,C,O", "also the cost of this many input, cached input and output tokens", value_text, tokens),
	{"at", 0, "T", "prices at this date or instant (default: now)", 0, value_instant_text, offsetof(struct settings, at), NULL, true},
	PAGE_FORMAT(struct settings, true),
};

static void set_if(int64_t *to, int64_t given) {
	*to = given > 0 ? given : *to;
}

/* "608e9,342e9,168e9" or plain digits. */
static int read_tokens(const char *given, int64_t tokens[3], struct fault *why) {
	struct text rest = text_of(given), part;

	for (int i = 0; i < 3; i++) {
		bool last = i == 2;
		if (last) {
			part = rest;
		} else if (!text_until(&rest, T(","), &part)) {
			part = T("");
		}
		int64_t nano;
		if (!text_to_i64(part, &tokens[i]) && (!decimal_parse(part, 0, &nano) || (tokens[i] = nano / NANO) < 0)) {
			return fault_set(why, ERROR_CONFIG, "--tokens %.60s: not three numbers of tokens, expected such as 608000000000,342000000000,168000000000", given);
		}
	}
	return tokens[1] <= tokens[0] ? 0 : fault_set(why, ERROR_CONFIG, "--tokens: more cached than input, expected INPUT,CACHED,OUTPUT");
}

static int fill(const struct settings *s, struct audit_options *o, struct fault *why) {
	struct estimate_options *e = &o->estimate;

	estimate_defaults(e);
	e->model_path = s->model;
	e->catalogue_path = s->catalogue;
	e->gpus = 0; /* as many as hold it */
	served_fill(&s->served, e);
	e->chunk = s->chunk;
	set_if(&e->max_batch, s->max_batch);
	set_if(&e->memory, s->memory);
	o->cards = (const char *const *)s->cards.at;
	o->card_count = s->cards.count;
	o->names = (const char *const *)s->names.at;
	o->name_count = s->names.count;
	if (!s->at || !instant_parse(text_of(s->at), &o->at_ns)) {
		o->at_ns = instant_now() / NS_PER_SECOND * NS_PER_SECOND;
	}
	return s->tokens ? read_tokens(s->tokens, o->tokens, why) : 0;
}

static int write_audit(struct run *r, const struct audit_options *o, struct fault *why) {
	const struct settings *s = r->own;
	struct outfile *file;
	int err = outfile_open(&file, r->set.output, why);

	if (err) {
		return err;
	}
	return outfile_end(file, audit_print(o, s->format, outfile_stream(file), why), why);
}

static int audit(struct run *r, struct fault *why) {
	struct audit_options o = {.card_count = 0};
	struct prices *prices;

	if (r->operands.count > 0) {
		return say_argument(r, 2, "an audit reads no LOG; expected options only");
	}
	int err = fill(r->own, &o, why);
	if (err) {
		return err;
	}
	int status = settings_prices_or_installed(&r->set, &prices, why);
	if (status != 0) {
		return status;
	}
	o.prices = prices;
	err = write_audit(r, &o, why);
	prices_free(prices);
	return err;
}

const struct command command_audit = {
	.name = "audit",
	.synopsis = "--model FILE [--prices FILE]... [options]",
	.what = "Sellers' prices of an open model, compared with its estimated cost",
	.about = "Compares every seller's prices of the model with the estimated cost on likely GPUs: the "
		 "break-even\nload, the implied margin with its interval, and who sells below cost at any load.\n",
	.example = "tollbook audit --model samples/models/llama-3.1-8b.json --card H100=2.49",
	.groups = GROUP_PRICES | GROUP_OUTPUT,
	OWN(struct settings),
	.main = audit,
};
