"""Runs the KQL queries of infra/azure over rows that the product maps: python kql_run_test.py MAP EVENTS.

MAP is the built example `map` of tenant-logs, EVENTS the output of .ci/kql_events.py.
"""

import collections
import datetime
import json
import re
import subprocess
import sys

import duckdb_kql
from kql_workspace import COLUMNS, KQL, NOW, ROOT, Workspace, text_of

FIXTURES = ROOT / "shared/tenant-logs/fixtures"
MAP = sys.argv[1]
EVENTS = [json.loads(line) for line in open(sys.argv[2], encoding="utf-8")]
DETECTIONS = [path.stem for path in sorted((KQL / "detections").glob("*.kql"))]
OWN_TABLES = ["Auth0Logs_CL", "ASimAuthenticationEventLogs", "ASimAuditEventLogs"]
problems = []


def must(holds, what):
    if not holds:
        problems.append(what)


def mapped(schema, details):
    body = "\n".join(json.dumps(detail) for detail in details)
    run = subprocess.run([MAP, schema], input=body.encode(), capture_output=True, check=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


def table_of(row):
    if "Raw" in row:
        return "Auth0Logs_CL"
    return "ASimAuditEventLogs" if "Operation" in row else "ASimAuthenticationEventLogs"


def workspace(schema, details, tables=None):
    filled = Workspace(tables or OWN_TABLES)
    rows = collections.defaultdict(list)
    for row in mapped(schema, details):
        rows[table_of(row)].append(row)
    for table, of_table in rows.items():
        filled.insert(table, of_table)
    return filled


def codes_fixture():
    lines = (FIXTURES / "codes.ndjson").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


# --- the checks


def check_detections():
    details = [event["detail"] for event in EVENTS]
    wanted = collections.defaultdict(set)
    for event in EVENTS:
        for rule in event["rules"]:
            wanted[rule].add(event["detail"]["log_id"])
    rules = {name: "".join(map(str.capitalize, name.split("-"))) + "Rule" for name in DETECTIONS}
    must(set(wanted) == set(rules.values()), f"rules without an event or a query: {set(wanted) ^ set(rules.values())}")
    for schema in ("sentinel", "asim"):
        filled = workspace(schema, details)
        for name, rule in rules.items():
            found = {row["LogId"] for row in filled.run(text_of(f"detections/{name}.kql"))}
            for log_id in sorted(found ^ wanted[rule])[:5]:
                event = next(event for event in EVENTS if event["detail"]["log_id"] == log_id)
                problems.append(f"{schema}: {name} {'finds' if log_id in found else 'does not find'} {event}")
    # A detection that lacks one of its values finds something else, so the comparison would tell.
    filled = workspace("sentinel", details)
    for name, rule in rules.items():
        lacking = re.sub(r"(EventType in \(\s*'|startswith_cs '|\^/api/v2/)", r"\1-", text_of(f"detections/{name}.kql"), count=1)
        found = {row["LogId"] for row in filled.run(lacking)}
        must(found != wanted[rule], f"{name}: a query that lacks a value finds the same")
    counts = ", ".join(f"{len(wanted[rule])} {name}" for name, rule in rules.items())
    print(f"{len(details)} events, in both schemas found as by the rules: {counts}")


def check_detections_find_once():
    """What came before the last five minutes, or comes again, is not found; without Sentinel's tables all goes on."""
    query = text_of("detections/brute-force.kql")
    [first] = [event["detail"] for event in EVENTS if event["detail"]["data"]["type"] == "limit_wc"][:1]
    [row] = mapped("sentinel", [first])
    for minutes, count in [([1], 1), ([10], 0), ([10, 1], 0), ([1, 2, 3], 1)]:
        filled = Workspace(["Auth0Logs_CL"])
        for ago in minutes:
            filled.insert("Auth0Logs_CL", [row], NOW - datetime.timedelta(minutes=ago))
        found = filled.run(query)
        must(len(found) == count, f"rows that came {minutes} minutes ago are found {len(found)} times, not {count}")


COMMON = [
    "EventType",
    "LogId",
    "Description",
    "Connection",
    "ConnectionId",
    "ClientId",
    "ClientName",
    "SrcIpAddr",
    "HttpUserAgent",
    "SrcHostname",
    "Audience",
    "Strategy",
    "StrategyType",
    "TenantName",
    "TimeGenerated",
    "EventName",
    "EventCategory",
    "EventOutcome",
    "EventSeverity",
    "EventMeaning",
]


def check_one_view():
    """Auth0Events says the same of an event, whichever table it is in."""
    details = codes_fixture()
    views = {}
    for schema in ("sentinel", "asim"):
        filled = workspace(schema, details)
        # Microsoft's tables hold what every other product writes, too.
        for table in ("ASimAuthenticationEventLogs", "ASimAuditEventLogs"):
            filled.insert(table, [{"TimeGenerated": NOW, "EventProduct": "Other", "EventOriginalUid": f"other-{table}"}])
        rows = filled.run("Auth0Events")
        must(len(rows) == len(details), f"{schema}: {len(rows)} rows of {len(details)} events")
        views[schema] = {row["LogId"]: row for row in rows}
    lacking = set(COLUMNS["Auth0Logs_CL"]) - set(next(iter(views["sentinel"].values())))
    must(lacking == {"event_date", "Raw"}, f"columns of Auth0Logs_CL that Auth0Events lacks: {lacking}")
    tables = collections.Counter(row["SourceTable"] for row in views["asim"].values())
    must(set(tables) == set(OWN_TABLES), f"tables of asim: {tables}")
    different = 0
    for detail in details:
        one, other = (views[schema][detail["log_id"]] for schema in ("sentinel", "asim"))
        names = [name for name in COMMON if (one[name] or "") != (other[name] or "")]
        for name in ("Details", "LocationInfo", "Record"):
            if json.loads(one[name] or "null") != json.loads(other[name] or "null"):
                names.append(name)
        # An application with credentials of its own is no user; sentinel keeps whatever the event names.
        for name in ("ActorUserId", "ActorUsername"):
            if (other[name] or "") not in ("", one[name]):
                names.append(name)
        if names:
            different += 1
            problems.append(f"{detail['data']['type']}: {names} differ between the tables")
        must(one["EventMeaning"], f"{detail['data']['type']} has no meaning")
        must(json.loads(one["Record"]) == detail["data"], f"{detail['data']['type']}: Record is not the event")
    print(f"{len(details)} codes, {different} different between the tables; of asim {dict(tables)}")


def check_rest_of_a_record():
    """Raw and AdditionalFields may hold the record's members alone."""
    filled = Workspace(OWN_TABLES)
    request = {"request": {"method": "post", "path": "/api/v2/log-streams"}}
    filled.insert(
        "ASimAuditEventLogs",
        [
            {
                "TimeGenerated": NOW,
                "EventProduct": "Auth0",
                "EventOriginalType": "sapi",
                "EventOriginalUid": "90020261120",
                "AdditionalFields": {"details": request, "connection": "example"},
            }
        ],
    )
    [row] = filled.run("Auth0Events")
    must(row["Connection"] == "example" and json.loads(row["Details"]) == request, f"rest of a record: {row}")
    must(len(filled.run(text_of("detections/log-stream-changed.kql"))) == 1, "a rest's details are not looked at")


def check_doubles():
    """Of rows for one event one stays, and that has the whole record; rows without a LogId stay."""
    details = codes_fixture()[:40]
    filled = workspace("asim", details)
    rows = mapped("sentinel", details)
    theirs = [{name: value for name, value in row.items() if name != "Raw"} for row in rows]
    filled.insert("Auth0Logs_CL", theirs)
    filled.insert("Auth0Logs_CL", rows[:10])
    filled.insert("Auth0Logs_CL", [{name: row[name] for name in row if name != "LogId"} for row in theirs[:3]])
    events = filled.run("Auth0Events")
    named = [row for row in events if row["LogId"]]
    must(len(named) == 40, f"{len(named)} rows of 40 events that are there twice")
    must(all(row["Record"] for row in named), "a row without the record is kept before one with it")
    must(len(events) - len(named) == 3, f"{len(events) - len(named)} of 3 rows without a LogId")
    found = filled.run(text_of("queries/doubles.kql"))
    must(len(found) == 40 and sum(row["Rows"] for row in found) == 90, f"doubles: {len(found)}")


def check_migration():
    details = codes_fixture()
    rows = mapped("sentinel", details[:3])
    filled = Workspace(["Auth0Logs_CL", "Auth0AM_CL", "Auth0_CL"])
    filled.insert("Auth0Logs_CL", rows)
    ingested = NOW - datetime.timedelta(hours=1)
    old = {"TimeGenerated": ingested, "date_t": "2026-11-19T08:00:00Z", "user_name_s": "ada@example.com"}
    filled.insert(
        "Auth0AM_CL",
        [
            {**old, "log_id_s": rows[0]["LogId"], "type_s": "acls_summary"},
            {**old, "log_id_s": "1", "type_s": "fp", "ip_s": "192.0.2.17"},
            {
                **old,
                "log_id_s": "2",
                "type_s": "sapi",
                "details_request_method_s": "post",
                "details_request_path_s": "/api/v2/clients",
                "details_response_statusCode_d": 201.0,
            },
        ],
    )
    filled.insert(
        "Auth0_CL",
        [
            {**old, "_id_s": "3", "type_s": "Failed Login", "type_code_s": "f"},
            {**old, "log_id_s": "1", "type_s": "fp"},
        ],
    )
    result = {row["LogId"]: row for row in filled.run("Auth0EventsAndOld")}
    must(set(result) == {"1", "2", "3", *(row["LogId"] for row in rows)}, f"of the migration: {sorted(result)}")
    must(result[rows[0]["LogId"]]["SourceTable"] == "Auth0Logs_CL", "the old row is kept before the new one")
    one, two, three = (result[log_id] for log_id in "123")
    must(one["EventOutcome"] == "failure" and one["EventMeaning"] == "Logon", f"an old row's outcome: {one}")
    must(str(one["TimeGenerated"]).startswith("2026-11-19 08:00:00"), f"an old row's time: {one['TimeGenerated']}")
    must(json.loads(two["Details"])["request"]["path"] == "/api/v2/clients", f"an old row's details: {two['Details']}")
    must(three["EventType"] == "f" and three["ActorUsername"] == "ada@example.com", f"of the extension: {three}")
    missing = text_of("queries/only-in-old-tables.kql")
    must(filled.run(missing) == [], "an event from before the relay's first one counts as missing")
    later = {**old, "date_t": "2026-11-21T08:00:00Z", "log_id_s": "4", "type_s": "s"}
    filled.insert("Auth0AM_CL", [later, {**later, "log_id_s": rows[1]["LogId"]}])
    must([row["LogId"] for row in filled.run(missing)] == ["4"], "what only the old table has is not found")
    theirs = {name: value for name, value in rows[2].items() if name != "Raw"}
    other = text_of("queries/only-from-another-connector.kql")
    filled.insert("Auth0Logs_CL", [theirs])
    must(filled.run(other) == [], "an event that both brought counts as missing")
    filled.insert("Auth0Logs_CL", [{**theirs, "LogId": "5", "TimeGenerated": "2026-11-21T08:00:00Z"}])
    must([row["LogId"] for row in filled.run(other)] == ["5"], "what only the other connector brought is not found")
    # Tables that lack columns, and tables that are not there.
    for tables in (["Auth0Logs_CL", "Auth0AM_CL"], ["Auth0Logs_CL", "Auth0_CL"], ["Auth0Logs_CL"]):
        sparse = Workspace(tables, only={"TimeGenerated", "EventType", "LogId", "type_s", "log_id_s", *rows[0]})
        for table in tables[1:]:
            sparse.insert(table, [{"TimeGenerated": ingested, "type_s": "s", "log_id_s": "9"}])
        found = sparse.run("Auth0EventsAndOld")
        must(len(found) == len(tables) - 1, f"{len(found)} rows of {tables}")


def trace(message, category="Host.Function.Console"):
    text = message if isinstance(message, str) else json.dumps(message)
    return {"TimeGenerated": NOW, "Message": text, "Properties": {"Category": category}, "SeverityLevel": 1}


def counter_names():
    source = (ROOT / "shared/relay/src/counters.rs").read_text(encoding="utf-8")
    names = re.search(r"METRIC_NAMES[^=]*= \[(.*?)\];", source, re.DOTALL)
    return re.findall(r'"(\w+)"', names[1])


def line(**counters):
    return {"function": "azure-eventgrid-subscriber", "tenant": "example-tenant", "sink": "log-analytics", **counters}


def check_counters():
    names = counter_names()
    filled = Workspace(["AppTraces"])
    filled.insert("AppTraces", [trace(line(**{name: 7})) for name in names])
    filled.insert("AppTraces", [trace("no JSON"), trace('"text"'), trace({"message": "no counters"}), trace(line(gap=9), "Function")])
    rows = filled.run("Auth0RelayCounters")
    must(len(rows) == len(names), f"{len(rows)} lines of {len(names)}")
    keys = {"TimeGenerated", "Function", "Tenant", "Sink"}
    for row in rows:
        counters = {name: value for name, value in row.items() if name not in keys}
        must(set(names) <= set(counters), f"counters that are no column: {set(names) - set(counters)}")
        # Named by the contract; a function that does not write them yet leaves them out.
        others = set(counters) - set(names) - {"waiting_seconds"}
        must(not others, f"columns that are no counter: {others}")
        must(sorted(counters.values()) == [0] * (len(counters) - 1) + [7], f"a line with one counter is {counters}")
    print(f"{len(names)} counters of the relay are columns")
    empty = Workspace([])
    must(empty.run("Auth0RelayCounters") == [], "AppTraces that is not there is no empty table")


# What fires an alert, and what does not.
ALERTS = {
    "dead-letters": (line(set_aside=1), line(delivered=9)),
    "withheld": (line(withheld=1), line(set_aside=1)),
    "lag": (line(lag_seconds=901), line(lag_seconds=900)),
    "refused-credentials": (line(unauthorized=3), line(unauthorized=2)),
    "unreadable-bodies": (line(unreadable=1), line(received=1)),
    "gaps": (line(gap=1), line(received=1)),
    "checkpoint-stopped": (line(checkpoint_stopped=1), line(received=1)),
    "silent-stream": (line(received=0, delivered=0), {**line(received=1), "function": "azure-webhook-ingest"}),
}
PARAMETERS = {
    "{TenantName}": "example-tenant",
    "{FunctionName}": "azure-webhook-ingest",
    "{LagSeconds}": "900",
    "{TimeRange:grain}": "1h",
    "{Tenant}": "'*'",
}


def parametrized(name):
    text = text_of(name)
    for parameter, value in PARAMETERS.items():
        text = text.replace(parameter, value)
    return text


def check_alerts():
    files = {path.stem for path in (KQL / "alerts").glob("*.kql")}
    must(files == set(ALERTS), f"alerts without a check: {files ^ set(ALERTS)}")
    for name, (bad, good) in ALERTS.items():
        query = parametrized(f"alerts/{name}.kql")
        elsewhere = {**(good if name == "silent-stream" else bad), "tenant": "another-tenant"}
        silent = name == "silent-stream"
        for lines, count in [([bad, elsewhere], 1), ([good, elsewhere], 0), ([elsewhere], 1 if silent else 0)]:
            filled = Workspace(["AppTraces"])
            filled.insert("AppTraces", map(trace, lines))
            found = filled.run(query)
            must(len(found) == count, f"alert {name}: {len(found)} findings in {lines}")
    waiting = Workspace(["AppTraces"])
    waiting.insert("AppTraces", [trace(line(waiting_seconds=901))])
    must(len(waiting.run(parametrized("alerts/lag.kql"))) == 1, "what waits for long is not late")
    print(f"{len(ALERTS)} alerts fire when they should, and only then")


def check_all_run():
    """Each query of the workbook and each saved one gives rows."""
    details = codes_fixture()
    filled = workspace("asim", details, [*OWN_TABLES, "AppTraces"])
    filled.insert("AppTraces", [trace(line(received=1, delivered=1, set_aside=1, lag_seconds=5))])
    examples = {"one-user": "ada", "one-address": "192", "one-event": "900"}
    empty = set()
    paths = [path for folder in ("workbook", "queries") for path in sorted((KQL / folder).glob("*.kql"))]
    for path in paths:
        name = f"{path.parent.name}/{path.stem}"
        try:
            if not filled.run(parametrized(f"{name}.kql")):
                empty.add(path.stem)
        except duckdb_kql.KqlError as error:
            problems.append(f"{name}: {str(error)[:300]}")
    # Nothing of the sample is a double, unknown, or a run of failures.
    compares = {"doubles", "only-in-old-tables", "only-from-another-connector"}
    may_be_empty = {*compares, "unknown-codes", "many-accounts-from-one-address", "log-in-after-failures", *examples}
    must(empty <= may_be_empty, f"queries without a row: {empty - may_be_empty}")
    pages = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md"))]
    blocks = [block for page in pages for block in re.findall(r"^```kql\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)]
    for block in blocks:
        must(filled.run(" ".join(block.splitlines())), f"a query of a page gives no row: {block}")
    print(f"{len(paths)} queries of workbook and explorer ran, {len(blocks)} of pages")


def main():
    for check in (
        check_counters,
        check_alerts,
        check_rest_of_a_record,
        check_migration,
        check_doubles,
        check_one_view,
        check_all_run,
        check_detections_find_once,
        check_detections,
    ):
        check()
    print("\n".join(problems[:40]))
    print(f"{len(problems)} problems")
    sys.exit(bool(problems))


main()
