#include "ingest/bytes/gzip_member.h"

int gzip_bid(struct text head) {
	return text_starts(head, T("\x1f\x8b")) ? 2 : 0;
}

const char *gzip_between(unsigned char **in, unsigned *in_len, bool *begins) {
	while (*in_len > 0 && **in == 0) {
		++*in;
		--*in_len;
	}
	*begins = *in_len > 0 && **in == 0x1f;
	return *in_len > 0 && !*begins ? "trailing junk after gzip data" : NULL;
}
