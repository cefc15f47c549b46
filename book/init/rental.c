#include "book/init/rental.h"

#include <string.h>

#define MERCATUS "mercatus-ai.com/blog/cloud-gpu-pricing"
#define SKYPILOT(seller) "list price of " seller ", by the catalogue of SkyPilot, version 7"

static const struct rental rentals[] = {
	{"H100-SXM", "2.95", "1.99", "5.00", "2026-05", "median of 37 sellers, aimultiple.com/gpu-index; range: " MERCATUS},
	{"H200", "3.50", "2.50", "7.00", "2026-05", SKYPILOT("Nebius") "; range: " MERCATUS},
	{"B200", "5.50", NULL, NULL, "2025", SKYPILOT("Nebius")},
	{"A100-SXM-80GB", "1.89", "0.80", "3.00", "2026-05", SKYPILOT("RunPod") "; range: " MERCATUS},
	{"A100-PCIe-80GB", "1.64", NULL, NULL, "2025", SKYPILOT("RunPod")},
	{"A100-SXM-40GB", "1.29", NULL, NULL, "2025", SKYPILOT("Lambda")},
	{"L40S", "1.55", NULL, NULL, "2025", SKYPILOT("Nebius")},
	{"RTX-A6000", "0.80", NULL, NULL, "2025", SKYPILOT("Lambda")},
	{"V100-SXM-16GB", "0.55", NULL, NULL, "2025", SKYPILOT("Lambda")},
};

const struct rental *rental_all(size_t *count) {
	*count = sizeof rentals / sizeof *rentals;
	return rentals;
}

const struct rental *rental_of(const char *gpu) {
	for (size_t i = 0; i < sizeof rentals / sizeof *rentals; i++) {
		if (strcmp(rentals[i].gpu, gpu) == 0) {
			return &rentals[i];
		}
	}
	return NULL;
}
