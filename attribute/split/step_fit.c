#include "attribute/split/step_fit.h"

bool step_is_empty(const struct step_item *s) {
	return (s->flags & STEP_DUMMY) != 0 || (s->prefill_tokens == 0 && s->decode_tokens == 0);
}

bool step_fit(const struct flight *f, const struct step_item *s, struct fit_step *out) {
	struct known_batch k = batch_of_step(f, s);

	*out = (struct fit_step){k.batch, s->duration_ns, k.attention_known, k.context_known};
	return !step_is_empty(s) && (s->flags & STEP_MIXED_RECOMPUTE) == 0 && s->duration_ns > 0;
}
