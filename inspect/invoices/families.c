#include "inspect/invoices/families.h"

const char *const role_names[ROLES] = {
	[ROLE_PERIOD] = "period",       [ROLE_START] = "start",         [ROLE_END] = "end",
	[ROLE_POOL] = "pool",           [ROLE_GPU_HOURS] = "gpu_hours", [ROLE_QUANTITY] = "quantity",
	[ROLE_UNIT] = "unit",           [ROLE_QUANTITY2] = "quantity2", [ROLE_UNIT2] = "unit2",
	[ROLE_GPUS] = "gpus",           [ROLE_AMOUNT] = "amount",       [ROLE_EFFECTIVE] = "effective",
	[ROLE_CREDITS] = "credits",     [ROLE_CURRENCY] = "currency",   [ROLE_CATEGORY] = "category",
	[ROLE_SERVICE] = "service",     [ROLE_WHAT] = "instance_type",  [ROLE_MODEL] = "model",
};

/*
 * Sources: the FOCUS specification 1.0 to 1.4; AWS, "Data Exports: CUR 2.0 table dictionary", and the legacy report,
 * with the same names except for case and signs; Google Cloud, "Structure of Standard / Detailed data export";
 * Microsoft, "Understand cost details fields" (enterprise agreement, customer agreement, pay-as-you-go; actual and
 * amortised cost); Oracle, "Cost and usage reports"; OpenAI, "Costs" and the dashboard's export; Anthropic, "Get cost
 * report" and the console's export; RunPod, "Pod billing history"; Modal, "billing report"; Vast.ai, "show invoices".
 */
static const struct family families[] = {
	{.name = "tollbook's own format",
	 .needs = "period amount",
	 .own_pools = true,
	 .columns = {[ROLE_PERIOD] = "period", [ROLE_POOL] = "pool", [ROLE_GPU_HOURS] = "gpuhours", [ROLE_QUANTITY] = "hours",
	             [ROLE_AMOUNT] = "amount", [ROLE_CURRENCY] = "currency", [ROLE_CATEGORY] = "category", [ROLE_GPUS] = "gpus",
	             [ROLE_WHAT] = "instancetype"},
	 .unit = "hours"},
	{.name = "FOCUS",
	 .needs = "billedcost|effectivecost chargeperiodstart chargeperiodend",
	 .columns = {[ROLE_START] = "chargeperiodstart", [ROLE_END] = "chargeperiodend",
	             [ROLE_POOL] = "resourcename resourceid subaccountname", [ROLE_QUANTITY] = "consumedquantity",
	             [ROLE_UNIT] = "consumedunit", [ROLE_QUANTITY2] = "pricingquantity", [ROLE_UNIT2] = "pricingunit",
	             [ROLE_AMOUNT] = "billedcost effectivecost", [ROLE_EFFECTIVE] = "effectivecost", [ROLE_CURRENCY] = "billingcurrency",
	             [ROLE_CATEGORY] = "chargecategory", [ROLE_SERVICE] = "servicecategory servicesubcategory servicename skumeter",
	             [ROLE_WHAT] = "skupricedetails xinstancetype xskumeter skumeter xusagetype chargedescription skuid skupriceid",
	             [ROLE_GPUS] = "skupricedetailsgpucount xgpucount"}},
	{.name = "AWS cost and usage report",
	 .needs = "lineitemusagestartdate lineitemunblendedcost",
	 .columns = {[ROLE_START] = "lineitemusagestartdate", [ROLE_END] = "lineitemusageenddate", [ROLE_POOL] = "lineitemresourceid",
	             [ROLE_QUANTITY] = "lineitemusageamount", [ROLE_UNIT] = "pricingunit", [ROLE_AMOUNT] = "lineitemunblendedcost",
	             [ROLE_EFFECTIVE] = "savingsplansavingsplaneffectivecost reservationeffectivecost",
	             [ROLE_CURRENCY] = "lineitemcurrencycode", [ROLE_CATEGORY] = "lineitemlineitemtype",
	             [ROLE_SERVICE] = "productproductfamily lineitemusagetype lineitemoperation lineitemproductcode",
	             [ROLE_WHAT] = "productinstancetype product lineitemusagetype lineitemlineitemdescription",
	             [ROLE_GPUS] = "productgpu"}},
	{.name = "Google Cloud billing export",
	 .needs = "usagestarttime cost",
	 .columns = {[ROLE_START] = "usagestarttime", [ROLE_END] = "usageendtime", [ROLE_POOL] = "projectid projectname",
	             [ROLE_QUANTITY] = "usageamountinpricingunits", [ROLE_UNIT] = "usagepricingunit", [ROLE_QUANTITY2] = "usageamount",
	             [ROLE_UNIT2] = "usageunit", [ROLE_AMOUNT] = "cost", [ROLE_CREDITS] = "credits", [ROLE_CURRENCY] = "currency",
	             [ROLE_CATEGORY] = "costtype", [ROLE_SERVICE] = "skudescription servicedescription",
	             [ROLE_WHAT] = "systemlabelscomputegoogleapiscommachinespec systemlabels skudescription"}},
	{.name = "Azure cost details",
	 .needs = "date|usagedate|usagedatetime costinbillingcurrency|pretaxcost|cost|paygcostinbillingcurrency metercategory|metername",
	 .columns = {[ROLE_START] = "date usagedate usagedatetime",
	             [ROLE_POOL] = "resourcegroup resourcegroupname resourcename resourceid instanceid", [ROLE_QUANTITY] = "quantity usagequantity consumedquantity",
	             [ROLE_UNIT] = "unitofmeasure", [ROLE_AMOUNT] = "costinbillingcurrency pretaxcost cost paygcostinbillingcurrency",
	             [ROLE_CURRENCY] = "billingcurrencycode billingcurrency currency currencycode", [ROLE_CATEGORY] = "chargetype",
	             [ROLE_SERVICE] = "metercategory metersubcategory consumedservice servicefamily",
	             [ROLE_WHAT] = "additionalinfo metername productname product meterdetails"}},
	{.name = "Oracle Cloud cost report",
	 .needs = "lineitemintervalusagestart costmycost",
	 .columns = {[ROLE_START] = "lineitemintervalusagestart", [ROLE_END] = "lineitemintervalusageend",
	             [ROLE_POOL] = "productcompartmentname productresourceid productcompartmentid", [ROLE_QUANTITY] = "usagebilledquantity",
	             [ROLE_UNIT] = "costbillingunitreadable costskuunitdescription", [ROLE_AMOUNT] = "costmycost", [ROLE_CURRENCY] = "costcurrencycode",
	             [ROLE_SERVICE] = "productdescription productservice productresource",
	             [ROLE_WHAT] = "productdescription productresource costproductsku"}},
	{.name = "OpenAI costs",
	 .needs = "amountvalue starttime",
	 .of_tokens = true,
	 .columns = {[ROLE_START] = "starttime", [ROLE_END] = "endtime", [ROLE_AMOUNT] = "amountvalue",
	             [ROLE_CURRENCY] = "amountcurrency", [ROLE_MODEL] = "lineitem", [ROLE_POOL] = "projectname projectid"}},
	{.name = "Anthropic cost report",
	 .needs = "startingat amount",
	 .of_tokens = true,
	 .in_cents = true,
	 .columns = {[ROLE_START] = "startingat", [ROLE_END] = "endingat", [ROLE_AMOUNT] = "amount", [ROLE_CURRENCY] = "currency",
	             [ROLE_MODEL] = "model description costtype", [ROLE_POOL] = "workspaceid"}},
	{.name = "Anthropic console's cost export",
	 .needs = "usagedateutc costusd",
	 .of_tokens = true,
	 .columns = {[ROLE_START] = "usagedateutc", [ROLE_AMOUNT] = "costusd", [ROLE_MODEL] = "model usagetype", [ROLE_POOL] = "workspace"}},
	{.name = "DeepSeek's cost export",
	 .needs = "utcdate cost",
	 .of_tokens = true,
	 .columns = {[ROLE_START] = "utcdate", [ROLE_AMOUNT] = "cost", [ROLE_CURRENCY] = "currency", [ROLE_MODEL] = "model", [ROLE_POOL] = "apikeyname"}},
	{.name = "RunPod billing history",
	 .needs = "timebilledms amount",
	 .columns = {[ROLE_START] = "time starttime", [ROLE_END] = "endtime", [ROLE_POOL] = "podid endpointid", [ROLE_QUANTITY] = "timebilledms",
	             [ROLE_AMOUNT] = "amount", [ROLE_WHAT] = "gputypeid gpuid", [ROLE_GPUS] = "gpucount"},
	 .unit = "milliseconds"},
	{.name = "Modal billing report",
	 .needs = "intervalstart cost",
	 .columns = {[ROLE_START] = "intervalstart", [ROLE_END] = "intervalend", [ROLE_POOL] = "description environmentname environment objectid",
	             [ROLE_AMOUNT] = "cost"}},
	{.name = "Vast.ai charges",
	 .needs = "timestamp|start amount type description",
	 .columns = {[ROLE_START] = "start timestamp", [ROLE_END] = "end", [ROLE_POOL] = "source machineid instanceid",
	             [ROLE_QUANTITY] = "quantity", [ROLE_AMOUNT] = "amount", [ROLE_CATEGORY] = "type",
	             [ROLE_SERVICE] = "description", [ROLE_WHAT] = "description", [ROLE_GPUS] = "numgpus"},
	 .unit = "hours"},
	/* Lambda, Together and others with plain column names. */
	{.name = "CSV with plain column names",
	 .needs = "start|starttime|startdate|startedat|started|usagestart|usagestartdate|usagestarttime|periodstart|billingperiodstart|from|begin|date|day|usagedate|"
	          "timestamp|period|month|datum|monat "
	          "amount|cost|total|totalcost|charge|netamount|amountusd|costusd|totalusd|usd|linetotal|subtotal|price|netcost|spend|totalprice|betrag|betrageur|amounteur|costeur|totaleur",
	 .columns = {[ROLE_PERIOD] = "period month monat",
	             [ROLE_START] = "start starttime startdate startedat started usagestart usagestartdate usagestarttime periodstart billingperiodstart from begin date day "
	                            "usagedate timestamp datum",
	             [ROLE_END] = "end endtime enddate endedat ended usageend usageenddate usageendtime periodend billingperiodend to",
	             [ROLE_POOL] = "pool project projectname cluster clustername team resourcename resource instancename name label tag instanceid instance id",
	             [ROLE_GPU_HOURS] = "gpuhours gpuhrs totalgpuhours gpustunden",
	             [ROLE_QUANTITY] = "hours instancehours nodehours usagehours hoursused durationhours stunden quantity usage units usagequantity qty",
	             [ROLE_UNIT] = "unit units unitofmeasure usageunit",
	             [ROLE_GPUS] = "gpus gpucount numgpus gpuspernode gpusperinstance",
	             [ROLE_AMOUNT] = "netamount amount amountusd cost costusd netcost totalcost charge total totalusd totalprice linetotal subtotal spend usd price betrag betrageur amounteur costeur totaleur",
	             [ROLE_CURRENCY] = "currency currencycode waehrung",
	             [ROLE_CATEGORY] = "chargetype chargecategory category linetype type",
	             [ROLE_SERVICE] = "product service description lineitem item sku type resourcetype",
	             [ROLE_WHAT] = "instancetype gputype gpu machinetype product sku description lineitem item type resource name",
	             [ROLE_MODEL] = "model modelname"},
	 .unit = "hours"},
};

static bool has_one(const struct sheet *s, struct text names) {
	struct text name;
	bool more = names.len > 0;

	while (more) {
		more = text_until(&names, T("|"), &name);
		if (sheet_column(s, more ? name : names) >= 0) {
			return true;
		}
	}
	return false;
}

static bool meets(const struct sheet *s, const char *needs) {
	struct text rest = text_of(needs), names;
	bool more = true, all = true;

	while (more && all) {
		more = text_until(&rest, T(" "), &names);
		all = has_one(s, more ? names : rest);
	}
	return all;
}

const struct family *family_of(const struct sheet *s) {
	for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
		if (meets(s, families[i].needs)) {
			return &families[i];
		}
	}
	return NULL;
}
