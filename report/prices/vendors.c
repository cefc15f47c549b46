/* vendors.c: decides whether a vendor answered a request that a gateway, a client or an agent logged. */
#include "core/billing.h"
#include "report/prices/price_names.h"

/* Names used by gateways for servers that their user runs. */
static bool is_self_hosted(struct text provider) {
	static const struct text names[] = {
	    T("hosted_vllm"), T("vllm"), T("sglang"), T("ollama"), T("ollama_chat"), T("llamafile"), T("lm_studio"), T("xinference"),
	    T("infinity"), T("triton"), T("custom"), T("custom_openai"), T("openai_like"), T("litellm_proxy"), T("docker_model_runner"),
	    T("lemonade"), T("oobabooga"), T("petals"), T("huggingface_local"), T("tgi"), T("llama_cpp"), T("localai"),
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (text_eq_nocase(provider, names[i])) {
			return true;
		}
	}
	return false;
}

/* A name of open weights, which anyone may serve: an organisation's repository, or with a size. */
static bool may_be_open(struct text model, const struct price_search *s) {
	bool by_cloud = text_starts(model, T("models/")) || text_starts(model, T("publishers/"));

	return !by_cloud && (text_find_byte(model, '/') != SIZE_MAX || name_is_open(model)) && s->model != NULL;
}

bool prices_is_vendors(const struct prices *p, struct text model, struct text billing_text) {
	struct billing billing;
	struct price_search s;

	billing_parse(billing_text, &billing);
	if (billing.part[BILLED_REQUESTS] > 0) {
		return true; /* a vendor's own report */
	}
	if (is_self_hosted(billing.provider)) {
		return false;
	}
	price_find(p, model, billing.provider, &s);
	bool by_provider = billing.provider.len > 0 && !s.other_provider;
	if (s.outcome != PRICE_FOUND || s.mapped.len > 0 || (s.by_median && !by_provider)) {
		return false;
	}
	return !p->built_in || by_provider || !may_be_open(model, &s);
}

struct text prices_currency(const struct prices *p) {
	for (size_t i = 1; i < p->model_count; i++) {
		if (!text_eq(p->models[i].currency, p->models[0].currency)) {
			return T("");
		}
	}
	return p->model_count > 0 ? p->models[0].currency : T("");
}
