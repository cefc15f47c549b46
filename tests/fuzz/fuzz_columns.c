/* Any bytes as a file of --columns for an invoice: an error, or an invoice with lines. */
#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "inspect/invoices/invoice.h"
#include "tests/fuzz/fuzz_help.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static const char bill[] = "Tag;Bis;Topf;Stunden;Menge;Einheit;GPUs;Netto;Meta\n"
	                           "01.08.2026;02.08.2026;h100;24,0;24;Hrs;8;\"1.722,24\";\"{\"\"pool\"\": \"\"a\"\", \"\"n\"\": [1]}\"\n"
	                           "02.08.2026;03.08.2026;h100;24,0;24;Hrs;8;(35,88);{}\n";
	char path[64], columns[64];
	int fd = fuzz_file((const uint8_t *)bill, strlen(bill), path), map = fuzz_file(data, size, columns);
	struct invoice in = {0};
	struct fault why = {0};

	if (invoice_read(&in, path, &(struct invoice_options){.columns = columns}, &why) < 0) {
		assert(why.message[0]);
	} else {
		for (size_t i = 0; i < in.count; i++) {
			assert(in.at[i].from_ns < in.at[i].to_ns && (in.at[i].gpu_ns == HOURS_UNKNOWN || in.at[i].class == CHARGE_USAGE));
		}
		invoice_release(&in);
	}
	close(fd);
	close(map);
	return 0;
}
