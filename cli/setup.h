/*
 * setup.h: from what the command line says to what the stages take.
 *
 * Each returns 0; or the exit status, after it has said what is wrong and what to do next.
 */
#ifndef CLI_SETUP_H
#define CLI_SETUP_H

#include "cli/cli.h"
#include "ingest/ingest.h"

/* --fleet and --gpu-hour; one of them is needed. The caller frees. */
int setup_fleet(struct run *r, struct names *names, struct fleet **out);

/* The rule of this name; false: there is none. */
bool setup_rule(struct run *r, const char *name);

/* What a replica runs on, as estimates ask for it; false: no pool matches. */
bool setup_cards_of(const struct fleet *f, struct names *names, name_id replica, name_id model, int64_t at_ns,
                    struct estimate_cards *out);

/* --prices and --list; NULL if none is given. The caller frees. */
int setup_prices(struct run *r, struct prices **out);

/* The zone of an option ("tz", "log-zone"); NULL if it was not given. The caller frees. */
int setup_zone(struct run *r, const char *option, const char *name, struct zone **out);

/* --from and --to, bare dates in `tz`; the ends of time where they are not given. */
int setup_period(struct run *r, const struct zone *tz, int64_t *from_ns, int64_t *to_ns);

/* --tenant-key-file; NULL if it was not given. Warns where others can read it. The caller frees. */
int setup_tenant_key(struct run *r, struct tenant_key **out);

/* What the options say about logs and how to read them. */
struct logs {
	struct ingest_source *sources;
	struct zone *zone;
	struct ingest_patterns *patterns;
	struct tenant_key *tenant_key;
	struct ingest_options options;
};
/* The operands are the LOGs; at least one is needed. */
int setup_logs(struct run *r, struct logs *out);
void logs_release(struct logs *l);

/*
 * Can the files that the work will end with be written (-o, --quarantine, --requests, --model-report)? Asked
 * before it begins, not after hours.
 */
int setup_outputs(struct run *r);

/* How a statement is rendered here: colour and width by where it goes. */
struct rendering_options setup_rendering(const struct run *r);

/* Renders to -o or standard output. */
int write_statement(struct run *r, const struct statement *s);

#endif
