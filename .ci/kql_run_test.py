"""Runs the KQL queries of infra/azure over rows that the product maps: python kql_run_test.py MAP EVENTS.

MAP is the built example `map` of tenant-logs, EVENTS the output of .ci/kql_events.py.
"""

import collections
import datetime
import itertools
import json
import re
import subprocess
import sys

import duckdb_kql
from counter_names import counter_names
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


RAW = ["whole", "rest", "none"]


def mapped(schema, details, raw="whole"):
    body = "\n".join(json.dumps(detail) for detail in details)
    run = subprocess.run([MAP, schema, raw], input=body.encode(), capture_output=True, check=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


def table_of(row):
    if "Raw" in row:
        return "Auth0Logs_CL"
    return "ASimAuditEventLogs" if "Operation" in row else "ASimAuthenticationEventLogs"


def workspace(schema, details, tables=None, raw="whole"):
    filled = Workspace(tables or OWN_TABLES)
    rows = collections.defaultdict(list)
    for row in mapped(schema, details, raw):
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
    requests = {event["detail"]["log_id"] for event in EVENTS if event["detail"]["data"]["type"] == "sapi"}
    # All that is to be found and a tenth of what is not tell whether a row kept what a detection asks for.
    some = [event["detail"] for number, event in enumerate(EVENTS) if event["rules"] or number % 10 == 0]
    for schema, raw in itertools.product(("sentinel", "asim"), RAW):
        filled = workspace(schema, details if raw == "whole" else some, raw=raw)
        for name, rule in rules.items():
            found = {row["LogId"] for row in filled.run(text_of(f"detections/{name}.kql"))}
            # Microsoft's normalized tables have no columns for a request, so without the event nothing tells it.
            blind = requests if (schema, raw) == ("asim", "none") else set()
            for log_id in sorted(found ^ (wanted[rule] - blind))[:5]:
                event = next(event for event in EVENTS if event["detail"]["log_id"] == log_id)
                problems.append(f"{schema} {raw}: {name} {'finds' if log_id in found else 'does not find'} {event}")
    # A detection that lacks one of its values finds something else, so the comparison would tell.
    filled = workspace("sentinel", details)
    for name, rule in rules.items():
        lacking = re.sub(r"(EventType in \(\s*'|startswith_cs '|\^/api/v2/)", r"\1-", text_of(f"detections/{name}.kql"), count=1)
        found = {row["LogId"] for row in filled.run(lacking)}
        must(found != wanted[rule], f"{name}: a query that lacks a value finds the same")
    counts = ", ".join(f"{len(wanted[rule])} {name}" for name, rule in rules.items())
    print(f"{len(details)} events, in both schemas and with every RAW found as by the rules: {counts}")


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


# What only the event itself tells where a row of Microsoft's normalized tables has no column.
OF_THE_EVENT = {"Connection", "ConnectionId", "Audience", "Strategy", "StrategyType"}


def check_one_view():
    """Auth0Events says the same of an event, whichever table it is in and whatever its row keeps of it."""
    details = codes_fixture()
    views = {}
    for schema, raw in itertools.product(("sentinel", "asim"), RAW):
        filled = workspace(schema, details, raw=raw)
        # Microsoft's tables hold what every other product writes, too.
        for table in ("ASimAuthenticationEventLogs", "ASimAuditEventLogs"):
            filled.insert(table, [{"TimeGenerated": NOW, "EventProduct": "Other", "EventOriginalUid": f"other-{table}"}])
        rows = filled.run("Auth0Events")
        must(len(rows) == len(details), f"{schema} {raw}: {len(rows)} rows of {len(details)} events")
        views[schema, raw] = {row["LogId"]: row for row in rows}
    sentinel = views["sentinel", "whole"]
    lacking = set(COLUMNS["Auth0Logs_CL"]) - set(next(iter(sentinel.values())))
    must(lacking == {"event_date", "Raw"}, f"columns of Auth0Logs_CL that Auth0Events lacks: {lacking}")
    tables = collections.Counter(row["SourceTable"] for row in views["asim", "whole"].values())
    must(set(tables) == set(OWN_TABLES), f"tables of asim: {tables}")
    different = 0
    for detail, (schema, raw) in itertools.product(details, views):
        one, other = sentinel[detail["log_id"]], views[schema, raw][detail["log_id"]]
        is_bare = raw == "none" and other["SourceTable"] != "Auth0Logs_CL"
        left_out = OF_THE_EVENT if is_bare else set()
        names = [name for name in COMMON if name not in left_out and (one[name] or "") != (other[name] or "")]
        if not is_bare:
            names += [name for name in ("Details", "LocationInfo") if parsed(one[name]) != parsed(other[name])]
        # An application with credentials of its own is no user; sentinel keeps whatever the event names.
        for name in ("ActorUserId", "ActorUsername"):
            if (other[name] or "") not in ("", one[name]):
                names.append(name)
        what = f"{schema} {raw}: {detail['data']['type']}"
        if names:
            different += 1
            problems.append(f"{what}: {names} differ from those of sentinel")
        must(other["EventMeaning"], f"{what} has no meaning")
        record = json.loads(other["Record"])
        if raw == "none":
            must(record["type"] == detail["data"]["type"], f"{what}: Record has not even the columns: {record}")
        else:
            must(record == detail["data"], f"{what}: Record is not the event: {record}")
    print(f"{len(details)} codes, {different} different between the tables; of asim {dict(tables)}")


def parsed(text):
    return json.loads(text or "null")


def check_record():
    """Record is the event of a row that keeps the rest, however the event is formed."""
    bare = {"type": "s", "log_id": "1", "date": "2026-11-20T09:04:00.000Z"}
    records = [
        bare,
        {**bare, "date": "2026-11-20T09:04:00Z"},
        {"type": "s", "log_id": "90020261120090400000417000000000000000000004410027651184"},
        {**bare, "user_name": "", "ip": None, "connection": 5, "details": None, "is_mobile": False},
        {**bare, "data": {"type": "f"}, "$filled": ["type"], "redacted": 1, "trimmed": ["x"]},
        {**bare, "type": "sapi", "details": {"request": {"auth": {"user": {"name": "Maria", "email": "maria@example.com"}}}}},
        {**bare, "type": "sapi", "user_name": "maria", "details": {"request": {"auth": {"user": {"email": "maria@example.com"}}}}},
        {**bare, "ip": "192.0.2.1, 192.0.2.2", "scope": ["openid", "email"]},
        {**bare, "user_agent": "Other 0.0.0 / Other 0.0.0", "details": {"request": {"userAgent": "agent/1"}}},
    ]
    details = [{"log_id": f"{number}", "data": record} for number, record in enumerate(records)]
    for schema, raw in itertools.product(("sentinel", "asim"), ("whole", "rest")):
        for row in workspace(schema, details, raw=raw).run("Auth0Rows"):
            record = json.loads(row["Record"])
            must(record == records[int(row["LogId"])], f"{schema} {raw}: Record is not the event: {record}")


def check_doubles():
    """Of rows for one event one stays, the one that keeps the most; rows without a LogId stay."""
    details = codes_fixture()[:40]
    filled = workspace("asim", details, raw="rest")
    rows = mapped("sentinel", details, "rest")
    theirs = [{name: value for name, value in row.items() if name != "Raw"} for row in rows]
    filled.insert("Auth0Logs_CL", theirs)
    filled.insert("Auth0Logs_CL", rows[:10])
    filled.insert("Auth0Logs_CL", [{name: row[name] for name in row if name != "LogId"} for row in theirs[:3]])
    events = filled.run("Auth0Events")
    named = [row for row in events if row["LogId"]]
    must(len(named) == 40, f"{len(named)} rows of 40 events that are there twice")
    records = {detail["log_id"]: detail["data"] for detail in details}
    must(all(parsed(row["Record"]) == records[row["LogId"]] for row in named), "a row that keeps less stays")
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
        check_record,
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
