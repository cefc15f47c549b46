/* whatif.c: tollbook whatif: the log's own requests, replayed under another scenario. */
#include <stddef.h>
#include <string.h>

#include "book/findings.h"
#include "cli/say.h"
#include "cli/setup.h"
#include "cli/commands/scenario.h"
#include "core/files/files.h"

struct settings {
	struct scenario_settings scenario;
	const char *format;
	int64_t input_output, load, kv_tokens, transfer_ns; /* 0: not given */
	struct given_money rent, cache_hit, margin;
	bool disaggregate;
};

/* State of the command; released as a whole. */
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

#define ROW(name, argument, help, take, member) OWN_ROW(settings, name, argument, help, take, member)

static const struct option own[] = {
	ROW("rent", "PRICE", "price of a GPU-hour instead of what was paid", value_given_money, rent),
	SCENARIO_OPTIONS(settings, scenario, "another GPU: scaled by measured efficiencies, an extrapolation"),
	ROW("kv-tokens", "N", "tokens that a replica's KV cache holds (default: by the fleet's \"description\")", value_count, kv_tokens),
	ROW("cache-hit", "SHARE", "share of each prompt found in the prefix cache", value_part, cache_hit),
	ROW("input-output", "RATIO", "scale prompts to this many input tokens per output token", value_factor, input_output),
	ROW("load", "FACTOR", "requests arrive this much faster", value_factor, load),
	ROW("disaggregate", NULL, "prefill and decode on separate replicas", value_flag, disaggregate),
	ROW("transfer", "NS", "transfer time per prompt token to the decode replica (default 0)", value_count, transfer_ns),
	ROW("margin", "SHARE", "margin that a break-even list price leaves (default 0)", value_part, margin),
	PAGE_FORMAT(struct settings, true),
};

static int64_t price_of(struct given_money p) {
	return p.given ? p.nano : ESTIMATE_NONE;
}

/* ---- the work ---- */

static bool cards_of(void *job, name_id replica, name_id model, int64_t at_ns, struct estimate_cards *out) {
	struct job *j = job;

	return settings_cards_of(j->fleet, j->names, replica, model, at_ns, out);
}

static const struct modelspec *described(void *job, name_id model, name_id gpu, int64_t gpus) {
	const struct job *j = job;

	return fleet_description_of(j->fleet, model, gpu, gpus);
}

/* Revenue needs the prices of both. */
static int check_list_prices(const struct settings *s, struct fault *why) {
	bool input = s->scenario.list_input.given, output = s->scenario.list_output.given;

	return input == output && (input || !s->scenario.list_cached.given)
	           ? 0
	           : fault_set(why, ERROR_CONFIG, "%s: expected --list-input and --list-output together", input ? "--list-input" : output ? "--list-output" : "--list-cached");
}

static int start(struct job *j, struct fault *why) {
	const struct settings *s = j->r->own;
	unsigned lanes = ingest_lanes(&j->logs.options);

	j->whatif = whatif_new(&(struct whatif_options){
		.names = j->names, .catalogue_path = s->scenario.catalogue, .lanes = lanes, .cards_of = cards_of, .context = j,
		.currency = fleet_currency(j->fleet), .rent_nano = price_of(s->rent), .utilization = s->scenario.utilization,
		.max_batch = s->scenario.max_batch, .chunk = s->scenario.chunk, .cache_hit = price_of(s->cache_hit), .input_output = s->input_output,
		.load = s->load, .gpu = s->scenario.gpu, .disaggregate = s->disaggregate, .margin = s->margin.nano,
		.kv_tokens = s->kv_tokens, .transfer_ns = s->transfer_ns, .memory = s->scenario.memory, .described = described,
		.list_input_nano = price_of(s->scenario.list_input), .list_cached_nano = price_of(s->scenario.list_cached),
		.list_output_nano = price_of(s->scenario.list_output)}, why);
	j->attribution = attribution_new(&(struct attribute_options){
		.fleet = j->fleet, .names = j->names, .from_ns = INT64_MIN, .to_ns = INT64_MAX, .lanes = lanes});
	return j->whatif ? 0 : ERROR_CONFIG;
}

static int add_record(void *job, unsigned lane, const struct record *record, struct fault *why) {
	struct job *j = job;

	if (stop_asked(&j->r->stop)) {
		return fault_set(why, ERROR_IO, "stopped by a signal; nothing was written");
	}
	int err = whatif_add_record(j->whatif, lane, record, why);
	return err ? err : attribution_add_record(j->attribution, lane, record, why);
}

static int write_answers(struct job *j, struct fault *why) {
	const struct settings *s = j->r->own;
	struct outfile *file;
	int err = outfile_open(&file, j->r->set.output, why);

	if (err) {
		return err;
	}
	return outfile_end(file, whatif_print(j->whatif, s->format, outfile_stream(file), why), why);
}

static int play(struct job *j, struct fault *why) {
	int err = start(j, why);

	err = err ? err : ingest_run(&j->logs.options, add_record, j, &j->quality, why);
	err = err ? err : attribution_finish(j->attribution, whatif_add_entry, j->whatif, &j->quality, why);
	quality_report_joins(&j->quality);
	err = err ? err : attribution_each_model(j->attribution, whatif_add_model, j->whatif);
	err = err ? err : write_answers(j, why);
	if (!err) {
		findings_say(&j->r->terminal, &j->quality);
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
	int status = check_list_prices(r->own, why);
	status = status == 0 ? setup_logs(r, &j.logs, why) : status;
	status = status == 0 ? settings_fleet(&r->set, j.names, &j.fleet, why) : status;
	status = status == 0 ? play(&j, why) : status;
	stop_unguard(&r->stop);
	job_release(&j);
	return status;
}

const struct command command_whatif = {
	.name = "whatif",
	.synopsis = "[options] LOG...",
	.what = "The logged requests with another price, batch, mix, cache or GPU",
	.about = "Requests are replayed through the fitted step model: continuous batching, chunked prefill. The\n"
	         "logged run itself is replayed first, as a check. Without options, common scenarios are shown.\n",
	.example = "tollbook whatif --fleet fleet.json --max-batch 32 --margin 0.3 logs/",
	.groups = GROUP_COST | GROUP_LOGS | GROUP_OUTPUT,
	OWN(struct settings),
	.main = whatif,
};
