#include "attribute/adopted.h"

#include "attribute/evidence/twice.h"
#include "core/exact.h"

static void find_twice(const struct evidence *e, const struct names *names, struct quality *quality) {
	size_t count;
	const struct twice_pair *pair = evidence_twice(e, &count);

	for (size_t i = 0; i < count; i++, pair++) {
		const char *x = names_text(names, pair->name).at, *y = names_text(names, pair->other).at;
		quality_finding(quality, "counted-twice", y, "--different", QUALITY_NO_AMOUNT,
		                "%s reports requests that %s reports, too (%zu of %zu that were compared), under other ids: %s; remove one of the logs, or resolve "
		                "it with --different %s=%s", y, x, pair->both, pair->of, pair->dropped ? "only those of the latter are counted" : "they are counted twice", x, y);
	}
}

void adopted_check(const struct evidence *e, const struct names *names, struct quality *quality) {
	find_twice(e, names, quality);
	if (evidence_adopted_apart(e)) {
		quality_finding(quality, "clock", NULL, "--log-zone", QUALITY_NO_AMOUNT,
		                "all requests of gateways lie before or after the records of the only server, which they are counted with: the date or zone of one "
		                "of the logs is wrong (--log-year, --log-zone), or another server handled them: then give them its name, with \"replica\"");
	}
}

void adopted_beyond(const struct replicas *replicas, struct names *names, struct quality *quality) {
	const struct replica_summary *r = NULL;

	while ((r = replicas_next(replicas, r))) {
		const int64_t count[2] = {r->beyond_request_ntok, r->beyond_step_ntok};
		if (r->adopted > 0 && r->beyond_request_ntok > 0) {
			const char *name = names_text(names, r->replica).at;
			quality_finding_counted(quality, "identity", name, NULL, count,
			                        "%s: the requests of gateways have " QUALITY_A " output tokens after their first ones, its steps made " QUALITY_B
			                        ": other servers handled some of these requests, which are counted here: give the logs of all servers together", name);
		}
	}
}

/* So long without a record, and so many times the days with records: more likely a wrong date than a server that idles. */
#define PAUSE_DAYS 30
#define PAUSE_TIMES 10

void pauses_check(const struct replicas *replicas, const struct fleet *fleet, struct names *names, struct quality *quality) {
	const struct replica_summary *r = NULL;

	while (replicas && (r = replicas_next(replicas, r))) {
		const struct pool *pool = fleet_pool_of(fleet, names, r->replica, r->model);
		if (r->pause_days < PAUSE_DAYS || r->pause_days < PAUSE_TIMES * r->active_days || !pool || pool->uptime_count > 0) {
			continue;
		}
		const char *name = names_text(names, r->replica).at;
		quality_finding(quality, "clock", name, "--log-year", QUALITY_NO_AMOUNT,
		                "%s has records on %lld %s, and none for %lld days in between, which are paid for as idle: if a log has the wrong year or date, "
		                "correct it (--log-year), else give the pool's uptime in the fleet file", name, (long long)r->active_days,
		                r->active_days == 1 ? "day" : "days", (long long)r->pause_days);
	}
}
