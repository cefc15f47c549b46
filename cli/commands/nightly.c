/* nightly.c: tollbook nightly: the cron job. */
#include "book/night.h"
#include "cli/say.h"
#include "cli/values.h"

struct settings {
	struct night_settings night;
	bool check;
};

static int nightly(struct run *r, struct fault *why) {
	const struct settings *s = r->own;

	if (!s->night.config) {
		say_error(r, "no configuration given");
		say_next(r, "name one: tollbook nightly -c tollbook.conf");
		return EXIT_USAGE;
	}
	return s->check ? night_check(&s->night, &r->set, &r->terminal, why) : night_run(&s->night, &r->set, &r->terminal, why);
}

static const struct option own[] = {
	{"config", 'c', "FILE", "what to do (schemas/config.schema.json)", 0, value_text, offsetof(struct settings, night.config), NULL, true},
	{"check-config", 0, NULL, "only check the configuration and the files it names", 0, value_flag, offsetof(struct settings, check), NULL, false},
	{"portion", 0, "N", "commit after this many new logs (default 1000)", 0, value_count, offsetof(struct settings, night.portion), NULL, false},
};

const struct command command_nightly = {
	.name = "nightly",
	.synopsis = "-c CONFIG",
	.what = "The cron job: read new log lines, restate what changed, write the reports",
	.about = "If it is killed, nothing is lost or counted twice: the next run resumes after the last committed "
		 "batch of\nlogs. A second run at the same time is refused, and the message names the process that "
		 "holds the book.\n",
	.example = "tollbook nightly -c /etc/tollbook.conf",
	OWN(struct settings),
	.main = nightly,
};
