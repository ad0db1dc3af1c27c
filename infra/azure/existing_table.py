"""Compares an Auth0Logs_CL that is there with the columns of our rows.

usage: existing_table.py columns.bicep <table.json   (as `az monitor log-analytics workspace table show` prints it)
Prints the columns that it has beside ours, as JSON for the parameter extraColumns; says the rest on standard error.
Ends 0 where the table is ours already, 3 where somebody else made it, 1 where it cannot take our rows.
"""

import json
import re
import sys

RESERVED = {
    "_ItemId", "_ResourceGroup", "_ResourceId", "_SubscriptionId", "_TimeReceived", "BilledSize", "InvalidTimeGenerated",
    "IsBillable", "ManagementGroupName", "MG", "SourceSystem", "TenantId", "Title", "Type", "UniqueId", "id",
}  # fmt: skip


def our_columns(path):
    """Name and type, in the words of a table, lower case."""
    with open(path, encoding="utf-8") as file:
        _, _, text = file.read().partition("var auth0LogsColumns column[] = [")
    own, _, _ = text.partition("\n]")
    return {name: kind.lower() for name, kind in re.findall(r"name: '(\w+)', type: '(\w+)'", own)}


def say(text):
    print(text, file=sys.stderr)


def main():
    table = json.load(sys.stdin)
    table = table.get("properties") or table
    ours = our_columns(sys.argv[1])
    schema = table.get("schema") or {}
    there = {column["name"]: column["type"] for column in schema.get("columns") or []}
    extra = [{"name": name, "type": kind} for name, kind in there.items() if name not in ours and name not in RESERVED]
    print(json.dumps(extra))
    missing = [name for name in ours if name not in there]
    wrong = [name for name, kind in ours.items() if name in there and there[name].lower() != kind]
    plan, days, total = (table.get(key) for key in ("plan", "retentionInDays", "totalRetentionInDays"))
    say(f"The table Auth0Logs_CL is there: plan {plan}, rows for {days} days, deleted after {total}.")
    if schema.get("tableSubType") == "Classic":
        say("It is of the kind that the old Data Collector API fills, and no rule can fill it. First make it the other kind:")
        say("  az monitor log-analytics workspace table migrate --table-name Auth0Logs_CL ...")
        return 1
    if wrong:
        say(f"These columns have another type than our rows, which cannot be changed: {', '.join(wrong)}")
        return 1
    if extra:
        say(f"Its other columns stay: {', '.join(column['name'] for column in extra)}")
    if missing:
        say(f"These columns are added: {', '.join(missing)}")
    say("Plan and days become those of the parameter file (tablePlan, tableRetentionInDays, tableTotalRetentionInDays).")
    return 3 if missing else 0


sys.exit(main())
