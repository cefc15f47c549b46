/* init.c: tollbook init: the first configuration. */
#include "book/init/init.h"
#include "cli/say.h"
#include "cli/commands/scenario.h"

struct settings {
	const char *folder, *data, *gpu;
	struct given_money gpu_hour;
	int64_t gpus;
	bool force, run;
};

static int init(struct run *r, struct fault *why) {
	const struct settings *s = r->own;
	struct init_settings asked = {
		.folder = s->folder, .data = s->data, .gpu = s->gpu, .gpu_hour_nano = s->gpu_hour.given ? s->gpu_hour.nano : -1,
		.gpus = s->gpus, .force = s->force, .night = s->run,
	};

	if (r->operands.count == 0) {
		say_error(r, "no LOG given");
		say_next(r, "name a log, or the folder in which logs are: tollbook init logs/");
		return EXIT_USAGE;
	}
	r->set.logs = r->operands;
	return init_run(&asked, &r->set, &r->terminal, why);
}

#define ROW(name, argument, help, take, member) OWN_ROW(settings, name, argument, help, take, member)

static const struct option own[] = {
	ROW("folder", "DIR", "where the two files go (default: here)", value_text, folder),
	ROW("data", "DIR", "where the book and the reports go, an absolute path (default: as --folder)", value_text, data),
	ROW("gpu", "NAME", "the replicas' GPU (default: as the logs state); its price is suggested", value_text, gpu),
	ROW("gpu-hour", "PRICE", "the price of one GPU-hour", value_given_money, gpu_hour),
	ROW("gpus", "N", "GPUs per replica (default: as the logs state, else 1)", value_count, gpus),
	ROW("run", NULL, "also run the first night", value_flag, run),
	ROW("force", NULL, "replace an existing configuration", value_flag, force),
};

const struct command command_init = {
	.name = "init",
	.synopsis = "[options] LOG...",
	.what = "Write a configuration and a fleet file from existing logs",
	.about = "Writes tollbook.conf and fleet.json, with comments: replicas, models and GPUs as the logs state them. You\nenter "
		 "the price of a GPU-hour: without --gpu-hour, a rental price is suggested if the GPU is known, else "
		 "it is\nleft empty; in both cases the exit status is 1. With --run the first night follows.\n",
	.example = "tollbook init --gpu H100 --run /var/log/vllm",
	.groups = GROUP_LOGS,
	OWN(struct settings),
	.main = init,
};
