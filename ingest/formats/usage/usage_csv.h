/* usage_csv.h: rows of exports as CSV with a header; private to formats/usage/. */
#ifndef INGEST_FORMATS_USAGE_CSV_H
#define INGEST_FORMATS_USAGE_CSV_H

#include "ingest/formats/csv.h"
#include "ingest/formats/usage/rows.h"

#define USAGE_METADATA_BYTES 16384
#define USAGE_KEPT_BYTES 4096

/* A row for each kind of tokens. */
#define KINDS_COLUMNS 5
struct usage_kinds {
	bool on, any; /* the file is such an export; there are sums */
	size_t column[KINDS_COLUMNS];
	char group[3][96];   /* day, model and key of the sums */
	int64_t sums[4];     /* by kind */
	char figures[4][24]; /* as texts */
};

struct usage_csv {
	struct usage_kinds kinds;
	bool has_header;
	char delimiter;
	size_t columns;
	unsigned char meaning[CSV_COLUMNS_MAX], word[CSV_COLUMNS_MAX];
	char metadata[USAGE_METADATA_BYTES];
	/* a row over several lines, as a prompt in quotes has them */
	bool open;              /* a quote is not closed yet */
	size_t done;            /* columns read so far, with the open one */
	struct row_cells cells; /* their values, in `kept` */
	char kept[USAGE_KEPT_BYTES];
	char names[USAGE_KEPT_BYTES]; /* without doubled quotes */
};

enum parse_result usage_csv_line(struct parser *p, struct usage_csv *s, struct text line, int64_t stamp_ns, struct record *out);
/* At the end of the file: a row that is not complete. */
enum parse_result usage_csv_end(struct parser *p, struct usage_csv *s, struct record *out);
/* usage_kinds.c */
bool usage_kinds_header(struct usage_kinds *k, const struct text *fields, size_t count);
enum parse_result usage_kinds_row(struct parser *p, struct usage_kinds *k, const struct text *fields, struct record *out);
enum parse_result usage_kinds_end(struct parser *p, struct usage_kinds *k, struct record *out);
int usage_csv_bid(struct text line);

#endif
