/* zone.h: time zones from the system's tz database (TZif, RFC 8536), without global state. */
#ifndef CORE_ZONE_H
#define CORE_ZONE_H

#include "core/error.h"
#include "core/instant.h"

struct zone;

/*
 * Opens a zone by name ("Europe/Berlin", "UTC") or as a fixed offset ("+02:00"). The
 * caller frees. NULL with the fault set if there is no such zone. Names that could
 * leave the database folder ("..", a leading '/') are refused.
 */
struct zone *zone_new(struct text name, struct fault *why);
void zone_free(struct zone *z);
/* As it was opened. */
const char *zone_name(const struct zone *z);

/* Seconds east of UTC at an instant. NULL is UTC. */
int zone_offset_s(const struct zone *z, int64_t ns);

/*
 * The instant of a civil time in the zone. In an hour that occurs twice the earlier one is used, in one that does not
 * exist the offset before the gap applies; `ambiguous` (may be NULL) reports both. False if out of range.
 */
bool zone_to_instant(const struct zone *z, const struct civil *c, int64_t *ns, bool *ambiguous);

/* The instant at which the local day (or month) of `ns` begins. */
int64_t zone_day_start(const struct zone *z, int64_t ns);
int64_t zone_month_start(const struct zone *z, int64_t ns);

#endif
