#include "report/prices/price_names.h"

void name_lower(struct name *n, struct text t) {
	n->len = t.len < NAME_MAX_BYTES ? t.len : NAME_MAX_BYTES;
	for (size_t i = 0; i < n->len; i++) {
		n->bytes[i] = t.at[i] >= 'A' && t.at[i] <= 'Z' ? (char)(t.at[i] - 'A' + 'a') : t.at[i];
	}
}

static bool drop_any_suffix(struct text *t, const struct text *suffixes, size_t count) {
	for (size_t i = 0; i < count; i++) {
		size_t len = suffixes[i].len;
		if (t->len > len && t->at[t->len - 1] == suffixes[i].at[len - 1] && text_ends(*t, suffixes[i])) {
			t->len -= len;
			return true;
		}
	}
	return false;
}

static bool skip_any_prefix(struct text *t, const struct text *prefixes, size_t count) {
	for (size_t i = 0; i < count; i++) {
		if (t->len > prefixes[i].len && text_skip(t, prefixes[i])) {
			return true;
		}
	}
	return false;
}
#define DROP_SUFFIX(t, suffixes) drop_any_suffix(t, suffixes, sizeof suffixes / sizeof *suffixes)
#define SKIP_PREFIX(t, prefixes) skip_any_prefix(t, prefixes, sizeof prefixes / sizeof *prefixes)

/* ---- dates ---- */

/* '#' represents a digit. */
static bool ends_like(struct text t, struct text pattern) {
	if (t.len <= pattern.len) {
		return false;
	}
	for (size_t i = 0; i < pattern.len; i++) {
		char c = t.at[t.len - pattern.len + i];
		if (pattern.at[i] == '#' ? !text_is_digit(c) : c != pattern.at[i]) {
			return false;
		}
	}
	return true;
}

static bool drop_date(struct text *t) {
	static const struct text dates[] = {T("-####-##-##"), T("-########"), T("@########"), T("-####")};

	for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
		if (ends_like(*t, dates[i])) {
			t->len -= dates[i].len;
			return true;
		}
	}
	return false;
}

bool name_without_date(struct text *name) {
	return drop_date(name);
}

/* ---- open models ---- */

struct text name_reduced(struct text t) {
	static const struct text prefixes[] = {T("meta-"), T("mistralai-"), T("models--")};
	static const struct text suffixes[] = {
	    T("-instruct"), T("-it"),   T("-chat"), T("-hf"),     T("-fp8"),   T("-fp16"),   T("-bf16"),   T("-int8"),
	    T("-int4"),     T("-awq"),  T("-gptq"), T("-gguf"),   T("-nvfp4"), T("-w4a16"),  T("-w8a8"),   T("-4bit"),
	    T("-8bit"),     T("-q8_0"), T("-turbo"), T("-q4_k_m"), T("-dynamic"), T("-latest"), T("-instant"), T(".gguf"),
	    T("-versatile"),
	};

	t = text_base(t);
	while (SKIP_PREFIX(&t, prefixes)) {
	}
	while (DROP_SUFFIX(&t, suffixes) || drop_date(&t)) {
	}
	return t;
}

bool name_has_size(struct text t) {
	for (size_t i = 1; i < t.len; i++) {
		bool ends = i + 1 == t.len || t.at[i + 1] == '-' || t.at[i + 1] == '_' || t.at[i + 1] == '.' || t.at[i + 1] == ':';
		if (t.at[i] == 'b' && text_is_digit(t.at[i - 1]) && ends) {
			return true;
		}
	}
	return false;
}

bool name_is_open(struct text name) {
	struct name lower;

	name_lower(&lower, name);
	return name_has_size(name_reduced(name_text(&lower)));
}

/* ---- clouds ---- */

/* "publishers/google/models/m", "arn:aws:bedrock:…/m": the last part. */
static struct text without_path(struct text t) {
	size_t at = text_find(t, T("models/"));
	bool path = at != SIZE_MAX && (at == 0 || t.at[at - 1] == '/');

	if (path) {
		return text_cut(t, at + sizeof "models/" - 1, t.len);
	}
	return text_starts(t, T("arn:")) ? text_base(t) : t;
}

/* "-v1" without ":0" is Bedrock's only after a maker's name; elsewhere it is another model. */
static bool drop_version(struct text *t, bool of_maker) {
	static const struct text numbers[] = {T(":#"), T("-v#"), T("@default"), T("@latest")};
	bool any = false;

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		bool counts = i != 1 || any || of_maker;
		if (counts && ends_like(*t, numbers[i])) {
			t->len -= numbers[i].len;
			any = true;
		}
	}
	return any;
}

static const struct text regions[] = {T("us-gov."), T("us."), T("eu."), T("apac."), T("jp."), T("au."), T("ca."), T("sa."), T("global.")};
static const struct text makers[] = {T("anthropic."), T("meta."),   T("amazon."), T("mistral."),  T("cohere."),  T("deepseek."), T("openai."),
				     T("qwen."),      T("ai21."),   T("google."), T("moonshot."), T("minimax."), T("writer.")};

struct text name_cloud(struct text name) {
	struct text t = without_path(name);

	(void)SKIP_PREFIX(&t, regions);
	if (SKIP_PREFIX(&t, makers) && text_find_byte(t, '/') == SIZE_MAX) {
		return T("bedrock");
	}
	return text_find_byte(name, '@') != SIZE_MAX || text_starts(name, T("publishers/")) || text_starts(name, T("projects/")) ? T("vertex_ai") : T("");
}

bool name_from_cloud(struct name *out, struct text name, int step) {
	struct text t = without_path(name);
	bool changed = t.len != name.len;

	if (step >= 1) {
		changed |= SKIP_PREFIX(&t, regions);
	}
	if (step >= 2) {
		bool of_maker = SKIP_PREFIX(&t, makers);
		changed |= of_maker;
		changed |= drop_version(&t, of_maker);
	}
	name_lower(out, t);
	for (size_t i = 0; i < out->len && step >= 2; i++) {
		changed |= out->bytes[i] == '@';
		out->bytes[i] = out->bytes[i] == '@' ? '-' : out->bytes[i];
	}
	return changed && out->len > 0;
}

static bool is_one_digit(const struct name *n, size_t at) {
	return at < n->len && text_is_digit(n->bytes[at]) && (at == 0 || !text_is_digit(n->bytes[at - 1])) &&
	       (at + 1 >= n->len || !text_is_digit(n->bytes[at + 1]));
}

void name_with_sign(struct name *out, struct text name, char sign) {
	name_lower(out, name);
	for (size_t i = 1; i < out->len; i++) {
		if ((out->bytes[i] == '-' || out->bytes[i] == '.') && is_one_digit(out, i - 1) && is_one_digit(out, i + 1)) {
			out->bytes[i] = sign;
		}
	}
}

/* ---- providers ---- */

/* Letters and digits alone. */
static void squeeze(struct name *out, struct text t) {
	struct name lower;

	name_lower(&lower, t);
	out->len = 0;
	for (size_t i = 0; i < lower.len; i++) {
		char c = lower.bytes[i];
		if (text_is_digit(c) || (c >= 'a' && c <= 'z')) {
			out->bytes[out->len++] = c;
		}
	}
}

/* Names of the same provider in clients, gateways and tracers. */
static struct text known_as(struct text t) {
	static const struct {
		struct text name, is;
	} aliases[] = {
	    {T("bedrock"), T("aws")},          {T("amazonbedrock"), T("aws")},     {T("awsbedrock"), T("aws")},
	    {T("bedrockconverse"), T("aws")},  {T("amazon"), T("aws")},            {T("gemini"), T("google")},
	    {T("vertexai"), T("google")},      {T("vertex"), T("google")},         {T("gcpgemini"), T("google")},
	    {T("gcpvertexai"), T("google")},   {T("gcpgenai"), T("google")},       {T("googlegenai"), T("google")},
	    {T("googleaistudio"), T("google")}, {T("azureopenai"), T("azure")},    {T("azaiopenai"), T("azure")},
	    {T("azureaiopenai"), T("azure")},  {T("azaiinference"), T("azure")},   {T("azureaiinference"), T("azure")},
	    {T("mistralai"), T("mistral")},    {T("moonshot"), T("moonshotai")},   {T("togetherai"), T("together")},
	    {T("fireworksai"), T("fireworks")}, {T("watsonx"), T("ibmwatsonxai")},
	};

	for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++) {
		if (text_eq(t, aliases[i].name)) {
			return aliases[i].is;
		}
	}
	return t;
}

bool name_is_provider(struct text id, struct text name, enum name_likeness likeness) {
	struct name a, b;

	if (likeness == NAME_BRANCH) {
		return id.len > name.len && name.len > 0 && id.at[name.len] == '-' && text_eq_nocase(text_cut(id, 0, name.len), name);
	}
	squeeze(&a, id);
	squeeze(&b, name);
	struct text x = name_text(&a), y = name_text(&b);
	return y.len > 0 && (likeness == NAME_EQUAL ? text_eq(x, y) : text_eq(known_as(x), known_as(y)));
}
