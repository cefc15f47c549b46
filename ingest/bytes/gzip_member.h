/* gzip_member.h: shared by both gzip filters: a file of members (RFC 1952, 2.2); private to ingest/. */
#ifndef INGEST_GZIP_MEMBER_H
#define INGEST_GZIP_MEMBER_H

#include "core/text.h"

/* A filter's bid for a file that begins like this. */
int gzip_bid(struct text head);

/*
 * Between two members: skips zeros, which are padding (tapes, block devices). `*begins`: the byte after them begins a
 * member. Anything else is junk, which zlib's own gz* calls would hide: returns the reason, else NULL.
 */
const char *gzip_between(unsigned char **in, unsigned *in_len, bool *begins);

#endif
