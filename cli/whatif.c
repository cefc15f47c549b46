/* whatif.c: tollbook whatif: the log's own requests, replayed under another scenario. */
#include <stddef.h>
#include <string.h>

#include "cli/findings.h"
#include "cli/say.h"
#include "cli/setup.h"
#include "cli/values.h"
#include "core/decimal.h"
#include "core/files.h"

struct price {
	int64_t nano;
	bool given;
};

struct settings {
	const char *gpu, *catalogue, *format;
	int64_t max_batch, chunk, utilization, input_output, load, margin; /* 0: not given */
	struct price rent, cache_hit, list_input, list_cached, list_output;
	bool disaggregate;
};

/* What the command holds; released as a whole. */
struct job {
	struct run *r;
	struct names *names;
	struct fleet *fleet;
	struct logs logs;
	struct quality quality;
	struct attribution *attribution;
	struct whatif *whatif;
};

/* ---- options ---- */

static int take_share(const struct option *o, void *into, const char *value, struct fault *why) {
	int64_t nano;

	(void)o;
	if (!decimal_parse(text_of(value), 0, &nano) || nano <= 0 || nano > NANO) {
		return fault_set(why, ERROR_CONFIG, "is out of range, expected a share over 0 and at most 1, such as 0.5");
	}
	*(int64_t *)into = nano;
	return 0;
}

static int take_part(const struct option *o, void *into, const char *value, struct fault *why) {
	struct price *p = into;

	(void)o;
	if (!decimal_parse(text_of(value), 0, &p->nano) || p->nano < 0 || p->nano >= NANO) {
		return fault_set(why, ERROR_CONFIG, "is out of range, expected a share from 0 and under 1, such as 0.5");
	}
	p->given = true;
	return 0;
}

static int take_margin(const struct option *o, void *into, const char *value, struct fault *why) {
	struct price p;
	int err = take_part(o, &p, value, why);

	*(int64_t *)into = err ? 0 : p.nano;
	return err;
}

static int take_factor(const struct option *o, void *into, const char *value, struct fault *why) {
	int64_t nano;

	(void)o;
	if (!decimal_parse(text_of(value), 0, &nano) || nano < NANO / 1000 || nano > 1000000 * NANO) {
		return fault_set(why, ERROR_CONFIG, "is out of range, expected a factor from 0.001 to 1000000");
	}
	*(int64_t *)into = nano;
	return 0;
}

static int take_price(const struct option *o, void *into, const char *value, struct fault *why) {
	struct price *p = into;

	p->given = true;
	return value_money(o, &p->nano, value, why);
}

static const char *format_word(size_t i) {
	static const char *const words[] = {"table", "json"};
	return i < sizeof words / sizeof *words ? words[i] : NULL;
}

#define ROW(name, argument, help, take, member)                                                                        \
	{name, 0, argument, help, 0, take, offsetof(struct settings, member), NULL, true}

static const struct option own[] = {
	ROW("rent", "PRICE", "of a GPU-hour, in place of what was paid", take_price, rent),
	ROW("utilization", "SHARE", "of the paid time in which the GPUs work", take_share, utilization),
	ROW("max-batch", "N", "sequences at once, at most (default 256)", value_count, max_batch),
	ROW("chunk", "N", "tokens of a step, at most (default 2048)", value_count, chunk),
	ROW("cache-hit", "SHARE", "of each prompt found in the prefix cache", take_part, cache_hit),
	ROW("input-output", "RATIO", "prompts scaled to so many input tokens per output token", take_factor, input_output),
	ROW("load", "FACTOR", "requests arrive so much denser", take_factor, load),
	ROW("gpu", "NAME", "another card: scaled by bandwidth and FLOP/s, an extrapolation", value_text, gpu),
	ROW("gpus-file", "FILE", "another catalogue of cards", value_text, catalogue),
	ROW("disaggregate", NULL, "prefill and decode on replicas of their own", value_flag, disaggregate),
	ROW("margin", "SHARE", "that a break-even list price leaves (default 0)", take_margin, margin),
	ROW("list-input", "PRICE", "list price per million input tokens, for the break-even utilisation", take_price, list_input),
	ROW("list-cached", "PRICE", "of cached input (default: that of input)", take_price, list_cached),
	ROW("list-output", "PRICE", "of output", take_price, list_output),
	{"format", 0, "NAME", "table (default) or json", 0, value_word, offsetof(struct settings, format), format_word, true},
};

static int64_t price_of(struct price p) {
	return p.given ? p.nano : ESTIMATE_NONE;
}

/* ---- the work ---- */

static bool cards_of(void *job, name_id replica, name_id model, int64_t at_ns, struct estimate_cards *out) {
	struct job *j = job;

	return setup_cards_of(j->fleet, j->names, replica, model, at_ns, out);
}

static int start(struct job *j, struct fault *why) {
	const struct settings *s = j->r->own;
	unsigned lanes = ingest_lanes(&j->logs.options);

	j->whatif = whatif_new(&(struct whatif_options){
		.names = j->names, .catalogue_path = s->catalogue, .lanes = lanes, .cards_of = cards_of, .context = j,
		.currency = fleet_currency(j->fleet), .rent_nano = price_of(s->rent), .utilization = s->utilization,
		.max_batch = s->max_batch, .chunk = s->chunk, .cache_hit = price_of(s->cache_hit), .input_output = s->input_output,
		.load = s->load, .gpu = s->gpu, .disaggregate = s->disaggregate, .margin = s->margin,
		.list_input_nano = price_of(s->list_input), .list_cached_nano = price_of(s->list_cached),
		.list_output_nano = price_of(s->list_output)}, why);
	j->attribution = attribution_new(&(struct attribute_options){
		.fleet = j->fleet, .names = j->names, .from_ns = INT64_MIN, .to_ns = INT64_MAX, .lanes = lanes});
	return j->whatif ? 0 : ERROR_CONFIG;
}

static int take_record(void *job, unsigned lane, const struct record *record, struct fault *why) {
	struct job *j = job;

	if (stop_asked(&j->r->stop)) {
		return fault_set(why, ERROR_IO, "stopped by a signal; nothing was written");
	}
	int err = whatif_take(j->whatif, lane, record, why);
	return err ? err : attribution_take(j->attribution, lane, record, why);
}

static int write_answers(struct job *j, struct fault *why) {
	const struct settings *s = j->r->own;
	struct outfile *file;
	int err = outfile_open(&file, j->r->output, why);

	if (err) {
		return err;
	}
	err = whatif_print(j->whatif, s->format && strcmp(s->format, "json") == 0, outfile_stream(file), why);
	if (err) {
		outfile_abandon(file);
		return err;
	}
	return outfile_commit(file, why);
}

static int play(struct job *j, struct fault *why) {
	int err = start(j, why);

	err = err ? err : ingest_run(&j->logs.options, take_record, j, &j->quality, why);
	err = err ? err : attribution_finish(j->attribution, whatif_take_entry, j->whatif, &j->quality, why);
	quality_tell_joins(&j->quality);
	err = err ? err : attribution_give_models(j->attribution, whatif_take_model, j->whatif);
	err = err ? err : write_answers(j, why);
	if (!err) {
		findings_say(j->r, &j->quality);
	}
	return err ? err : quality_has_findings(&j->quality) ? EXIT_FINDINGS : EXIT_TIED_OUT;
}

static void job_release(struct job *j) {
	whatif_free(j->whatif);
	attribution_free(j->attribution);
	quality_release(&j->quality);
	logs_release(&j->logs);
	if (j->fleet) {
		fleet_free(j->fleet);
	}
	names_free(j->names);
}

static int whatif(struct run *r, struct fault *why) {
	struct job j = {.r = r, .names = names_new()};

	quality_init(&j.quality);
	stop_guard(&r->stop);
	int status = setup_logs(r, &j.logs);
	status = status == 0 ? setup_fleet(r, j.names, &j.fleet) : status;
	status = status == 0 ? play(&j, why) : status;
	stop_unguard(&r->stop);
	job_release(&j);
	return status;
}

const struct command command_whatif = {
	.name = "whatif",
	.synopsis = "[options] LOG...",
	.what = "The log's own requests under another rent, batch, mix, cache or card",
	.about = "Requests are replayed through the fitted step model: continuous batching, chunked prefill. The\n"
	         "logged run itself is replayed first, as a check. Without a question, common ones are answered.\n",
	.example = "tollbook whatif --fleet fleet.json --max-batch 32 --margin 0.3 logs/",
	.groups = GROUP_COST | GROUP_LOGS | GROUP_OUTPUT,
	.own = own,
	.own_count = sizeof own / sizeof *own,
	.own_bytes = sizeof(struct settings),
	.main = whatif,
};
