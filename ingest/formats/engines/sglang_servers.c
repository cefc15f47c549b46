/*
 * sglang_servers.c: several servers that write to one log, by the labels that Ray puts in front of their lines.
 *
 * (SGLangEngine pid=35551) [2025-10-31 03:45:20 TP0] Decode batch [51342], …
 * (SGLangEngine pid=35551, ip=10.15.36.1) [2025-10-31 03:45:20 TP0] Decode batch [51342], …
 */
#include "ingest/formats/engines/sglang.h"
#include "ingest/formats/logger_line.h"

void sglang_names(struct parser *p, int64_t rank, struct record *out) {
	struct sglang *s = p->state;

	out->model = (struct text){s->model, s->model_len};
	out->replica = server_replica(p, (int64_t)s->server, rank, s->replica, sizeof s->replica);
}

bool sglang_take_server(struct parser *p, struct text line) {
	struct sglang *s = p->state;
	struct text label;
	int64_t actor = text_skip(&line, T("(")) && text_until(&line, T(") "), &label) ? actor_process(label) : 0;
	size_t i = 0;

	while (actor != 0 && i < SGLANG_SERVERS_MAX && s->actors[i] != 0 && s->actors[i] != actor) {
		i++;
	}
	if (i == SGLANG_SERVERS_MAX) {
		return false;
	}
	if (actor != 0 && s->actors[i] == 0 && i > 0) {
		quality_assume(p->quality, p->replica.at, NULL, "--replica", NULL, "%.*s: Ray's processes %lld and %lld are separate servers, "
		               "the second one is named %.*s#%zu", TEXT_ARG(p->replica), (long long)actor_pid(s->actors[0]),
		               (long long)actor_pid(actor), TEXT_ARG(p->replica), i + 1);
	}
	s->actors[i] = actor != 0 ? actor : s->actors[i];
	s->server = i;
	return true;
}

void sglang_note_port(struct parser *p, struct text arguments) {
	struct sglang *s = p->state;
	struct text before;
	int64_t port;

	if (s->actors[0] != 0 || !text_until(&arguments, T(", port="), &before) || !text_take_i64(&arguments, &port) || port <= 0) {
		return;
	}
	if (s->port != 0 && s->port != port) {
		quality_finding(p->quality, "several-servers", p->replica.at, "--replica", QUALITY_NO_AMOUNT,
		                "%s: servers with the ports %lld and %lld started in this log: their lines do not show which of them wrote them, and are counted "
		                "as one server's; give each its own log or name, with --replica or \"names\" in the fleet file", p->replica.at,
		                (long long)(s->port < port ? s->port : port), (long long)(s->port < port ? port : s->port));
	}
	s->port = port;
}
