#include "attribute/split/gauging.h"

#include <math.h>

#include "core/instant.h"

#define MOST_SHARE 0.99 /* prefill's part of a window in which tokens are made */
#define LEAST_SHARE 1e-4 /* minimum of a day's lesser phase, to which errors are relative */

/* A day's rows and gauges depend on that day alone, which is what the book reads for it. */
static void begin_day(struct pass *pass, struct gauging *g, int64_t at_ns) {
	int64_t day_ns = instant_floor(at_ns, NS_PER_DAY), running = g->now.running,
		context_tokens = g->now.context_tokens;
	bool first = !g->began;

	if (!first && day_ns == g->day_ns) {
		return;
	}
	struct fit_key key = pass_fit_key(pass, pass->summary->model, at_ns);
	g->known = fits_proportions(pass->fits, &key);
	g->day_ns = day_ns;
	g->began = true;
	gauges_forget(&g->now);
	if (!first && pass->purpose == PASS_POST) {
		g->now.running = running;
		g->now.context_tokens = context_tokens;
	}
}

bool gauging_window(struct pass *pass, struct gauging *g, const struct window_item *i, struct gauged_window *out) {
	begin_day(pass, g, i->head.at_ns);
	g->before = g->now;
	gauges_note(&g->now, i, g->known);
	return gauged_window(i, pass->pool ? pass->pool->role : ROLE_MIXED, &g->before, &g->now, g->known, out);
}

void gauging_break(struct gauging *g) {
	if (g->began) {
		g->now.running = g->now.context_tokens = UNKNOWN;
	}
}

void gauging_split(const struct pass *pass, const struct gauged_model *m, const struct gauged_window *c,
		   int64_t room_ns, struct gauged_split *out) {
	enum role role = pass->pool ? pass->pool->role : ROLE_MIXED;
	double busy = gauged_ns(m, c) / c->length_ns, share = gauged_share(m, c, pass->common->options->rule);

	out->throughout = c->throughout || busy >= 1;
	out->busy_ns = out->throughout ? room_ns : (int64_t)((double)room_ns * busy);
	out->share = role == ROLE_PREFILL  ? 1
		     : role == ROLE_DECODE ? 0
		     : c->output_rate > 0  ? fmin(MOST_SHARE, share)
					   : 1;
}

/* The uncertainty of the fit is relative to the lesser phase of the day; that of the form, to that of each window. */
void gauging_spread(struct pass *pass, const struct gauged_model *m, const struct gauged_split *s, int64_t prefill_ns,
		    int64_t decode_ns) {
	double lesser_ns = (double)(prefill_ns < decode_ns ? prefill_ns : decode_ns), split = 0,
	       time = s->throughout ? 0 : m->time_sd;

	if (lesser_ns > 0) {
		double of_day = m->share < 0.5 ? m->share : 1 - m->share,
		       of_window = (double)(m->share < 0.5 ? prefill_ns : decode_ns);
		double fit = of_day > LEAST_SHARE ? m->share_sd / of_day * of_window
						  : m->share_sd * ((double)prefill_ns + (double)decode_ns);
		split = hypot(fit, m->form_sd * lesser_ns);
	}
	accounts_spread(&pass->accounts, GRADE_D, hypot(split, time * (double)prefill_ns),
			hypot(split, time * (double)decode_ns));
}
