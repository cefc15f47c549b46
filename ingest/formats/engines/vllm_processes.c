/*
 * vllm_processes.c: several servers that write to one log, by the process ids of their labels.
 *
 * (EngineCore_DP0 pid=17) INFO …
 * (EngineCore_DP0 pid=4711) INFO …
 * (ServeReplica:app:LLMServer pid=4711, ip=10.0.0.5) INFO …
 *
 * A process that takes the place of another one is a restart. Two that log by turns are two servers: the second one's
 * records are named "NAME#2".
 */
#include "ingest/formats/engines/vllm.h"
#include "ingest/formats/logger_line.h"

/* A restarted server has no step or statistics so soon after the last ones: it loads the model first. */
#define RESTART_MIN_NS (5 * NS_PER_SECOND)

static struct process *find(struct processes *all, int64_t pid, bool former) {
	for (size_t i = 0; i < all->count; i++) {
		if (pid == (former ? all->at[i].former_pid : all->at[i].pid)) {
			return &all->at[i];
		}
	}
	return NULL;
}

/* Another server; NULL: too many. */
static struct process *add(struct parser *p, struct processes *all, int64_t pid, int64_t beside_pid) {
	if (all->count == SERVERS_MAX) {
		return NULL;
	}
	struct process *one = &all->at[all->count++];
	*one = (struct process){.pid = pid};
	if (all->count > 1) {
		quality_assume(p->quality, p->replica.at, NULL, "--replica", NULL,
		               "%.*s: the processes %lld and %lld log at the same time: they are separate servers, the second one is named %.*s#%zu",
		               TEXT_ARG(p->replica), (long long)actor_pid(beside_pid), (long long)actor_pid(pid), TEXT_ARG(p->replica), all->count);
	}
	return one;
}

/* The process that logged nothing for the longest time. */
static struct process *oldest(struct processes *all) {
	struct process *found = &all->at[0];

	for (size_t i = 1; i < all->count; i++) {
		found = all->at[i].seen < found->seen ? &all->at[i] : found;
	}
	return found;
}

/* A process that did not log before; `work_ns`: of a step or of statistics, else UNKNOWN. */
static struct process *begin(struct parser *p, struct processes *all, int64_t pid, int64_t work_ns) {
	struct process *before = all->count > 0 ? oldest(all) : NULL;
	int64_t pause_ns;

	if (!before) {
		return add(p, all, pid, 0);
	}
	bool pause = work_ns != UNKNOWN && before->work_ns != 0 && !__builtin_sub_overflow(work_ns, before->work_ns, &pause_ns);
	if (pause && pause_ns < RESTART_MIN_NS) {
		return add(p, all, pid, before->pid);
	}
	*before = (struct process){.pid = pid, .former_pid = before->pid};
	return before;
}

/* A process that seemed to have ended logs again: the one in its place is another server. */
static struct process *come_back(struct parser *p, struct processes *all, struct process *one) {
	struct process other = *one;

	*one = (struct process){.pid = other.former_pid, .work_ns = other.work_ns};
	struct process *moved = add(p, all, other.pid, one->pid);
	if (moved) {
		moved->work_ns = other.work_ns;
	}
	return one;
}

const char *vllm_note_process(struct parser *p, struct logged *l, int64_t work_ns) {
	struct vllm *v = p->state;
	int64_t number = l->is_core ? l->engine : l->api_server;
	size_t role = (size_t)(l->is_core ? number : ENGINES_MAX + number);

	if (l->pid <= 0 || number < 0 || number >= (l->is_core ? ENGINES_MAX : API_SERVERS_MAX)) {
		return NULL;
	}
	struct processes *all = &v->processes[role];
	struct process *one = find(all, l->pid, false);
	if (!one) {
		one = find(all, l->pid, true);
		one = one ? come_back(p, all, one) : begin(p, all, l->pid, work_ns);
	}
	if (!one) {
		return work_ns == UNKNOWN ? NULL : "too many servers in one log";
	}
	one->seen = ++v->process_lines;
	one->work_ns = work_ns != UNKNOWN ? work_ns : one->work_ns;
	l->server = one - all->at;
	return NULL;
}
