/* Any bytes as an export of charges: an error that names its place, or lines with valid periods and amounts. */
#include <assert.h>
#include <unistd.h>

#include "inspect/invoices/instances.h"
#include "inspect/invoices/invoice.h"
#include "inspect/invoices/usage_export.h"
#include "tests/fuzz/fuzz_help.h"

static int look(void *context, unsigned lane, const struct record *r, struct fault *why) {
	(void)context, (void)lane, (void)why;
	assert(r->kind == RECORD_WINDOW && r->window.end_ns > r->window.start_ns);
	assert(r->window.input_tokens >= 0 && r->window.output_tokens >= 0);
	return 0;
}

static void read_charges(const char *path, const struct invoice_options *o) {
	struct invoice in = {0};
	struct fault why = {0};

	if (invoice_read(&in, path, o, &why) < 0) {
		assert(why.message[0]);
		return;
	}
	for (size_t i = 0; i < in.count; i++) {
		const struct invoice_line *l = &in.at[i];
		assert(l->from_ns < l->to_ns && l->class < CHARGE_CLASSES && (l->gpu_ns == HOURS_UNKNOWN || l->class == CHARGE_USAGE) && l->line > 0);
		assert(l->pool && l->currency);
		instance_gpus(text_of(l->pool));
	}
	invoice_release(&in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct fault why = {0};
	char path[64];
	int fd = fuzz_file(data, size, path);

	read_charges(path, &(struct invoice_options){.cost = COST_AUTO});
	read_charges(path, &(struct invoice_options){.pool_column = "labels.pool", .cost = COST_EFFECTIVE});
	if (usage_export_is(path)) {
		usage_export_read(path, look, NULL, &why);
	}
	close(fd);
	return 0;
}
