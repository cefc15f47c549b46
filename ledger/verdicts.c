/* verdicts.c: what each day decides, from its records about names of servers, and from price lists about vendors. */
#include "ledger/book.h"

int ledger_verdicts(struct ledger *l, ledger_verdict_sink *sink, void *context, struct fault *why) {
	int rc = ask(l, Q_VERDICTS, NULL, 0, why);

	while (ask_row(l, Q_VERDICTS, &rc, why)) {
		int64_t n[9];
		row_ints(l, Q_VERDICTS, 0, 9, n);
		rc = sink(context, &(struct ledger_verdict){
			.day_ns = n[0], .name = name_here(l, n[1]), .with = name_here(l, n[2]), .decision = n[3], .named = name_here(l, n[4]),
			.step_model = name_here(l, n[5]), .shift_ns = n[6], .held = n[7] != 0, .dropped = n[8] != 0});
	}
	ask_end(l, Q_VERDICTS);
	return rc;
}

int ledger_verdicts_drop(struct ledger *l, int64_t day_ns, struct fault *why) {
	return ask_do(l, Q_VERDICTS_DROP, VALUES(V_INT(day_ns)), why);
}

int ledger_verdict_put(struct ledger *l, const struct ledger_verdict *v, struct fault *why) {
	return ask_do(l, Q_VERDICT_PUT, VALUES(V_INT(v->day_ns), V_NAME(v->name), V_NAME(v->with), V_INT(v->decision), V_NAME(v->named),
	                                       V_NAME(v->step_model), V_INT(v->shift_ns), V_INT(v->held), V_INT(v->dropped)), why);
}

int ledger_dirty_between(struct ledger *l, int64_t after_ns, int64_t before_ns, struct fault *why) {
	return ask_do(l, Q_DIRTY_BETWEEN, VALUES(V_INT(after_ns), V_INT(before_ns)), why);
}

/* ---- who answered requests of gateways ---- */

int ledger_answers(struct ledger *l, int64_t from_ns, int64_t to_ns, ledger_answer_sink *sink, void *context, struct fault *why) {
	int rc = ask(l, Q_ANSWERS, VALUES(V_INT(from_ns), V_INT(to_ns)), why);

	while (ask_row(l, Q_ANSWERS, &rc, why)) {
		int64_t n[3];
		row_ints(l, Q_ANSWERS, 0, 3, n);
		rc = sink(context, &(struct ledger_answer){name_here(l, n[0]), name_here(l, n[1]), n[2] != 0});
	}
	ask_end(l, Q_ANSWERS);
	return rc;
}

int ledger_answers_drop(struct ledger *l, int64_t day_ns, struct fault *why) {
	return ask_do(l, Q_ANSWERS_DROP, VALUES(V_INT(day_ns)), why);
}

int ledger_answer_put(struct ledger *l, int64_t day_ns, const struct ledger_answer *a, struct fault *why) {
	return ask_do(l, Q_ANSWER_PUT, VALUES(V_INT(day_ns), V_NAME(a->model), V_NAME(a->provider), V_INT(a->vendor)), why);
}

int ledger_dirty_answered(struct ledger *l, const struct ledger_answer *a, struct fault *why) {
	return ask_do(l, Q_DIRTY_ANSWERED, VALUES(V_NAME(a->model), V_NAME(a->provider), V_INT(a->vendor)), why);
}
