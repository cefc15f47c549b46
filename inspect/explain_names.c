/* explain_names.c: names, files and clocks of a replica's evidence. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "inspect/explain_private.h"

/* Does the sentence contain the name as a whole? */
static bool mentions(const char *sentence, struct text name) {
	struct text rest = text_of(sentence ? sentence : "");
	size_t at;

	while ((at = text_find(rest, name)) != SIZE_MAX) {
		const char *before = rest.at + at, *behind = before + name.len;
		bool begins = before == sentence || strchr(" =\n", before[-1]), ends = !*behind || strchr(" =:,;\n", *behind);
		if (begins && ends) {
			return true;
		}
		rest = text_cut(rest, at + 1, rest.len);
	}
	return false;
}

static bool concerns(const struct quality_notice *n, struct text name) {
	return mentions(n->field[NOTICE_SUBJECTS], name) || mentions(n->field[NOTICE_VALUE], name) || mentions(n->field[NOTICE_TEXT], name);
}

static int64_t print_notices(const struct quality *q, enum notice_type type, const char *what, struct text name, int64_t shown) {
	size_t count;
	const struct quality_notice *n = quality_notices(q, type, &count);

	for (size_t i = 0; i < count; i++) {
		bool printed = n[i].field[NOTICE_TEXT] && (type == NOTICE_FINDING || !n[i].field[NOTICE_KIND]);
		if (printed && concerns(&n[i], name)) {
			printf("%s  %s: ", shown == 0 ? "\nNames, clocks and GPUs\n" : "", what);
			printable_put(stdout, text_of(n[i].field[NOTICE_TEXT]));
			putchar('\n');
			shown++;
		}
	}
	return shown;
}

struct counting {
	const struct trace *work;
	int64_t records;
};

static int add_span(void *counting, const struct ledger_span *s) {
	struct counting *c = counting;

	c->records += text_eq(names_text(c->work->b->names, s->replica), c->work->q.replica) ? s->records : 0;
	return 0;
}

static int records_of(struct trace *trace, int64_t *records) {
	struct counting c = {trace, 0};
	int rc = ledger_spans(trace->b->ledger, add_span, &c, trace->why);

	*records = c.records;
	return rc;
}

int explain_names(struct trace *trace, struct fault *why) {
	struct quality q;
	int64_t records = 0, shown = 0;
	int rc = records_of(trace, &records);

	quality_init(&q);
	rc = rc < 0 ? rc : ledger_quality_get(trace->b->ledger, INT64_MAX, &q, why);
	if (rc >= 0) {
		putchar('\n');
		printable_put(stdout, trace->q.replica);
		printf(": %" PRId64 " record%s under this name\n", records, PLURAL(records));
		shown = print_notices(&q, NOTICE_ASSUMPTION, "assumed", trace->q.replica, 0);
		shown = print_notices(&q, NOTICE_FINDING, "finding", trace->q.replica, shown);
	}
	quality_release(&q);
	return rc < 0 ? rc : records > 0 || shown > 0;
}

int explain_is_replica(struct trace *trace, struct text name) {
	struct text before = trace->q.replica;
	int64_t records;

	trace->q.replica = name;
	int rc = records_of(trace, &records);
	trace->q.replica = before;
	return rc < 0 ? rc : records > 0;
}
