/* prices.c: tollbook prices: catalogues of list prices. */
#include <stdio.h>
#include <time.h>

#include "cli/say.h"
#include "cli/setup.h"
#include "cli/values.h"
#include "core/instant.h"

/* --at */
struct settings {
	const char *at;
};

static int64_t clock_ns(void) {
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

static int64_t instant_asked(const struct run *r) {
	const struct settings *s = r->own;
	int64_t ns;

	return s->at && instant_parse(text_of(s->at), &ns) ? ns : clock_ns();
}

static int printed(void) {
	return fflush(stdout) == 0 ? EXIT_TIED_OUT : EXIT_FAILED;
}

static int need_catalogue(struct run *r) {
	say_error(r, "no catalogue given");
	say_next(r, "name one: --prices FILE (genai-prices, models.dev, LiteLLM or tollbook's own form)");
	return EXIT_USAGE;
}

static int import(struct run *r, struct fault *why) {
	struct prices *prices;

	(void)why;
	for (size_t i = 0; i < r->operands.count; i++) {
		list_add(&r->prices, r->operands.at[i]);
	}
	if (r->prices.count == 0) {
		return need_catalogue(r);
	}
	int status = setup_prices(r, &prices);
	if (status != 0) {
		return status;
	}
	prices_print_summary(prices, stdout);
	prices_free(prices);
	return printed();
}

static int list(struct run *r, struct fault *why) {
	struct prices *prices;

	(void)why;
	if (r->prices.count == 0) {
		return need_catalogue(r);
	}
	int status = setup_prices(r, &prices);
	if (status != 0) {
		return status;
	}
	prices_print_list(prices, r->operands.count > 0 ? r->operands.at[0] : NULL, instant_asked(r), stdout);
	prices_free(prices);
	return printed();
}

static int show(struct run *r, struct fault *why) {
	struct prices *prices;
	int error = 0;

	if (r->operands.count == 0) {
		say_argument(r, r->argc, "no MODEL given, expected the name that the log uses");
		return EXIT_USAGE;
	}
	if (r->prices.count == 0) {
		return need_catalogue(r);
	}
	int status = setup_prices(r, &prices);
	if (status != 0) {
		return status;
	}
	for (size_t i = 0; i < r->operands.count && !error; i++) {
		error = prices_print_model(prices, r->operands.at[i], instant_asked(r), stdout, why);
	}
	prices_free(prices);
	return error ? error : printed();
}

static int open_one(struct run *r, const char *path, struct prices **out) {
	struct fault why;

	*out = prices_new();
	if (prices_add_file(*out, path, &why) < 0) {
		say_error(r, "%s", why.message);
		return EXIT_USAGE;
	}
	return 0;
}

static int diff(struct run *r, struct fault *why) {
	struct prices *before = NULL, *after = NULL;
	bool differ = false;

	(void)why;
	if (r->operands.count != 2) {
		return say_argument(r, r->argc, "expected two catalogues, the older one first");
	}
	int status = open_one(r, r->operands.at[0], &before);
	status = status == 0 ? open_one(r, r->operands.at[1], &after) : status;
	if (status == 0) {
		differ = prices_print_diff(before, after, stdout);
		status = printed();
	}
	prices_free(before);
	if (after) {
		prices_free(after);
	}
	return status == 0 && differ ? EXIT_FINDINGS : status;
}

static const struct word words[] = {
	{"import", "FILE...", "read catalogues and say what is in them", import},
	{"list", "[TEXT]", "all models whose name has TEXT in it, with their prices", list},
	{"show", "MODEL...", "which entry a log's model name stands for, and its rules", show},
	{"diff", "OLD NEW", "what two catalogues price differently; exit status 1 if they do", diff},
};

static const struct option own[] = {
	{"at", 0, "T", "prices at this date or instant (default: now)", 0, value_instant_text,
	 offsetof(struct settings, at), NULL, false},
};

const struct command command_prices = {
	.name = "prices",
	.synopsis = "import|list|show|diff [options] ...",
	.what = "Catalogues of list prices",
	.example = "tollbook prices show gpt-4o-2024-08-06 --prices samples/prices.json --at 2026-10-01",
	.groups = GROUP_PRICES,
	.own = own,
	.own_count = sizeof own / sizeof *own,
	.own_bytes = sizeof(struct settings),
	.words = words,
	.word_count = sizeof words / sizeof *words,
};
