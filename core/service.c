#include "core/service.h"

#define KEY(literal) {literal, sizeof(literal) - 1}

const struct text service_names[SERVICES] = {
	[SERVICE_STANDARD] = KEY("standard"), [SERVICE_BATCH] = KEY("batch"), [SERVICE_PRIORITY] = KEY("priority"),
	[SERVICE_FLEX] = KEY("flex"),         [SERVICE_OTHER] = KEY("other"),
};

/*
 * Other words for a class. OpenAI's "auto" leaves the choice to the account, which is standard unless the answer
 * states another. Its "fast" is the new name, since July 2026, of "priority"; its "scale" is capacity paid in
 * advance, without a published price per token. Groq's and Google's standard class is "on_demand".
 */
static const struct {
	struct text word;
	enum service service;
} words[] = {
	{KEY("default"), SERVICE_STANDARD}, {KEY("auto"), SERVICE_STANDARD},  {KEY("standard_only"), SERVICE_STANDARD},
	{KEY("batches"), SERVICE_BATCH},    {KEY("fast"), SERVICE_PRIORITY},  {KEY("scale"), SERVICE_OTHER},
	{KEY("on_demand"), SERVICE_STANDARD},           {KEY("traffic_type_unspecified"), SERVICE_STANDARD},
	{KEY("on_demand_priority"), SERVICE_PRIORITY},  {KEY("on_demand_flex"), SERVICE_FLEX},
};

enum service service_of(struct text word) {
	if (word.len == 0) {
		return SERVICE_STANDARD;
	}
	for (unsigned s = 0; s < SERVICES; s++) {
		if (text_eq_nocase(word, service_names[s])) {
			return (enum service)s;
		}
	}
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (text_eq_nocase(word, words[i].word)) {
			return words[i].service;
		}
	}
	return SERVICE_OTHER;
}
