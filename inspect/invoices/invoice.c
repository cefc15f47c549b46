#include "inspect/invoices/invoice.h"

#include <stdlib.h>

#include "core/exact.h"
#include "core/files/files.h"
#include "core/instant.h"
#include "core/json.h"
#include "inspect/invoices/families.h"
#include "inspect/invoices/figures.h"
#include "inspect/invoices/instances.h"
#include "ledger/ledger.h"

#define MAP_MAX ((size_t)1024 * 1024)

const char *const charge_class_names[CHARGE_CLASSES] = {"usage",      "discount", "tax",     "credit", "refund",
                                                        "commitment", "storage",  "network", "fee",    "other services"};

/* Columns of each role, the best first; -1 ends them. */
struct roles {
	int at[ROLES][ROLE_COLUMNS_MAX + 1];
};

struct reading {
	struct invoice *out;
	struct sheet *s;
	const struct family *family;
	struct roles roles;
	struct figure_style style;
	const char *path;
	size_t row;
	int64_t step_ns; /* of starts without ends: the least distance between two */
	struct fault *why;
};

static int wrong(const struct reading *r, const char *what) {
	return fault_set(r->why, ERROR_CONFIG, "%s:%d: %s", r->path, r->s->lines[r->row], what);
}

/* ---- roles of columns ---- */

static void find_role(struct reading *r, enum role role, const char *names) {
	struct text rest = text_of(names ? names : ""), name;
	int count = 0;
	bool more = rest.len > 0;

	while (more && count < ROLE_COLUMNS_MAX) {
		more = text_until(&rest, T(" "), &name);
		int column = sheet_column(r->s, more ? name : rest);
		if (column >= 0) {
			r->roles.at[role][count++] = column;
		}
	}
	r->roles.at[role][count] = -1;
}

static int set_pool_column(struct reading *r, const char *name) {
	int column = sheet_find(r->s, text_of(name));

	if (column < 0) {
		return fault_set(r->why, ERROR_CONFIG, "%s: no column or member %s, expected one of those in the file", r->path, name);
	}
	r->roles.at[ROLE_POOL][0] = column;
	r->roles.at[ROLE_POOL][1] = -1;
	return 0;
}

static enum role role_named(struct text name) {
	char plain[64], own[64];
	size_t len = sheet_plain(name, plain, sizeof plain);

	for (int i = 0; i < ROLES; i++) {
		size_t n = sheet_plain(text_of(role_names[i]), own, sizeof own);
		if (n == len && memcmp(plain, own, n) == 0) {
			return (enum role)i;
		}
	}
	return ROLES;
}

/* One pair of the map, either way round: "amount = Net cost" or "Net cost = amount". */
static int map_column(struct reading *r, struct text a, struct text b) {
	int column = sheet_find(r->s, b);
	enum role role = role_named(a);

	if (role == ROLES || column < 0) {
		int other = sheet_find(r->s, a);
		bool turned = other >= 0 && role_named(b) != ROLES; /* else a name that both have would hide an error in the other */
		role = turned ? role_named(b) : role;
		column = turned ? other : column;
	}
	if (role == ROLES || column < 0) {
		return fault_set(r->why, ERROR_CONFIG, "--columns: %.*s = %.*s: %s", TEXT_ARG(a), TEXT_ARG(b),
		                 role == ROLES ? "expected period, start, end, pool, gpu_hours, quantity, unit, gpus, amount, effective, "
		                                 "currency, category, service, instance_type or model before the ="
		                               : "the invoice has no such column");
	}
	r->roles.at[role][0] = column;
	r->roles.at[role][1] = -1;
	return 0;
}

static int read_map_json(struct reading *r, struct text bytes) {
	struct json *j = json_new();
	size_t bad = 0;
	int rc = json_parse(j, bytes, &bad) && json_type(j, 0) == JSON_OBJECT
	             ? 0
	             : fault_set(r->why, ERROR_CONFIG, "--columns: invalid JSON, expected {\"amount\": \"Net cost\", …}");

	for (json_at v = rc == 0 ? json_first(j, 0) : JSON_ABSENT; v != JSON_ABSENT && rc == 0; v = json_next(j, v)) {
		rc = map_column(r, json_key(j, v), json_raw(j, v));
	}
	json_free(j);
	return rc;
}

static int read_map_lines(struct reading *r, struct text bytes) {
	int rc = 0;

	while (rc == 0 && bytes.len > 0) {
		struct text line, name;
		if (!text_until(&bytes, T("\n"), &line)) {
			line = bytes;
			bytes = T("");
		}
		line = text_trim(line);
		if (line.len == 0 || line.at[0] == '#') {
			continue;
		}
		bool split = text_until(&line, T("="), &name) || text_until(&line, T(":"), &name) || text_until(&line, T(","), &name);
		rc = split ? map_column(r, text_trim(name), text_trim(line))
		           : fault_set(r->why, ERROR_CONFIG, "--columns: %.*s, expected NAME = COLUMN", TEXT_ARG(line));
	}
	return rc;
}

static int read_map(struct reading *r, const char *path) {
	struct text bytes;
	int rc = file_read(path, MAP_MAX, &bytes, r->why);

	if (rc < 0) {
		return ERROR_CONFIG;
	}
	struct text start = text_trim(bytes);
	rc = text_starts(start, T("{")) ? read_map_json(r, bytes) : read_map_lines(r, bytes);
	free((char *)(uintptr_t)bytes.at);
	return rc;
}

static const struct family mapped = {.name = "columns as mapped", .needs = "", .unit = "hours", .own_pools = true};

static int find_roles(struct reading *r, const struct invoice_options *o) {
	r->family = family_of(r->s);
	if (!r->family && !o->columns) {
		r->row = 0;
		return fault_set(r->why, ERROR_CONFIG,
		                 "%s:1: not the header of a known invoice, expected period,pool,gpu_hours,amount, the columns of FOCUS or of "
		                 "a cloud's export, or --columns FILE", r->path);
	}
	r->family = r->family ? r->family : &mapped;
	for (int i = 0; i < ROLES; i++) {
		find_role(r, (enum role)i, r->family->columns[i]);
	}
	int rc = o->columns ? read_map(r, o->columns) : 0;
	rc = rc == 0 && o->pool_column ? set_pool_column(r, o->pool_column) : rc;
	if (rc == 0 && (r->roles.at[ROLE_AMOUNT][0] < 0 || (r->roles.at[ROLE_PERIOD][0] < 0 && r->roles.at[ROLE_START][0] < 0))) {
		rc = fault_set(r->why, ERROR_CONFIG, "%s:1: no column of an amount, or of a period or start, expected --columns FILE that names both",
		               r->path);
	}
	return rc;
}

/* The first column of the role that has a value in the row. */
static struct text field(const struct reading *r, enum role role) {
	for (const int *at = r->roles.at[role]; *at >= 0; at++) {
		struct text t = sheet_cell(r->s, r->row, *at);
		if (t.len > 0) {
			return t;
		}
	}
	return T("");
}

/* ---- properties of the whole file ---- */

static void learn_style(struct reading *r) {
	for (r->row = 0; r->row < r->s->row_count; r->row++) {
		figure_learn_date(field(r, ROLE_START), &r->style);
		figure_learn_date(field(r, ROLE_END), &r->style);
		if (r->s->delimiter == ';' || r->s->delimiter == '\t') {
			figure_learn_amount(field(r, ROLE_AMOUNT), &r->style);
			figure_learn_amount(field(r, ROLE_GPU_HOURS), &r->style);
		}
	}
}

/* The distance of starts, if lines have no end: hours, days, weeks or months. */
static void learn_step(struct reading *r) {
	int64_t *starts = must_alloc((r->s->row_count + 1) * sizeof *starts), least_ns = NS_PER_DAY;
	size_t count = 0;
	bool is_date, any = false;

	for (r->row = 0; r->row < r->s->row_count; r->row++) {
		count += figure_instant(field(r, ROLE_START), &r->style, &starts[count], &is_date);
	}
	qsort(starts, count, sizeof *starts, exact_order_at);
	for (size_t i = 1; i < count; i++) {
		int64_t gap_ns = starts[i] - starts[i - 1];
		if (gap_ns > 0 && (!any || gap_ns < least_ns)) {
			least_ns = gap_ns;
			any = true;
		}
	}
	bool at_midnight = count > 0 && starts[0] % NS_PER_DAY == 0;
	r->step_ns = least_ns >= NS_PER_DAY && at_midnight ? NS_PER_DAY : least_ns < NS_PER_HOUR ? least_ns : NS_PER_HOUR;
	r->step_ns = !any && !at_midnight ? NS_PER_HOUR : r->step_ns;
	free(starts);
}

/* ---- a line ---- */

static bool take_range(struct text t, const struct figure_style *style, struct invoice_line *l) {
	struct text from;
	bool a, b;

	if (ledger_period_parse(t, &l->from_ns, &l->to_ns)) {
		return true;
	}
	if (text_until(&t, T("/"), &from) && figure_instant(from, style, &l->from_ns, &a) && figure_instant(t, style, &l->to_ns, &b)) {
		return l->from_ns < l->to_ns;
	}
	return false;
}

/*
 * An end in the last second of a minute is the start of the next; an end without a time before or at the start is
 * its day.
 */
static int64_t end_of(int64_t from_ns, int64_t to_ns, bool is_date) {
	if (to_ns < from_ns || (to_ns == from_ns && !is_date)) {
		return to_ns;
	}
	if (to_ns == from_ns) {
		return from_ns + NS_PER_DAY;
	}
	int64_t past_ns = to_ns % (60 * NS_PER_SECOND);
	return past_ns >= 59 * NS_PER_SECOND ? to_ns - past_ns + 60 * NS_PER_SECOND : to_ns;
}

static bool take_period(const struct reading *r, struct invoice_line *l) {
	struct text period = field(r, ROLE_PERIOD), end = field(r, ROLE_END);
	bool is_date, end_is_date;

	if (period.len > 0 && take_range(period, &r->style, l)) {
		return true;
	}
	if (!figure_instant(field(r, ROLE_START), &r->style, &l->from_ns, &is_date)) {
		return false;
	}
	if (end.len == 0) {
		l->to_ns = l->from_ns + (is_date ? NS_PER_DAY : r->step_ns);
		return true;
	}
	if (!figure_instant(end, &r->style, &l->to_ns, &end_is_date)) {
		return false;
	}
	l->to_ns = end_of(l->from_ns, l->to_ns, end_is_date);
	return l->from_ns < l->to_ns;
}

/* Is one of the words in the plain text? */
static bool says(struct text t, const char *words) {
	char plain[512];
	struct text text = {plain, sheet_plain(t, plain, sizeof plain)}, rest = text_of(words), word;
	bool more = true;

	while (more) {
		more = text_until(&rest, T(" "), &word);
		if (text_find(text, more ? word : rest) != SIZE_MAX) {
			return true;
		}
	}
	return false;
}

static bool what_says(const struct reading *r, enum role role, const char *words) {
	for (const int *at = r->roles.at[role]; *at >= 0; at++) {
		if (says(sheet_cell(r->s, r->row, *at), words)) {
			return true;
		}
	}
	return false;
}

/* By the words of ChargeCategory, LineItemType, ChargeType, cost_type and the like. The first row that matches counts. */
static const struct {
	const char *words;
	enum charge_class class;
} categories[] = {
	{"tax vat", CHARGE_TAX},
	{"savingsplannegation edpdiscount privateratediscount bundleddiscount discountonusage", CHARGE_DISCOUNT},
	{"refund", CHARGE_REFUND},
	{"credit promotion voucher", CHARGE_CREDIT},
	{"purchase rifee upfrontfee recurringfee commitment unusedreservation unusedsavingsplan payment prepaid", CHARGE_COMMITMENT},
	{"adjustment correction roundingerror", CHARGE_FEE},
};

/* From the words of services and products, for usage of other things than GPUs. */
static const struct {
	const char *words;
	enum charge_class class;
} services[] = {
	{"tax vat mwst", CHARGE_TAX},
	{"storage ebs snapshot s3 blob filestore persistentdisk disk pdcapacity hyperdisk bucket volume filesystem", CHARGE_STORAGE},
	{"egress datatransfer bandwidth networking natgateway ipaddress publicip loadbalanc vpn", CHARGE_NETWORK},
	{"credit", CHARGE_CREDIT},
	{"refund", CHARGE_REFUND},
	{"support fee", CHARGE_FEE},
};

static enum charge_class class_of_category(struct text category) {
	if (text_eq_nocase(category, T("fee"))) {
		return CHARGE_COMMITMENT;
	}
	for (size_t i = 0; i < sizeof categories / sizeof *categories && category.len > 0; i++) {
		if (says(category, categories[i].words)) {
			return categories[i].class;
		}
	}
	return CHARGE_USAGE;
}

static enum charge_class class_of_service(const struct reading *r) {
	for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
		if (what_says(r, ROLE_SERVICE, services[i].words)) {
			return services[i].class;
		}
	}
	return CHARGE_USAGE;
}

static int64_t gpus_of(const struct reading *r) {
	int64_t gpus = -1, nano;

	for (const int *at = r->roles.at[ROLE_GPUS]; *at >= 0 && gpus < 0; at++) {
		struct text t = sheet_cell(r->s, r->row, *at);
		if (t.len > 0 && figure_amount(t, &r->style, &nano) && nano % NANO == 0 && nano > 0) {
			gpus = nano / NANO;
		}
	}
	for (const int *at = r->roles.at[ROLE_WHAT]; *at >= 0 && gpus < 0; at++) {
		gpus = instance_gpus(sheet_cell(r->s, r->row, *at));
	}
	return gpus;
}

/* Nanoseconds of a unit; 0: it is not a time. "10 Hours" are ten. */
static int64_t unit_ns(struct text unit) {
	static const struct {
		const char *word;
		int64_t ns;
	} units[] = {{"millisecond", 1000000}, {"second", NS_PER_SECOND}, {"minute", 60 * NS_PER_SECOND}, {"hour", NS_PER_HOUR},
	             {"hrs", NS_PER_HOUR},     {"hr", NS_PER_HOUR},       {"hours", NS_PER_HOUR}};
	int64_t many = 1;
	struct text rest = text_trim(unit);

	if (says(unit, "gb gib byte gigabyte month token request")) {
		return 0;
	}
	many = text_take_i64(&rest, &many) && many > 0 && many <= 100000 ? many : 1;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (says(unit, units[i].word)) {
			return many * units[i].ns;
		}
	}
	return text_eq_nocase(rest, T("h")) ? many * NS_PER_HOUR : text_eq_nocase(rest, T("s")) ? many * NS_PER_SECOND : 0;
}

/* Hours that a line takes back are negative. */
static bool times(int64_t nano, int64_t ns, int64_t *out) {
	return exact_mul_div(nano, ns, NANO, out) && *out != HOURS_UNKNOWN;
}

/* Google bills GPUs by the piece, on whatever machine: "Nvidia H100 80GB GPU running in Americas", "… GPU attached to Spot VMs". */
static bool is_of_one_gpu(const struct reading *r) {
	return what_says(r, ROLE_SERVICE, "gpurunning gpuattached");
}

/* Hours of instances, times their GPUs; doubtful if the number is not known. */
static bool take_quantity(const struct reading *r, enum role quantity, enum role unit, struct invoice_line *l, int64_t gpus) {
	struct text amount = field(r, quantity), name = field(r, unit);
	int64_t nano, ns;

	name = name.len == 0 && r->family->unit && quantity == ROLE_QUANTITY ? text_of(r->family->unit) : name;
	ns = unit_ns(name);
	if (amount.len == 0 || ns == 0 || !figure_amount(amount, &r->style, &nano) || !times(nano, ns, &l->gpu_ns)) {
		return false;
	}
	bool of_gpus = says(name, "gpu") || is_of_one_gpu(r);
	if (!of_gpus && gpus > 1) {
		return !__builtin_mul_overflow(l->gpu_ns, gpus, &l->gpu_ns);
	}
	l->hours_doubtful = !of_gpus && gpus < 0;
	return true;
}

/* Google bills cores and memory of a machine separately from its GPUs: their hours are not GPU-hours. */
static bool is_of_parts(const struct reading *r) {
	/* Azure's additional information has "VCPUs" for every machine */
	return what_says(r, ROLE_SERVICE, "instancecore instanceram vcpu") || what_says(r, ROLE_WHAT, "instancecore instanceram");
}

static bool take_hours(const struct reading *r, struct invoice_line *l) {
	struct text direct = field(r, ROLE_GPU_HOURS);
	int64_t nano, gpus = gpus_of(r);

	l->gpu_ns = HOURS_UNKNOWN;
	if (direct.len > 0) {
		return figure_amount(direct, &r->style, &nano) && times(nano, NS_PER_HOUR, &l->gpu_ns);
	}
	if (gpus == 0 || is_of_parts(r)) {
		return true; /* an instance without GPUs, or its cores and memory */
	}
	if (!take_quantity(r, ROLE_QUANTITY, ROLE_UNIT, l, gpus) && !take_quantity(r, ROLE_QUANTITY2, ROLE_UNIT2, l, gpus)) {
		l->gpu_ns = HOURS_UNKNOWN;
		l->hours_doubtful = false;
	}
	return true;
}

/* The sum of "amount" over a list of objects in a cell. */
static bool add_credits(struct text list, const struct figure_style *style, int64_t *nano) {
	struct json *j = json_new();
	size_t bad = 0;
	bool ok = list.len == 0 || (json_parse(j, list, &bad) && json_type(j, 0) == JSON_ARRAY);

	for (json_at v = ok && list.len > 0 ? json_first(j, 0) : JSON_ABSENT; v != JSON_ABSENT && ok; v = json_next(j, v)) {
		json_at amount = json_type(j, v) == JSON_OBJECT ? json_get(j, v, T("amount")) : JSON_ABSENT;
		int64_t one = 0;
		ok = amount != JSON_ABSENT && figure_amount(json_raw(j, amount), style, &one) && exact_add(nano, one);
	}
	json_free(j);
	return ok;
}

static bool take_amount(const struct reading *r, struct text t, int64_t *nano) {
	if (!figure_amount(t, &r->style, nano)) {
		return false;
	}
	*nano = r->family->in_cents ? (int64_t)exact_div(*nano, 100) : *nano;
	return true;
}

/* The value of prepaid usage: AWS has it in separate columns. */
static bool take_effective(const struct reading *r, struct text category, struct invoice_line *l, int64_t *nano) {
	struct text t = field(r, ROLE_EFFECTIVE);

	*nano = l->amount_nano;
	if (r->roles.at[ROLE_CATEGORY][0] >= 0 && says(category, "savingsplannegation savingsplanupfrontfee savingsplanrecurringfee rifee")) {
		*nano = 0;
		return true;
	}
	bool covered = category.len == 0 || says(category, "covered discountedusage") || !says(text_of(r->family->name), "aws");
	return t.len == 0 || !covered || take_amount(r, t, nano);
}

static void classify_line(const struct reading *r, struct invoice_line *l) {
	struct text category = field(r, ROLE_CATEGORY);

	l->class = class_of_category(category);
	if (l->class == CHARGE_USAGE && (l->gpu_ns == HOURS_UNKNOWN || l->hours_doubtful)) {
		l->class = class_of_service(r);
		l->gpu_ns = l->class == CHARGE_USAGE ? l->gpu_ns : HOURS_UNKNOWN;
	}
	if (l->class == CHARGE_USAGE && gpus_of(r) == 0) {
		l->class = CHARGE_OTHER;
	}
	if (l->class != CHARGE_USAGE) {
		l->gpu_ns = HOURS_UNKNOWN;
		l->hours_doubtful = false;
	}
}

static int take_line(struct reading *r) {
	struct invoice_line l = {.line = r->s->lines[r->row], .row = r->row};
	struct text amount = field(r, ROLE_AMOUNT);

	if (amount.len == 0 && field(r, ROLE_EFFECTIVE).len == 0) {
		return 0; /* nothing is charged */
	}
	if (!take_hours(r, &l)) {
		return wrong(r, "the hours are not a number, expected such as 744.5");
	}
	if (!take_amount(r, amount.len > 0 ? amount : field(r, ROLE_EFFECTIVE), &l.amount_nano) ||
	    !add_credits(field(r, ROLE_CREDITS), &r->style, &l.amount_nano)) {
		return wrong(r, "the amount is not a number, expected such as 1234.56");
	}
	classify_line(r, &l);
	if (!take_period(r, &l)) {
		return sheet_is_sum(r->s, r->row) ? 0 : wrong(r, "no period, expected 2026-10, 2026-10-07, FROM/TO, or a start and an end");
	}
	l.billed_nano = l.amount_nano;
	l.pool = text_copy(field(r, ROLE_POOL));
	struct text currency = field(r, ROLE_CURRENCY);
	l.currency = text_copy(currency.len > 0 ? currency : figure_currency(amount, r->s->names[r->roles.at[ROLE_AMOUNT][0]]));
	l.model = text_copy(field(r, ROLE_MODEL));
	r->out->at = must_realloc(r->out->at, (r->out->count + 1) * sizeof *r->out->at);
	r->out->at[r->out->count++] = l;
	return 0;
}

/* Usage billed at 0 was paid in advance: its effective cost is its part of the prepayment. */
static bool is_prepaid(const struct reading *r) {
	const struct invoice *in = r->out;
	int64_t effective;

	for (size_t i = 0; i < in->count; i++) {
		struct reading at = *r;
		at.row = in->at[i].row;
		struct invoice_line l = in->at[i];
		bool covered = at.roles.at[ROLE_CATEGORY][0] >= 0 && says(field(&at, ROLE_CATEGORY), "savingsplancovered");
		bool used = l.class == CHARGE_USAGE && (l.billed_nano == 0 || covered);
		if (used && take_effective(&at, field(&at, ROLE_CATEGORY), &l, &effective) && effective != 0) {
			return true;
		}
	}
	return false;
}

static int use_effective(struct reading *r) {
	for (size_t i = 0; i < r->out->count; i++) {
		struct invoice_line *l = &r->out->at[i];
		int64_t nano = 0;
		r->row = l->row;
		if (!take_effective(r, field(r, ROLE_CATEGORY), l, &nano)) {
			return wrong(r, "the effective cost is not a number, expected such as 1234.56");
		}
		l->amount_nano = nano;
	}
	r->out->effective = true;
	return 0;
}

int invoice_read(struct invoice *out, const char *path, const struct invoice_options *o, struct fault *why) {
	struct sheet *s = must_calloc(1, sizeof *s);
	struct reading r = {.out = out, .s = s, .path = path, .why = why};
	int rc = sheet_read(s, path, why);

	*out = (struct invoice){.sheet = s};
	rc = rc < 0 ? rc : find_roles(&r, o);
	out->family = r.family;
	if (rc == 0) {
		learn_style(&r);
		learn_step(&r);
	}
	for (r.row = 0; rc == 0 && r.row < s->row_count; r.row++) {
		rc = take_line(&r);
	}
	if (rc == 0 && out->count == 0) {
		rc = fault_set(why, ERROR_CONFIG, "%s: no lines, expected those of an invoice", path);
	}
	if (rc == 0 && r.roles.at[ROLE_EFFECTIVE][0] >= 0 && (o->cost == COST_EFFECTIVE || (o->cost == COST_AUTO && is_prepaid(&r)))) {
		rc = use_effective(&r);
	}
	out->pool_column = o->pool_column ? text_copy(text_of(o->pool_column)) : NULL;
	if (rc < 0) {
		invoice_release(out);
	}
	return rc;
}

void invoice_set_pools(struct invoice *in, int column) {
	for (size_t i = 0; i < in->count; i++) {
		free(in->at[i].pool);
		in->at[i].pool = text_copy(sheet_cell(in->sheet, in->at[i].row, column));
	}
	free(in->pool_column);
	in->pool_column = text_copy(in->sheet->names[column]);
}

void invoice_release(struct invoice *i) {
	for (size_t k = 0; k < i->count; k++) {
		free(i->at[k].pool);
		free(i->at[k].currency);
		free(i->at[k].model);
	}
	free(i->at);
	free(i->pool_column);
	if (i->sheet) {
		sheet_release(i->sheet);
		free(i->sheet);
	}
	*i = (struct invoice){0};
}
