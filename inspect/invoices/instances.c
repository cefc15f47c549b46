#include "inspect/invoices/instances.h"

#include <stdlib.h>

#include "inspect/invoices/sheet.h"

/*
 * Letters and digits of the type, in lower case, and its GPUs; the longest one in the text counts. From the
 * clouds' pages of instance types, 2026.
 */
static const struct {
	const char *type;
	int gpus;
} types[] = {
	/* AWS */
	{"p3dn24xlarge", 8}, {"p32xlarge", 1}, {"p38xlarge", 4}, {"p316xlarge", 8}, {"p4d24xlarge", 8}, {"p4de24xlarge", 8},
	{"p54xlarge", 1}, {"p548xlarge", 8}, {"p5e48xlarge", 8}, {"p5en48xlarge", 8}, {"p6b20048xlarge", 8}, {"p6b30048xlarge", 8},
	{"p6egb20036xlarge", 4}, {"u24gb200", 72},
	{"g4dnxlarge", 1}, {"g4dn2xlarge", 1}, {"g4dn4xlarge", 1}, {"g4dn8xlarge", 1}, {"g4dn12xlarge", 4}, {"g4dn16xlarge", 1},
	{"g4dnmetal", 8}, {"g5xlarge", 1}, {"g52xlarge", 1}, {"g54xlarge", 1}, {"g58xlarge", 1}, {"g512xlarge", 4},
	{"g516xlarge", 1}, {"g524xlarge", 4}, {"g548xlarge", 8}, {"g6xlarge", 1}, {"g62xlarge", 1}, {"g64xlarge", 1},
	{"g68xlarge", 1}, {"g612xlarge", 4}, {"g616xlarge", 1}, {"g624xlarge", 4}, {"g648xlarge", 8}, {"g6exlarge", 1},
	{"g6e2xlarge", 1}, {"g6e4xlarge", 1}, {"g6e8xlarge", 1}, {"g6e12xlarge", 4}, {"g6e16xlarge", 1}, {"g6e24xlarge", 4},
	{"g6e48xlarge", 8}, {"gr64xlarge", 1}, {"gr68xlarge", 1}, {"g7e2xlarge", 1}, {"g7e4xlarge", 1}, {"g7e8xlarge", 1},
	{"g7e12xlarge", 2}, {"g7e24xlarge", 4}, {"g7e48xlarge", 8},
	/* Google Cloud */
	{"a2highgpu1g", 1}, {"a2highgpu2g", 2}, {"a2highgpu4g", 4}, {"a2highgpu8g", 8}, {"a2megagpu16g", 16},
	{"a2ultragpu1g", 1}, {"a2ultragpu2g", 2}, {"a2ultragpu4g", 4}, {"a2ultragpu8g", 8}, {"a3highgpu1g", 1},
	{"a3highgpu2g", 2}, {"a3highgpu4g", 4}, {"a3highgpu8g", 8}, {"a3megagpu8g", 8}, {"a3edgegpu8g", 8},
	{"a3ultragpu8g", 8}, {"a4highgpu8g", 8}, {"a4xhighgpu4g", 4}, {"a4xmaxgpu4g", 4}, {"g2standard4", 1},
	{"g2standard8", 1}, {"g2standard12", 1}, {"g2standard16", 1}, {"g2standard24", 2}, {"g2standard32", 1},
	{"g2standard48", 4}, {"g2standard96", 8}, {"g4standard48", 1}, {"g4standard96", 2}, {"g4standard192", 4}, {"g4standard384", 8},
	/* Azure */
	{"nc24adsa100v4", 1}, {"nc48adsa100v4", 2}, {"nc96adsa100v4", 4}, {"nc40adsh100v5", 1}, {"nc80adish100v5", 2},
	{"ncc40adsh100v5", 1}, {"nd96asrv4", 8}, {"nd96amsra100v4", 8}, {"nd96asra100v4", 8}, {"nd96isrh100v5", 8},
	{"nd96isrh200v5", 8}, {"nd96isrmi300xv5", 8}, {"nd128isrgb200v6", 4}, {"nd128isrndrgb200v6", 4}, {"nd128isrgb300v6", 4},
	{"nd128isrndrgb300v6", 4}, {"nv36adsa10v5", 1}, {"nv72adsa10v5", 2}, {"nc4ast4v3", 1}, {"nc8ast4v3", 1},
	{"nc16ast4v3", 1}, {"nc64ast4v3", 4}, {"nd40rsv2", 8}, {"nc6sv3", 1}, {"nc12sv3", 2}, {"nc24sv3", 4}, {"nc24rsv3", 4},
	/* Oracle Cloud */
	{"bmgpuh1008", 8}, {"bmgpuh2008", 8}, {"bmgpub2008", 8}, {"bmgpub3008", 8}, {"bmgpugb2004", 4}, {"bmgpugb3004", 4},
	{"bmgpua100v28", 8}, {"bmgpu48", 8}, {"bmgpumi300x8", 8}, {"bmgpumi355x8", 8}, {"bmgpul40s4", 4}, {"bmgpua104", 4},
	{"vmgpua101", 1}, {"vmgpua102", 2}, {"vmgpu21", 1}, {"vmgpu31", 1}, {"vmgpu32", 2}, {"vmgpu34", 4},
	/* CoreWeave, Lambda, Crusoe, Nebius and others are found by "8x". */
	{"gd8xh100ibi128", 8}, {"gd8xh200ibi128", 8}, {"gd8xb200ibi128", 8}, {"gb2004x", 4}, {"gb3004x", 4},
};

/* Names of GPUs that may be preceded by a count. */
static const char *const cards[] = {"b300", "b200", "gb300", "gb200", "gh200", "h200", "h100", "h800", "h20", "a100", "a800", "a40", "a30",
                                    "a10", "l40s", "l40", "l4", "t4", "v100", "rtx", "mi300", "mi325", "mi350", "mi355",
                                    "mi250", "gpu", "nvidia"};

static bool names_card(struct text plain) {
	for (size_t i = 0; i < sizeof cards / sizeof *cards; i++) {
		if (text_starts(plain, text_of(cards[i]))) {
			return true;
		}
	}
	return false;
}

static bool is_one_digit_before(struct text plain, size_t at) {
	return text_is_digit(plain.at[at]) && (at == 0 || !text_is_digit(plain.at[at - 1]));
}

/* "8xh100", "gpu8xh100sxm5", "1xnvidiaa100": a count before a GPU's name. */
static int64_t counted_before(struct text plain) {
	for (size_t at = text_find_byte(plain, 'x'); at != SIZE_MAX && at < plain.len;) {
		struct text rest = text_cut(plain, at + 1, plain.len);
		if (at > 0 && text_is_digit(plain.at[at - 1]) && names_card(rest)) {
			size_t from = at - 1;
			/* "a100 8x h100" is 8, "16x" is 16 */
			from -= from > 0 && plain.at[from - 1] == '1' && plain.at[from] == '6' &&
			        is_one_digit_before(plain, from - 1);
			int64_t n = 0;
			struct text digits = text_cut(plain, from, at);
			return text_to_i64(digits, &n) && n > 0 && n <= 72 ? n : -1;
		}
		size_t next = text_find_byte(rest, 'x');
		at = next == SIZE_MAX ? SIZE_MAX : at + 1 + next;
	}
	return -1;
}

/* AWS types: a letter or more, a digit, then "xlarge": those not in the table are without GPUs. */
static bool is_plain_instance(struct text plain) {
	size_t usage = text_find(plain, T("boxusage")), large = text_find(plain, T("large"));
	return usage != SIZE_MAX && large != SIZE_MAX;
}

int64_t instance_gpus(struct text what) {
	char plain[1024];
	struct text t = {plain, sheet_plain(what, plain, sizeof plain)};
	size_t best = 0;
	int64_t gpus = -1;

	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		struct text type = text_of(types[i].type);
		if (type.len > best && text_find(t, type) != SIZE_MAX) {
			best = type.len;
			gpus = types[i].gpus;
		}
	}
	if (gpus < 0) {
		gpus = counted_before(t);
	}
	return gpus < 0 && is_plain_instance(t) ? 0 : gpus;
}
