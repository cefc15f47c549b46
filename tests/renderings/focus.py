"""Rules of FOCUS 1.2 to 1.4 that can be checked in one file.

Each rule is named after its column in https://github.com/FinOps-Open-Cost-and-Usage-Spec/FOCUS_Spec (v1.2,
specification/columns and specification/attributes). Rules that need an invoice, a price list or an earlier
period are not checked.
"""
import csv
import datetime
import decimal
import json
import re

D = decimal.Decimal
# Column, may it be null, its type: of the mandatory columns, and of those that apply here.
MANDATORY = {
    "BilledCost": (False, "number"), "BillingAccountId": (False, "text"), "BillingAccountName": (True, "text"),
    "BillingCurrency": (False, "currency"), "BillingPeriodEnd": (False, "time"), "BillingPeriodStart": (False, "time"),
    "ChargeCategory": (False, "text"), "ChargeClass": (True, "text"), "ChargeDescription": (True, "text"),
    "ChargePeriodEnd": (False, "time"), "ChargePeriodStart": (False, "time"), "ContractedCost": (False, "number"),
    "EffectiveCost": (False, "number"), "InvoiceIssuerName": (False, "text"), "ListCost": (False, "number"),
    "PricingQuantity": (True, "number"), "PricingUnit": (True, "text"), "ProviderName": (False, "text"),
    "PublisherName": (False, "text"), "ServiceCategory": (False, "text"), "ServiceName": (False, "text"),
}
OTHERS = {
    "AvailabilityZone": (True, "text"), "ChargeFrequency": (False, "text"), "ConsumedQuantity": (True, "number"),
    "ConsumedUnit": (True, "text"), "ContractedUnitPrice": (True, "number"), "InvoiceId": (True, "text"),
    "ListUnitPrice": (True, "number"), "PricingCategory": (True, "text"), "RegionId": (True, "text"),
    "RegionName": (True, "text"), "ResourceId": (True, "text"), "ResourceName": (True, "text"),
    "ResourceType": (True, "text"), "ServiceSubcategory": (False, "text"), "SkuId": (True, "text"),
    "SkuMeter": (True, "text"), "SkuPriceDetails": (True, "object"), "SkuPriceId": (True, "text"),
    "SubAccountId": (True, "text"), "SubAccountName": (True, "text"), "SubAccountType": (True, "text"),
    "Tags": (True, "object"),
}
# Conditional columns with a condition that holds: usage is measured, list prices and SKUs exist, tenants and models do.
APPLY = ("ConsumedQuantity", "ConsumedUnit", "ListUnitPrice", "ResourceId", "ResourceName", "ResourceType", "SkuId", "SkuMeter",
         "SkuPriceId", "SkuPriceDetails", "SubAccountId", "SubAccountName", "Tags")
# Columns that 1.3 added and 1.4 removed: the provider is named as that of the service and of the host.
NEWER = {"ServiceProviderName": (False, "text"), "HostProviderName": (True, "text")}
ALLOCATED = {"AllocatedMethodId": (True, "text"), "AllocatedMethodDetails": (True, "text"), "AllocatedResourceId": (True, "text"),
             "AllocatedResourceName": (True, "text"), "AllocatedTags": (True, "object"), "ContractApplied": (True, "text")}
GONE = ("ProviderName", "PublisherName")


def columns_of(version):
    mandatory = {k: v for k, v in MANDATORY.items() if version != "1.4" or k not in GONE}
    others = dict(OTHERS)
    if version != "1.2":
        mandatory.update(NEWER)
        others.update(ALLOCATED)
    return mandatory, others


NUMBER = re.compile(r"-?\d+(\.\d+)?(E-?\d+)?")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
TIME_UNITS = ("Year", "Month", "Day", "Hour", "Minute", "Second")
UNIT = re.compile(r"(\d+ )?[A-Z][A-Za-z]*s?(-(%s)s)?" % "|".join(TIME_UNITS))
CATEGORIES = ("AI and Machine Learning", "Analytics", "Business Applications", "Compute", "Databases", "Developer Tools",
              "Multicloud", "Identity", "Integration", "Internet of Things", "Management and Governance", "Media", "Migration",
              "Mobile", "Networking", "Security", "Storage", "Web", "Other")
SUBCATEGORIES = ("AI Platforms", "Bots", "Generative AI", "Machine Learning", "Natural Language Processing",
                 "Other (AI and Machine Learning)")
PLACEHOLDERS = ("n/a", "na", "null", "none", "not applicable", "-")


def check_columns(columns, version):
    mandatory, others = columns_of(version)
    known = {**mandatory, **others}
    for column in mandatory:
        if column not in columns:
            yield f"{column} MUST be present"
    for column in APPLY:
        if column not in columns:
            yield f"{column} MUST be present, as its condition holds"
    for column in columns:
        if column not in known and not column.startswith("x_"):
            yield f"{column} is not a column of FOCUS: custom columns MUST be prefixed with x_"
        if not re.fullmatch(r"(x_)?([A-Z][a-z0-9]*)+", column) or len(column) > 50:
            yield f"{column} MUST be in Pascal case, and SHOULD NOT exceed 50 characters"
    if len(set(columns)) != len(columns):
        yield "a column is there twice"


def check_object(text):
    try:
        pairs = json.loads(text, object_pairs_hook=lambda p: p)
    except ValueError:
        return "MUST be a serialized JSON object"
    if not isinstance(pairs, list):
        return "MUST be a JSON object"
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        return "keys MUST be unique"
    if any(isinstance(value, (list, dict)) for _, value in pairs):
        return "values MUST NOT be an object or an array"
    return None


def check_cell(column, nullable, kind, text):
    if text == "":
        return None if nullable else "MUST NOT be null"
    if text.strip() == "" or text.strip().lower() in PLACEHOLDERS:
        return f"MUST NOT use the placeholder {text!r}"
    if kind == "number" and not NUMBER.fullmatch(text):
        return f"MUST be a number, not {text!r}"
    if kind == "time" and not TIME.fullmatch(text):
        return f"MUST be YYYY-MM-DDTHH:mm:ssZ, not {text!r}"
    if kind == "currency" and not re.fullmatch("[A-Z]{3}", text):
        return f"MUST be a code of ISO 4217, not {text!r}"
    return check_object(text) if kind == "object" else None


def near(product, cost):
    """Costs are written to the nano-unit."""
    return abs(product - cost) <= D("0.0000000006")


def check_row(row, version):
    mandatory, others = columns_of(version)
    known = {**mandatory, **others}
    for column, text in row.items():
        if column in known:
            fault = check_cell(column, *known[column], text)
            if fault:
                yield f"{column} {fault}"
    usage = row["ChargeCategory"] in ("Usage", "Purchase")
    correction = row["ChargeClass"] == "Correction"
    null = lambda column: row.get(column, "") == ""
    rules = [
        (row["ChargeCategory"] in ("Usage", "Purchase", "Tax", "Credit", "Adjustment"), "ChargeCategory: allowed values"),
        (null("ChargeClass") or correction, "ChargeClass MUST be Correction when not null"),
        (row["ChargeFrequency"] in ("One-Time", "Recurring", "Usage-Based"), "ChargeFrequency: allowed values"),
        (not (row["ChargeFrequency"] == "Usage-Based" and row["ChargeCategory"] == "Purchase"), "ChargeFrequency of a Purchase"),
        (not null("ChargeDescription"), "ChargeDescription SHOULD NOT be null"),
        (row["ServiceCategory"] in CATEGORIES, "ServiceCategory: allowed values"),
        (row["ServiceSubcategory"] in SUBCATEGORIES or row["ServiceCategory"] != "AI and Machine Learning", "ServiceSubcategory"),
        (row["PricingCategory"] in ("Standard", "Dynamic", "Committed", "Other"), "PricingCategory: allowed values"),
        (null("ConsumedQuantity") == (row["ChargeCategory"] != "Usage"), "ConsumedQuantity of usage, and of nothing else"),
        (null("ConsumedUnit") == null("ConsumedQuantity"), "ConsumedUnit goes with ConsumedQuantity"),
        (null("PricingUnit") == null("PricingQuantity"), "PricingUnit goes with PricingQuantity"),
        (UNIT.fullmatch(row["ConsumedUnit"]), "ConsumedUnit SHOULD conform to UnitFormat"),
        (UNIT.fullmatch(row["PricingUnit"]), "PricingUnit SHOULD conform to UnitFormat"),
        (null("ResourceType") == null("ResourceId"), "ResourceType goes with ResourceId"),
        (not null("ResourceId") or null("ResourceName"), "ResourceName MUST be null when ResourceId is"),
        (null("ResourceName") or row["ResourceName"] != row["ResourceId"], "ResourceName MUST NOT duplicate ResourceId"),
        (null("SubAccountName") == null("SubAccountId"), "SubAccountName goes with SubAccountId"),
        (null("SkuMeter") == null("SkuId"), "SkuMeter goes with SkuId"),
        (null("SkuPriceDetails") or not null("SkuPriceId"), "SkuPriceDetails MUST be null when SkuPriceId is"),
    ]
    if version != "1.2":
        rules.append((null("AllocatedMethodDetails") or not null("AllocatedMethodId"), "AllocatedMethodDetails goes with AllocatedMethodId"))
        elements = json.loads(row["AllocatedMethodDetails"] or '{"Elements": []}')["Elements"]
        rules.append((all(0 <= e["AllocatedRatio"] <= 1 or correction for e in elements), "AllocatedRatio MUST be a ratio"))
    if usage and not correction:
        for column in ("PricingQuantity", "PricingCategory", "SkuId", "SkuPriceId", "ListUnitPrice"):
            rules.append((not null(column), f"{column} MUST NOT be null for usage"))
    if not null("ListUnitPrice"):
        rules.append((D(row["ListUnitPrice"]) >= 0, "ListUnitPrice MUST be non-negative"))
        rules.append((near(D(row["ListUnitPrice"]) * D(row["PricingQuantity"]), D(row["ListCost"])),
                      f"ListUnitPrice x PricingQuantity MUST match ListCost {row['ListCost']}"))
    details = json.loads(row["SkuPriceDetails"] or "{}")
    rules.append((all(key.startswith("x_") for key in details), "SkuPriceDetails: keys MUST begin with x_"))
    low, high = row["x_EffectiveCostLow"], row["x_EffectiveCostHigh"]
    rules.append(((low == "") == (high == "") == (row["ConsumedUnit"] != "Tokens" or correction), "an interval for tokens, and nothing else"))
    if low and high:
        # unit costs are written to the nano-unit per million tokens; each hour of a row is rounded to a nano-unit
        slack = D("0.00000002") + D(row["ConsumedQuantity"]) / 10**15
        rules.append((D(low) - slack <= D(row["EffectiveCost"]) <= D(high) + slack, f"the cost lies outside its interval {low} to {high}"))
    tags = json.loads(row["Tags"] or "{}")
    rules.append((all(key.startswith("tollbook/") for key in tags), "Tags: keys MUST have the provider's prefix"))
    for ok, rule in rules:
        if not ok:
            yield rule
    moments = [datetime.datetime.fromisoformat(row[c][:-1]) for c in
               ("BillingPeriodStart", "ChargePeriodStart", "ChargePeriodEnd", "BillingPeriodEnd")]
    if correction: # of what an earlier billing period was charged for
        moments = [moments[1], moments[2], moments[0], moments[3]]
    if moments != sorted(moments) or moments[0] == moments[3]:
        yield "the charge period MUST lie within the billing period"


def check_across(rows):
    parents, categories, periods = {}, {}, set()
    for row in rows:
        if row["ChargeClass"] == "Correction":
            continue # several differences may be of the same thing and time
        if parents.setdefault(row["SkuPriceId"], row["SkuId"]) != row["SkuId"]:
            yield f"SkuPriceId {row['SkuPriceId']} MUST have one SkuId"
        if categories.setdefault(row["ServiceName"], (row["ServiceCategory"], row["ServiceSubcategory"])) != (
                row["ServiceCategory"], row["ServiceSubcategory"]):
            yield f"ServiceName {row['ServiceName']} MUST have one ServiceCategory"
        key = tuple(row[c] for c in ("SkuId", "SubAccountId", "ResourceId", "ChargePeriodStart", "ConsumedUnit"))
        if key in periods:
            yield f"two charges for the same thing and time: {key}"
        periods.add(key)
    if len({row["BillingCurrency"] for row in rows}) > 1:
        yield "one currency in one file"


def check_focus(path, statement, version="1.2"):
    """All faults of a file, which is also compared with the statement in JSON."""
    everything = list(csv.DictReader(path.open(newline="", encoding="utf-8")))
    rows = [row for row in everything if row["ChargeClass"] != "Correction"]
    faults = list(check_columns(list(everything[0]), version))
    for number, row in enumerate(everything, 2):
        faults += [f"line {number}: {fault}" for fault in check_row(row, version)]
    faults += check_across(rows)
    cost = statement["total"]["cost"]
    if sum(D(row["BilledCost"]) for row in rows) != D(cost["capacity"]):
        faults.append("the sum of BilledCost is not the capacity's cost")
    adjusted = sum(D(a["cost"] or 0) for a in statement.get("adjustments", []))
    if sum(D(row["BilledCost"]) for row in everything) != D(cost["capacity"]) + adjusted:
        faults.append("the sum of all BilledCost is not the capacity's cost and its adjustments")
    if sum(D(row["EffectiveCost"]) for row in rows) != sum(D(row["BilledCost"]) for row in rows):
        faults.append("EffectiveCost does not match BilledCost")
    for meter, part in (("Output Tokens", "decode"), ("Idle GPU Time", "idle"), ("Unobserved GPU Time", "unobserved")):
        if sum(D(row["BilledCost"]) for row in rows if row["SkuMeter"] == meter) != D(cost[part]):
            faults.append(f"the sum of {meter} is not the cost of {part}")
    tokens = statement["total"]["tokens"]
    consumed = sum(int(row["ConsumedQuantity"]) for row in rows if row["SkuMeter"] == "Output Tokens" and row["ConsumedUnit"] == "Tokens")
    if consumed != tokens["output"]:
        faults.append("the output tokens are not those of the statement")
    for model in statement["models"]:
        if model["list"] and model["model"].isascii():
            mine = [row for row in rows if row["ResourceId"] == model["model"] and row["ConsumedUnit"] == "Tokens"]
            off = abs(sum(D(row["ListCost"]) for row in mine) - D(model["list"]["revenue"]))
            # list prices are written to the nano-unit per million tokens
            if off > D(len(mine)) * D("0.000000001") + sum(D(row["ConsumedQuantity"]) for row in mine) / 10**15:
                faults.append(f"ListCost of {model['model']} is off its revenue by {off}")
    return [f"focus: {fault}" for fault in faults]
