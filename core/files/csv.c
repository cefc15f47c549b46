#include "core/files/csv.h"

#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/terminal.h"

static bool is_number(const char *s) {
	s += *s == '-';
	size_t whole = strspn(s, "0123456789");
	const char *rest = s + whole;

	if (whole > 0 && *rest == '.') {
		rest++;
		rest += strspn(rest, "0123456789");
	}
	return whole > 0 && *rest == '\0';
}

bool csv_is_formula(const char *s) {
	return *s != '\0' && strchr("=+-@", *s) && s[1] != '\0' && !is_number(s);
}

void csv_put_text(FILE *out, struct text t) {
	size_t size = 12 * t.len + 1;
	char *safe = must_alloc(size);

	printable(t, safe, size);
	bool formula = csv_is_formula(safe), quote = formula || strpbrk(safe, "\",") != NULL;
	fputs(formula ? "\"'" : quote ? "\"" : "", out);
	for (const char *c = safe; *c; c++) {
		fputs(*c == '"' ? "\"\"" : (char[]){*c, '\0'}, out);
	}
	fputs(quote ? "\"" : "", out);
	free(safe);
}
