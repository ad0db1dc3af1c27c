"""Functions, alerts, detections and workbook of infra/azure as their services take them, and each query where its name says.

python3 .ci/azure/watching_test.py        ends 0 if all holds
"""

import re
import sys

from bicep_files import AZURE, READ, ROOT, TEXT, holds, only, resources, run, same

ALERTS, DETECTIONS, WORKBOOK = (READ[f"modules/{name}.bicep"] for name in ("alerts", "detections", "workbook"))
FUNCTIONS = READ["modules/workspace-functions.bicep"]
# The windows that scheduled query rules take, in minutes.
WINDOWS = {5, 10, 15, 30, 45, 60, 120, 180, 240, 300, 360, 1440, 2880}
WANTED = {
    "silent-webhook": "usesWebhook && silentMinutes > 0",
    "silent-delivery": "usesStream && silentMinutes > 0",
    "silent-poll": "usesPoller && silentMinutes > 0",
    "refused-credentials": "usesWebhook",
    "unreadable-bodies": "usesWebhook",
    "gaps": "usesPoller",
    "checkpoint-stopped": "usesPoller",
}
# One query, of each function that log events come to.
SILENT = {
    "silent-webhook": "azure-webhook-ingest",
    "silent-delivery": "azure-eventgrid-subscriber",
    "silent-poll": "azure-log-poller",
}
# MITRE ATT&CK: the tactics that a technique belongs to, in Sentinel's spelling.
TECHNIQUES = {
    "T1110": {"CredentialAccess"},
    "T1556": {"CredentialAccess", "DefenseEvasion", "Persistence"},
    "T1098": {"Persistence", "PrivilegeEscalation"},
    "T1562": {"DefenseEvasion"},
    "T1499": {"Impact"},
}
SEVERITIES = {"1": "High", "2": "Medium", "3": "Low"}
EACH_ROW = {
    "timeAggregation": "'Count'",
    "operator": "'GreaterThan'",
    "threshold": "0",
    "failingPeriods": {"numberOfEvaluationPeriods": "1", "minFailingPeriodsToAlert": "1"},
}


def minutes(text):
    days, hours, rest = re.fullmatch(r"'P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?'", text).groups()
    return int(days or 0) * 1440 + int(hours or 0) * 60 + int(rest or 0)


def windows_of_alerts_are_those_that_the_service_takes():
    windows = {int(key): minutes(value) for key, value in ALERTS["vars"]["windows"].items()}
    for key, window in windows.items():
        holds(key in (0, window) and window in WINDOWS, f"{key} minutes are a window of {window}")
    offered = re.search(r"param silentMinutes ([\d |]+) =", TEXT["modules/alerts.bicep"])[1]
    same(sorted(map(int, offered.split(" | "))), sorted(windows), "what silentMinutes may be")
    same(re.search(r"param silentMinutes ([\d |]+) =", TEXT["main.bicep"])[1], offered, "in main.bicep")
    rule = ALERTS["resources"]["alertRules"]["properties"]
    same(rule["evaluationFrequency"], "alert.minutes > 15 ? 'PT15M' : 'PT5M'", "never longer than the window")
    same(rule["windowSize"], "windows[string(alert.minutes)]", "window")
    for alert in ALERTS["vars"]["alerts"]:
        holds(alert["minutes"] == "silentMinutes" or int(alert["minutes"]) in windows, f"{alert['name']}: {alert['minutes']}")


def every_alert_asks_its_own_query_where_it_is_wanted():
    for alert in ALERTS["vars"]["alerts"]:
        name = alert["name"].strip("'")
        silent = SILENT.get(name)
        asked = f"'{{FunctionName}}', '{silent}'" if silent else f"kql/alerts/{name}.kql'"
        holds(asked in alert["query"], f"{name}: {alert['query']}")
        same(alert["isWanted"], WANTED.get(name, "true"), name)
    same(len(ALERTS["vars"]["alerts"]), len(list((AZURE / "kql/alerts").glob("*.kql"))) + len(SILENT) - 1, "alerts")


def every_row_that_a_query_finds_fires():
    for place, body in resources("Microsoft.Insights/scheduledQueryRules"):
        properties = body["properties"]
        (criterion,) = properties["criteria"]["allOf"]
        same({key: criterion[key] for key in EACH_ROW}, EACH_ROW, place)
        same((body["kind"], properties["enabled"], properties["scopes"]), ("'LogAlert'", "true", ["workspace.id"]), place)
        same(properties["actions"], {"actionGroups": "actionGroupIds"}, place)
        holds(place.split()[0].endswith("alerts.bicep") == (properties["autoMitigate"] == "true"), f"{place}: autoMitigate")


def both_kinds_of_detection_look_at_the_same_time():
    rule, alert = (DETECTIONS["resources"][name]["properties"] for name in ("analyticsRules", "alertRules"))
    every = {minutes(value) for value in (rule["queryFrequency"], alert["evaluationFrequency"], alert["windowSize"])}
    same(every, {5}, "how often, as the queries' ago(5m)")
    same({minutes(rule["queryPeriod"]), minutes(alert["overrideQueryTimeRange"])}, {1440}, "how far back")
    same((rule["triggerOperator"], rule["triggerThreshold"], rule["enabled"]), ("'GreaterThan'", "0", "true"), "each row")
    text = TEXT["modules/detections.bicep"]
    for kind in ("useSentinel", "!useSentinel"):
        same(text.count(f"if (hasDetections && {kind}) {{"), 1, f"detections with {kind}")
    same(DETECTIONS["vars"]["hasDetections"], "tablePlan == 'Analytics'", "plans with detections")


def every_detection_is_what_it_is_called():
    page = (ROOT / "docs/queries-azure.md").read_text(encoding="utf-8")
    found = DETECTIONS["vars"]["detections"]
    same(len(found), len(list((AZURE / "kql/detections").glob("*.kql"))), "detections")
    for detection in found:
        name = detection["name"].strip("'")
        same(detection["query"], f"loadTextContent('../kql/detections/{name}.kql')", name)
        severity = SEVERITIES[detection["severity"]]
        same(detection["sentinelSeverity"], f"'{severity}'", f"{name}: severities")
        shown = detection["displayName"].strip("'").removeprefix("Auth0: ")
        holds(re.search(rf"(?m)^\| {shown} \|.*\| {severity.lower()} \|$", page), f"docs/queries-azure.md: {shown} is {severity}")
        for technique in detection["techniques"]:
            holds(technique.strip("'") in TECHNIQUES, f"{name}: {technique}")
        for tactic in detection["tactics"]:
            of = [TECHNIQUES[technique.strip("'")] for technique in detection["techniques"]]
            holds(any(tactic.strip("'") in tactics for tactics in of), f"{name}: {tactic} has no technique")
        # Sentinel's limit of a query.
        length = len((AZURE / f"kql/detections/{name}.kql").read_text(encoding="utf-8"))
        holds(length <= 10_000, f"{name}: {length} characters")


def functions_are_made_one_after_another_each_after_what_it_calls():
    made = FUNCTIONS["resources"]["workspaceFunctions"]
    holds("@batchSize(1)\nresource workspaceFunctions" in TEXT["modules/workspace-functions.bicep"], "one after another")
    same(made["properties"]["functionAlias"], "function.alias", "alias")
    known = set()
    for function in FUNCTIONS["vars"]["functions"]:
        name = function["alias"].strip("'")
        same(function["body"], f"loadTextContent('../kql/functions/{name}.kql')", name)
        text = re.sub(r"(?m)^\s*//.*$", "", (AZURE / f"kql/functions/{name}.kql").read_text(encoding="utf-8"))
        called = set(re.findall(r"\bAuth0(?:EventTypes|Record|RelayCounters|Rows|Events|EventsAndOld)\b", text))
        holds(called <= known, f"{name} calls {called - known}, which are made later")
        same(function["parameters"], "'Raw:dynamic, Columns:dynamic'" if name == "Auth0Record" else "''", f"parameters of {name}")
        known.add(name)


def the_workbook_has_every_parameter_and_every_query():
    content = WORKBOOK["vars"]["parameterItem"]["content"]
    parameters = {parameter["name"].strip("'"): parameter for parameter in content["parameters"]}
    tiles = WORKBOOK["vars"]["tiles"]
    for tile in tiles:
        same(tile["query"], f"loadTextContent('../kql/workbook/{tile['name'].strip(chr(39))}.kql')", "tile")
    same(len(tiles) + 1, len(list((AZURE / "kql/workbook").glob("*.kql"))), "tiles, and the list of tenants")
    for path in (AZURE / "kql/workbook").glob("*.kql"):
        for name in re.findall(r"\{(\w+)", path.read_text(encoding="utf-8")):
            holds(name in parameters, f"{path.name} asks for {name}")
    tenant = parameters["Tenant"]
    # All are chosen by a star, which queries look for between these quotation marks.
    same((tenant["quote"], tenant["delimiter"], tenant["typeSettings"]["selectAllValue"]), ("'\\''", "','", "'*'"), "tenants")
    text = TEXT["modules/workbook.bicep"]
    versions = sorted(re.findall(r"version: '([\w/.]+)'", text))
    same(versions, sorted(["KqlParameterItem/1.0"] * 3 + ["KqlItem/1.0", "Notebook/1.0"]), "versions")
    holds("items: concat([parameterItem], tileItems)" in text, "parameters, then tiles")
    same(only("Microsoft.Insights/workbooks")["name"], "guid(workspace.id, 'auth0-log-relay')", "a GUID, always the same")


if __name__ == "__main__":
    run(sys.modules[__name__], helpers=())
