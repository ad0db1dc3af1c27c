"""Checks mapped log events against the published schemas: python3 schemas_test.py MAP ECS_PACKAGE.

MAP is the built example `map` of tenant-logs, ECS_PACKAGE the folder of the npm package @elastic/ecs. OCSF events are
validated against the OCSF schema, ECS documents against Elastic's field list and allowed values, ASIM and Sentinel rows
against the columns of their tables. Ends with 1 where there is any error, or where fewer than 95 % of the current codes
have a specific OCSF class and ECS category.
"""

import collections
import csv
import datetime
import functools
import ipaddress
import itertools
import json
import pathlib
import subprocess
import sys

import jsonschema
import ocsf_json_schema

ROOT = pathlib.Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "shared/tenant-logs/fixtures"
RESEARCH = ROOT.parent / "shared/data"
CODES = FIXTURES / "codes.ndjson"
FLOOR = 0.95
# What a row can keep of its event, by the setting RAW.
RAW = ["whole", "rest", "none"]

MAP = sys.argv[1]
ECS_PACKAGE = pathlib.Path(sys.argv[2]).resolve()


def mapped(schema, body, raw="whole"):
    """The rows that a body becomes."""
    run = subprocess.run([MAP, schema, raw], input=body, capture_output=True, check=True)
    # As strict as the services: no member twice, no number that is none.
    return [json.loads(line, object_pairs_hook=once) for line in run.stdout.splitlines()]


def once(pairs):
    names = [name for name, _ in pairs]
    twice = [name for name, count in collections.Counter(names).items() if count > 1]
    # `details` is Auth0's own text, which may hold a name twice; nothing that we write does.
    return dict(pairs) | ({"\0twice": twice} if twice else {})


def ocsf_errors(event):
    version = event["metadata"]["version"]
    schema, validator = ocsf_validator(version, event["class_uid"])
    for error in validator.iter_errors(event):
        yield f"{error.json_path}: {error.message[:200]}"
    attributes = schema["attributes"]
    if event["type_uid"] != event["class_uid"] * 100 + event["activity_id"]:
        yield "type_uid is not class_uid * 100 + activity_id"
    for identifier, caption in [
        ("category_uid", "category_name"),
        ("class_uid", "class_name"),
        ("activity_id", "activity_name"),
        ("type_uid", "type_name"),
        ("severity_id", "severity"),
        ("status_id", "status"),
        ("auth_protocol_id", "auth_protocol"),
        ("logon_type_id", "logon_type"),
    ]:
        if identifier in event and event[identifier] != 99:
            wanted = attributes[identifier]["enum"].get(str(event[identifier]), {}).get("caption")
            if event.get(caption) != wanted:
                yield f"{caption} is {event.get(caption)!r}, not {wanted!r}"
    for name in event:
        if "@deprecated" in attributes.get(name, {}):
            yield f"{name} is deprecated"
    for observable in event.get("observables", []):
        if not holds(event, observable["name"].split("."), observable["value"]):
            yield f"observable {observable['name']} is not in the event"


def holds(value, path, wanted):
    """Whether some value at a path, through any array, is the wanted one."""
    if isinstance(value, list):
        return any(holds(element, path, wanted) for element in value)
    if not path:
        return value == wanted
    return isinstance(value, dict) and path[0] in value and holds(value[path[0]], path[1:], wanted)


@functools.cache
def ocsf_schema(version):
    return ocsf_json_schema.get_ocsf_schema(version=version)


@functools.cache
def ocsf_validator(version, class_uid):
    whole = ocsf_schema(version)
    embedded = ocsf_json_schema.OcsfJsonSchemaEmbedded(whole)
    name = embedded.lookup_class_name_from_uid(class_uid)
    schema = embedded.get_class_schema(class_name=name, profiles=[])
    jsonschema.Draft202012Validator.check_schema(schema)
    return whole["classes"][name], jsonschema.Draft202012Validator(schema)


@functools.cache
def ecs_fields():
    script = "console.log(JSON.stringify(require(process.argv[1]).EcsFlat))"
    run = subprocess.run(["node", "-e", script, ECS_PACKAGE], capture_output=True, check=True)
    return json.loads(run.stdout)


def ecs_errors(document):
    fields = ecs_fields()
    for name, field in fields.items():
        if field.get("required") and "." not in name and name not in document:
            yield f"{name} is required"
    if document.get("ecs", {}).get("version") is None:
        yield "ecs.version is required"
    for name, value in leaves(document, ""):
        if name not in fields:
            yield f"{name} is no field"
            continue
        yield from ecs_value_errors(name, value, fields[name])
    event = document["event"]
    allowed = {value["name"]: value for value in fields["event.category"]["allowed_values"]}
    types = set(event.get("type", []))
    expected = [set(allowed.get(name, {}).get("expected_event_types", [])) for name in event.get("category", [])]
    for of_category in expected:
        if not types & of_category:
            yield f"event.type {sorted(types)} has nothing that one of {event['category']} expects"
    if expected and types - set().union(*expected):
        yield f"event.type {sorted(types)} has what none of {event['category']} expects"
    if "indicator" in types or "threat" in event.get("category", []):
        yield "nothing that a tenant logs is a threat indicator"


def leaves(value, path):
    if path == "auth0":
        return
    if isinstance(value, dict) and path != "source.geo.location":
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else name)
    else:
        yield path, value


def ecs_value_errors(name, value, field):
    is_array = "array" in field["normalize"]
    if isinstance(value, list) != is_array:
        yield f"{name} is {'no' if is_array else 'an'} array"
    values = value if isinstance(value, list) else [value]
    if not values or len(set(map(str, values))) < len(values):
        yield f"{name} is empty or names a value twice"
    allowed = [allowed["name"] for allowed in field.get("allowed_values", [])]
    for element in values:
        if not is_of_type(element, field["type"]):
            yield f"{name} is {element!r}, which is no {field['type']}"
        if allowed and element not in allowed:
            yield f"{name} is {element!r}, which is not allowed"


def is_of_type(value, kind):
    match kind:
        case "keyword" | "wildcard" | "match_only_text":
            return isinstance(value, str) and value != ""
        case "ip":
            return is_ip(value)
        case "date" | "datetime":
            return isinstance(value, str) and is_time(value)
        case "long" | "int":
            return isinstance(value, int) and not isinstance(value, bool)
        case "boolean" | "bool":
            return isinstance(value, bool)
        case "geo_point":
            return set(value) == {"lat", "lon"} and abs(value["lat"]) <= 90 and abs(value["lon"]) <= 180
        case "string":
            return isinstance(value, str)
        case "real":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case "dynamic":
            return value is not None
    raise ValueError(f"unknown type {kind}")


def is_ip(value):
    try:
        return bool(ipaddress.ip_address(value))
    except ValueError:
        return False


def is_time(value):
    try:
        return datetime.datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


@functools.cache
def columns():
    """The columns of each table: those that we keep, equal to the research where that is beside us."""
    tables = collections.defaultdict(dict)
    for row in csv.DictReader((ROOT / ".ci/schemas/columns.csv").open(encoding="utf-8")):
        tables[row["table"]][row["column"]] = row
    research = RESEARCH / "asim-fields.csv"
    if research.exists():
        for row in csv.DictReader(research.open(encoding="utf-8")):
            table = {"Authentication": "ASimAuthenticationEventLogs", "AuditEvent": "ASimAuditEventLogs"}[row["schema"]]
            ours = tables[table].get(row["column"])
            assert (ours is not None) == (row["in_table"] == "yes"), row
            assert ours is None or ours["type"] == row["type"], row
    return tables


def row_errors(table, row):
    for name, column in columns()[table].items():
        if column["mandatory"] and name not in row:
            yield f"{table}.{name} is mandatory"
    for name, value in row.items():
        column = columns()[table].get(name)
        if column is None:
            yield f"{table} has no column {name}"
            continue
        if not is_of_type(value, column["type"]):
            yield f"{table}.{name} is {value!r}, which is no {column['type']}"
        allowed = column["values"].split("|") if column["values"] else []
        if allowed and value not in allowed:
            yield f"{table}.{name} is {value!r}, which is not allowed"
        if name.endswith("IpAddr") and table != "Auth0Logs_CL" and not is_ip(value):
            yield f"{table}.{name} is {value!r}, which is no IP address"


def asim_table(row):
    if "Raw" in row:
        return "Auth0Logs_CL"
    return "ASimAuditEventLogs" if "Operation" in row else "ASimAuthenticationEventLogs"


CHECKS = {
    "ecs": ecs_errors,
    "ocsf": ocsf_errors,
    "asim": lambda row: row_errors(asim_table(row), row),
    "sentinel": lambda row: row_errors("Auth0Logs_CL", row),
}


def bodies():
    """Every body of ours, and the schema-valid events of the research where that is beside us."""
    yield "codes", CODES.read_bytes()
    yield "codes without members", b"\n".join(map(bare, CODES.read_bytes().splitlines()))
    single = [path.read_bytes() for path in sorted((FIXTURES / "log-events").glob("*.json"))]
    lines = [" ".join(body.decode().splitlines()) for body in single]
    yield "log-events", "\n".join(lines).encode()
    yield "answers", (FIXTURES / "answers.ndjson").read_bytes()
    for path in sorted((RESEARCH / "synthetic").glob("*.jsonl")):
        yield f"research {path.name}", path.read_bytes()


def bare(line):
    """The same event with what we route by and nothing else."""
    event = json.loads(line)
    record = {name: event["data"][name] for name in ("date", "type", "log_id")}
    return json.dumps({"log_id": event["log_id"], "data": record}).encode()


def remove(*path):
    def mutate(row):
        for name in path[:-1]:
            row = row[name]
        del row[path[-1]]

    return mutate


def put(value, *path):
    def mutate(row):
        for name in path[:-1]:
            row = row[name]
        row[path[-1]] = value

    return mutate


# Each makes a right row of a successful logon wrong, so a check that finds nothing in it checks nothing.
MUTATIONS = {
    "ocsf": [
        remove("user"),
        remove("metadata", "product"),
        put({}, "user"),
        put({"type_id": 0}, "src_endpoint"),
        put(7, "activity_id"),
        put("1", "severity_id"),
        put("not an address", "src_endpoint", "ip"),
        put("Logout", "activity_name"),
        put(300202, "type_uid"),
        put(1, "of_our_own"),
        put("192.0.2.250", "observables", 0, "value"),
    ],
    "ecs": [
        remove("@timestamp"),
        put(["start"], "event", "kind"),
        put("event", "event", "category"),
        put(["logon"], "event", "category"),
        put(["indicator"], "event", "type"),
        put(["creation"], "event", "type"),
        put("denied", "event", "outcome"),
        put("***", "source", "ip"),
        put([], "related", "user"),
        put("x", "of_our_own"),
        put("yesterday", "@timestamp"),
    ],
    "asim": [
        remove("EventType"),
        remove("EventCount"),
        put("Login", "EventType"),
        put("1", "EventCount"),
        put("x", "OfOurOwn"),
        put("***", "SrcIpAddr"),
        put("Authentication", "EventSchema"),
    ],
    "sentinel": [
        remove("TimeGenerated"),
        put("yes", "IsMobile"),
        put(5, "EventType"),
        put("x", "OfOurOwn"),
    ],
}


def mutation_errors():
    full = CODES.read_bytes()
    logon = next(line for line in full.splitlines() if json.loads(line)["data"]["type"] == "s")
    count = 0
    for schema, mutations in MUTATIONS.items():
        for n, mutate in enumerate(mutations):
            [row] = mapped(schema, logon)
            mutate(row)
            count += 1
            if not list(CHECKS[schema](row)):
                yield f"{schema}: mutation {n} is not found"
    print(f"{count} wrong rows tried")


def main():
    errors = list(mutation_errors())
    for name, body in bodies():
        for (schema, check), raw in itertools.product(CHECKS.items(), RAW):
            rows = mapped(schema, body, raw)
            found = [f"{schema} {raw} {name} line {n}: {error}" for n, row in enumerate(rows, 1) for error in check(row)]
            errors += found
            tables = ""
            if schema == "asim":
                counts = collections.Counter(map(asim_table, rows))
                tables = ", " + ", ".join(f"{count} {table}" for table, count in sorted(counts.items()))
            print(f"{schema:8} {raw:5} {name}: {len(rows)} rows, {len(found)} errors{tables}")
    errors += coverage_errors()
    print("\n".join(errors[:60]))
    print(f"{len(errors)} errors")
    sys.exit(bool(errors))


def coverage_errors():
    """The share of current codes that are more than a base event, and more than an event without a category."""
    full = CODES.read_bytes()
    codes = [json.loads(line)["data"]["type"] for line in full.splitlines()]
    page = (ROOT / "docs/event-types.md").read_text()
    current = {row.split("`")[1] for row in page.splitlines() if row.startswith("| `") and ", retired |" not in row}
    specific = {
        "OCSF class": [event["class_uid"] != 0 for event in mapped("ocsf", full)],
        "ECS category": ["category" in document["event"] for document in mapped("ecs", full)],
    }
    for name, flags in specific.items():
        of_current = [flag for code, flag in zip(codes, flags, strict=True) if code in current]
        share = sum(of_current) / len(of_current)
        print(f"a specific {name}: {sum(of_current)} of {len(of_current)} current codes, {share:.1%}")
        if share < FLOOR:
            yield f"only {share:.1%} of the current codes have a specific {name}"


main()
