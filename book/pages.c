#include "book/pages.h"

#include <stdlib.h>
#include <string.h>

bool pages_asked(const struct pages_settings *s) {
	return s->versus.count > 0 || s->energy || s->grid;
}

static bool has_place(const char *format) {
	return strcmp(format, "table") == 0 || strcmp(format, "json") == 0;
}

int pages_check(const struct book_settings *set, const struct pages_settings *s, struct fault *why) {
	if (!pages_asked(s) || has_place(set->format) || set->output) {
		return 0;
	}
	return fault_set(why, ERROR_CONFIG, "--%s prints a separate page after the statement; expected --format table "
					    "or json, or -o FILE",
	                 s->energy || s->grid ? "energy" : "versus-estimate");
}

/* ---- from the fleet file ---- */

static bool cards_of(void *pages, name_id replica, name_id model, int64_t at_ns, struct estimate_cards *out) {
	const struct pages *p = pages;

	return settings_cards_of(p->fleet, p->names, replica, model, at_ns, out);
}

static const struct modelspec *described(void *pages, name_id model, name_id gpu, int64_t gpus) {
	const struct pages *p = pages;

	return fleet_description_of(p->fleet, model, gpu, gpus);
}

static void site_of(void *pages, name_id pool, int64_t *pue_nano, int64_t *per_kwh_nano) {
	const struct pages *p = pages;

	fleet_site_of(p->fleet, pool, pue_nano, per_kwh_nano);
}

/* ---- creation ---- */

static int start_versus(struct pages *p, unsigned lanes, struct fault *why) {
	const struct list *given = &p->settings->versus;
	size_t count = 0;

	p->models = must_calloc(given->count, sizeof *p->models);
	for (size_t i = 0; i < given->count; i++) {
		if (strcmp(given->at[i], "fleet") != 0) {
			p->models[count++] = given->at[i];
		}
	}
	if (count < given->count && fleet_description_count(p->fleet) == 0) {
		return fault_set(why, ERROR_CONFIG, "--versus-estimate fleet: no pool of the fleet file has a \"description\" of its model, expected one, or FILE");
	}
	p->versus = versus_new(&(struct versus_options){.names = p->names, .models = p->models, .model_count = count, .lanes = lanes,
	                                                .cards_of = cards_of, .catalogue_path = p->settings->cards ? p->settings->cards : fleet_cards(p->fleet), .described = described, .context = p}, why);
	return p->versus ? 0 : ERROR_CONFIG;
}

int pages_start(struct pages *p, const struct pages_settings *s, struct names *names, const struct fleet *fleet, unsigned lanes,
                int64_t from_ns, int64_t to_ns, struct fault *why) {
	*p = (struct pages){.settings = s, .names = names, .fleet = fleet, .from_ns = from_ns, .to_ns = to_ns};
	if (s->energy || s->grid) {
		p->energy = energy_page_new(&(struct energy_page_options){.names = names, .site_of = site_of, .context = p,
		                                                          .currency = fleet_currency(fleet), .grid = s->grid}, why);
		if (!p->energy) {
			return ERROR_CONFIG;
		}
	}
	p->roof = s->versus.count == 0 && fleet_description_count(p->fleet) > 0;
	return s->versus.count > 0 || p->roof ? start_versus(p, lanes, why) : 0;
}

void pages_release(struct pages *p) {
	versus_free(p->versus);
	energy_page_free(p->energy);
	free(p->models);
	*p = (struct pages){0};
}

/* ---- input ---- */

void pages_add_record(struct pages *p, unsigned lane, const struct record *r) {
	if (p->versus && r->kind == RECORD_STEP && r->step.start_ns >= p->from_ns && r->step.start_ns < p->to_ns) {
		versus_add_record(p->versus, lane, r);
	}
}

int pages_add_entry(void *pages, const struct entry *e) {
	struct pages *p = pages;
	int rc = p->versus && !p->roof ? versus_add_entry(p->versus, e) : 0;

	return rc == 0 && p->energy ? energy_page_add_entry(p->energy, e) : rc;
}

int pages_add_model(void *pages, const struct fitted_model *m) {
	struct pages *p = pages;

	return p->versus ? versus_add_model(p->versus, m) : 0;
}

/* ---- output ---- */

static void print_versus(const void *pages, FILE *out) {
	const struct pages *p = pages;

	versus_print(p->versus, p->currency, out);
}
static void json_versus(const void *pages, FILE *out) {
	versus_json(((const struct pages *)pages)->versus, out);
}
static void print_energy(const void *pages, FILE *out) {
	energy_page_print(((const struct pages *)pages)->energy, out);
}
static void json_energy(const void *pages, FILE *out) {
	energy_page_json(((const struct pages *)pages)->energy, out);
}

int pages_attach(struct pages *p, struct statement *s, const char *currency, struct fault *why) {
	int err = p->versus && !p->roof ? versus_settle(p->versus, why) : 0;

	p->currency = currency;
	if (!err && p->energy) {
		statement_attach(s, &(struct statement_page){"energy", p, print_energy, json_energy});
	}
	if (!err && p->versus) {
		versus_draw_roof(p->versus, s);
	}
	if (!err && p->versus && !p->roof) {
		statement_attach(s, &(struct statement_page){"versus_estimate", p, print_versus, json_versus});
	}
	return err;
}

void pages_print(const struct pages *p, const struct book_settings *set, FILE *out) {
	if (!has_place(set->format) && p->energy) {
		print_energy(p, out);
	}
	if (!has_place(set->format) && p->versus && !p->roof) {
		print_versus(p, out);
	}
}
