"""What the linters cannot know of the templates: what the detections match, that each metric is one we write, and that
what fails is kept.

Needs moto, for its event patterns: target/ci-tools/moto/bin/python .ci/templates_test.py
"""

import json
import pathlib
import re
import sys

import boto3
import yaml
from counter_names import counter_names
from moto import mock_aws
from moto.events.models import EventPattern

ROOT = pathlib.Path(__file__).resolve().parent.parent
NAMESPACE = "Auth0LogRelay"
problems = []


class Template(yaml.SafeLoader):
    """CloudFormation's YAML; its functions are kept as their arguments."""


def arguments(loader, _suffix, node):
    kinds = {
        yaml.ScalarNode: loader.construct_scalar,
        yaml.SequenceNode: loader.construct_sequence,
        yaml.MappingNode: loader.construct_mapping,
    }
    return kinds[type(node)](node)


Template.add_multi_constructor("!", arguments)


class Functions(yaml.SafeLoader):
    """CloudFormation's YAML; its functions are kept as JSON has them."""


def as_in_json(loader, suffix, node):
    name = suffix if suffix in ("Ref", "Condition") else "Fn::" + suffix
    return {name: arguments(loader, suffix, node)}


Functions.add_multi_constructor("!", as_in_json)


def load(name):
    return yaml.load((ROOT / "infra/aws" / name).read_text(encoding="utf-8"), Template)


def event(event_type, method=None, path=None, body=None, source="auth0.com/example-tenant/auth0.logs"):
    data = {"type": event_type, "date": "2026-11-20T09:00:00.000Z"}
    if path:
        data["details"] = {"request": {"method": method, "path": path, "body": body or {}}}
    return {"source": source, "detail-type": "Auth0 log", "detail": {"log_id": "90020261120", "data": data}}


def sapi(method, path, body=None, version="/api/v2/"):
    return event("sapi", method, version + path, body)


def both(method, path, body=None):
    """The same call with the path as the catalogue shows it, and as events of other pages do."""
    return [sapi(method, path, body), sapi(method, path, body, version="/v2/")]


USER = "users/auth0%7C64f0c2a91b7e"
PARTNER = "aws.partner/auth0.com/example-tenant-5b4b5f6f/auth0.logs"
# For each rule events that it takes, and events that just miss it.
FIRING = {
    "BreachedPasswordRule": [event("pwd_leak"), event("signup_pwd_leak"), event("reset_pwd_leak", source=PARTNER)],
    "BruteForceRule": [
        *(event(code) for code in ("limit_wc", "limit_mu", "limit_sul")),
        *(event(code) for code in ("gd_otp_rate_limit_exceed", "gd_recovery_rate_limit_exceed")),
    ],
    "FactorRemovedRule": [
        *(event(code) for code in ("gd_unenroll", "gd_user_delete", "gd_module_switch")),
        *both("delete", USER + "/multifactor/google-authenticator"),
        *both("DELETE", USER + "/authentication-methods"),
        *both("delete", USER + "/authentication-methods/totp%7Cdev_1"),
        *both("delete", USER + "/authenticators"),
        *both("delete", "guardian/enrollments/dev_1"),
        *both("put", "guardian/factors/otp", {"enabled": False}),
        *both("PUT", "guardian/policies"),
        *both("put", USER + "/authentication-methods"),
    ],
    "AdminOrTokenCreatedRule": [
        *both("post", "tenants/invitations"),
        *both("post", "client-grants"),
        *both("patch", "client-grants/cgr_1"),
        *both("post", "clients"),
        *both("PATCH", "clients/Dx0TmVb3"),
        *both("post", "clients/Dx0TmVb3/credentials"),
        *both("patch", "clients/Dx0TmVb3/credentials/cred_1"),
        *both("post", "clients/Dx0TmVb3/rotate-secret"),
        *both("post", USER + "/roles"),
        *both("post", USER + "/permissions"),
        *both("post", "roles/rol_1/users"),
        *both("post", "roles/rol_1/groups"),
        *both("post", "roles/rol_1/permissions"),
        *both("post", "groups/grp_1/roles"),
        *both("post", "organizations/org_1/members/auth0%7C64f0c2a91b7e/roles"),
        *both("post", "organizations/org_1/groups/grp_1/roles"),
        *both("post", "organizations/org_1/client-grants"),
        *both("post", "connections/con_1/scim-configuration/tokens"),
    ],
    "LogStreamChangedRule": [
        *both("post", "log-streams"),
        *both("PATCH", "log-streams/lst_1"),
        *both("put", "log-streams/lst_1"),
        *both("delete", "log-streams/lst_1"),
    ],
    "ApiRateLimitRule": [event("api_limit"), event("api_limit_warning")],
}
SILENT = {
    "BreachedPasswordRule": [
        event("fp"),
        event("pwd_leak", source="elsewhere.example.com"),
        {**event("pwd_leak"), "detail-type": "Something else"},
    ],
    "BruteForceRule": [event("f"), event("gd_auth_failed")],
    "FactorRemovedRule": [
        event("gd_auth_succeed"),
        *both("get", USER + "/authentication-methods"),
        *both("delete", USER + "/identities/google-oauth2/1"),
        *both("put", "guardian/factors/otp", {"enabled": True}),
        *both("get", "guardian/factors/otp", {"enabled": False}),
        *both("get", "guardian/policies"),
        *both("post", USER + "/authentication-methods"),
        *both("patch", USER + "/authentication-methods/totp%7Cdev_1"),
        event("mgmt_api_read", "get", "/api/v2/guardian/policies"),
    ],
    "AdminOrTokenCreatedRule": [
        event("s"),
        *both("patch", USER),
        *both("delete", "clients/Dx0TmVb3"),
        *both("delete", "client-grants/cgr_1"),
        *both("delete", USER + "/roles"),
        *both("post", "organizations/org_1/members"),
        *both("delete", "organizations/org_1/members/auth0%7C64f0c2a91b7e/roles"),
        *both("get", "clients/Dx0TmVb3/credentials"),
        *both("post", "client-grants-of"),
        *both("delete", "groups/grp_1/roles"),
        *both("post", "organizations/org_1/invitations"),
        *both("post", "connections/con_1/scim-configuration"),
        event("fapi", "patch", "/api/v2/clients/Dx0TmVb3"),
        event("sapi", "patch", "/v3/clients/Dx0TmVb3"),
    ],
    "LogStreamChangedRule": [
        event("mgmt_api_read", "get", "/api/v2/log-streams"),
        *both("get", "log-streams/lst_1"),
        *both("patch", "log-stream"),
        *both("post", "log-streams-of"),
    ],
    "ApiRateLimitRule": [event("limit_dc")],
}
# EventBridge refuses a longer one (service quotas, "Event pattern size").
MAX_PATTERN_BYTES = 2048


def check_detections():
    resources = load("detections.yaml")["Resources"]
    rules = {name: body["Properties"] for name, body in resources.items() if body["Type"] == "AWS::Events::Rule"}
    for name, checked in [("firing", FIRING), ("silent", SILENT)]:
        if rules.keys() != checked.keys():
            problems.append(f"{name}: detections without an event, or events without one: {rules.keys() ^ checked.keys()}")
    patterns = {name: EventPattern.load(json.dumps(rule["EventPattern"])) for name, rule in rules.items()}
    firing = [(name, case) for name, cases in FIRING.items() for case in cases]
    silent = [(None, case) for cases in SILENT.values() for case in cases]
    for wanted, case in firing + silent:
        matched = [name for name, pattern in patterns.items() if pattern.matches_event(case)]
        if matched != ([wanted] if wanted else []):
            problems.append(f"{json.dumps(case)}: matched by {matched}, not {wanted}")
    for name, rule in rules.items():
        check_that_all_of_it_is_needed(name, rule["EventPattern"])
        size = len(json.dumps(rule["EventPattern"], separators=(",", ":")))
        if size > MAX_PATTERN_BYTES:
            problems.append(f"{name}: a pattern of {size} bytes, EventBridge takes {MAX_PATTERN_BYTES}")
    folder = ROOT / "shared/tenant-logs/src/event_type"
    catalogue = [folder / "catalogue.rs", *sorted((folder / "catalogue").glob("*.rs"))]
    codes = {code for part in catalogue for code in re.findall(r'known\(\s*"(\w+)"', part.read_text(encoding="utf-8"))}
    named = {code for rule in rules.values() for code in types(rule["EventPattern"])}
    problems.extend(f"{code}: no type code of the catalogue" for code in sorted(named - codes))
    print(f"{len(rules)} detections, {len(firing)} events that match, {len(silent)} that do not, {len(named)} codes")


def check_that_all_of_it_is_needed(name, pattern):
    """Without any one of its codes, methods and paths a rule misses an event that it is to take."""
    for key in ("type", "method", "path"):
        for where, values in enumerate(lists(pattern, key)):
            for one in range(len(values)):
                lacking = json.loads(json.dumps(pattern))
                left = lists(lacking, key)[where]
                what = left.pop(one)
                # A list must not be empty; nothing has this value.
                left.extend([] if left else ["-"])
                rule = EventPattern.load(json.dumps(lacking))
                if all(rule.matches_event(case) for case in FIRING[name]):
                    problems.append(f"{name}: no event fires for {key} {json.dumps(what)}")


def lists(pattern, key):
    """The lists that stand under a key anywhere in a pattern."""
    if isinstance(pattern, list):
        return [found for part in pattern for found in lists(part, key)]
    if not isinstance(pattern, dict):
        return []
    own = [pattern[key]] if key in pattern else []
    return own + [found for name, part in pattern.items() if name != key for found in lists(part, key)]


def check_kql_detections():
    """Each KQL detection names the type codes, methods and paths of its rule, and no others."""
    resources = load("detections.yaml")["Resources"]
    rules = {name: body["Properties"] for name, body in resources.items() if body["Type"] == "AWS::Events::Rule"}
    paths = sorted((ROOT / "infra/azure/kql/detections").glob("*.kql"))
    names = {"".join(map(str.capitalize, path.stem.split("-"))) + "Rule": path for path in paths}
    if names.keys() != rules.keys():
        problems.append(f"detections on one cloud alone: {names.keys() ^ rules.keys()}")
    for name in sorted(names.keys() & rules.keys()):
        pattern, query = rules[name]["EventPattern"], names[name].read_text(encoding="utf-8")
        codes = {code for codes in re.findall(r"EventType in \(([^)]*)\)", query) for code in re.findall(r"'(\w+)'", codes)}
        methods = set(re.findall(r"Method =~ '(\w+)'", query))
        asked = {
            *(("exact", path) for path in re.findall(r"Path == '([^']*)'", query)),
            *(("prefix", path) for path in re.findall(r"Path startswith_cs '([^']*)'", query)),
            *(("wildcard", path.replace(".*", "*")) for path in re.findall(r"Path matches regex @'\^([^']*)\$'", query)),
        }
        wanted_paths = {
            next(iter(path.items())) if isinstance(path, dict) else ("exact", path) for path in values(pattern, "path")
        }
        wanted_methods = {method["equals-ignore-case"] for method in values(pattern, "method")}
        versions = [{path.removeprefix(begin) for _, path in wanted_paths if path.startswith(begin)} for begin in ("/api/v2/", "/v2/")]
        if versions[0] != versions[1] or 2 * len(versions[0]) != len({path for _, path in wanted_paths}):
            problems.append(f"{name}: not every path begins once with /api/v2/ and once with /v2/")
        for what, own, wanted in [
            ("type codes", codes, set(types(pattern))),
            ("methods", methods, wanted_methods),
            ("paths", asked, wanted_paths),
        ]:
            if own != wanted:
                problems.append(f"{names[name].name}: {what} are not those of {name}: {sorted(own ^ wanted)}")
    print(f"{len(names)} KQL detections name what their rules name")


def values(pattern, key):
    """What stands under a key anywhere in a pattern."""
    if isinstance(pattern, list):
        return [value for part in pattern for value in values(part, key)]
    if not isinstance(pattern, dict):
        return []
    return pattern.get(key, []) + [value for part in pattern.values() for value in values(part, key)]


def check_deliver_rule():
    """The rule that delivers: what it matches by moto, and that the local cloud's is the same."""
    pattern = load("rules.yaml")["Resources"]["DeliverRule"]["Properties"]["EventPattern"]
    cases = [
        (event("s"), True),
        (event("s", source=PARTNER), True),
        (event("s", source="elsewhere.example.com"), False),
        ({**event("s"), "detail-type": "Something else"}, False),
    ]
    rule = EventPattern.load(json.dumps(pattern))
    for case, wanted in cases:
        if rule.matches_event(case) != wanted:
            problems.append(f"DeliverRule: {json.dumps(case)}: matched is not {wanted}")
    cloud = (ROOT / "tests/cargo-local/src/cloud.rs").read_text(encoding="utf-8")
    ours = re.search(r'RULE_PATTERN: &str = r#"(.*?)"#', cloud)[1]
    if json.loads(ours) != pattern:
        problems.append(f"the local cloud's rule is not that of rules.yaml: {ours}")
    print(f"1 rule that delivers, {len(cases)} events")


def check_bus_types():
    """What the webhook puts onto the custom bus by default is what the detections match, in the local cloud too."""
    resources = load("detections.yaml")["Resources"].values()
    patterns = [body["Properties"]["EventPattern"] for body in resources if body["Type"] == "AWS::Events::Rule"]
    matched = ",".join(sorted({code for pattern in patterns for code in types(pattern)}))
    template = yaml.load((ROOT / "template.yaml").read_text(encoding="utf-8"), Template)
    put = put_onto_bus("detections")[1]
    cloud = (ROOT / "tests/cargo-local/src/cloud.rs").read_text(encoding="utf-8")
    local = re.search(r'BUS_TYPES: &str = "(.*?)"', cloud)[1]
    for name, own in [("template.yaml", put), ("the local cloud", local)]:
        if own != matched:
            problems.append(f"{name} puts {own} onto the custom bus, detections match {matched}")
    if template["Parameters"]["BusTypes"]["Default"] != "detections":
        problems.append("BusTypes is not the types of the detections by default")
    print(f"{matched.count(',') + 1} types on the custom bus, as the detections match")
    check_bus_types_parameter(matched)


def check_bus_types_parameter(matched):
    """What becomes of BusTypes with and without detections, as moto evaluates the template, and what it refuses."""
    both, queue = "event-queue,event-bus", "event-queue"
    cases = [
        # What is written, with detections or not, the sinks, the filter of the bus; an empty one lets all pass.
        ("detections", True, both, matched),
        ("detections,f", True, both, matched + ",f"),
        ("f,detections,gd_*", True, both, f"f,{matched},gd_*"),
        ("f", True, both, "f"),
        ("*", True, both, ""),
        ("detections,f", False, both, ",f"),
        ("f,fp", False, both, "f,fp"),
        ("*", False, both, ""),
    ]
    for written, has_detections, *wanted in cases:
        if list(put_onto_bus(written, has_detections)) != wanted:
            problems.append(f"BusTypes={written}: {put_onto_bus(written, has_detections)}, not {wanted}")
    if put_onto_bus("detections", False)[0] != queue:
        problems.append("event-bus is a sink of the webhook without detections")
    parameters = yaml.load((ROOT / "template.yaml").read_text(encoding="utf-8"), Template)["Parameters"]
    pattern = re.compile(parameters["BusTypes"]["AllowedPattern"])
    refused = ["", "detections*", "detections_x", "my_detections", "detections,f,detections", "*,f", "f,*", "f,", "f fp"]
    for text in [case[0] for case in cases] + refused:
        if bool(pattern.fullmatch(text)) == (text in refused):
            problems.append(f"BusTypes: `{text}` is {'taken' if text in refused else 'refused'}")
    print(f"{len(cases)} values of BusTypes evaluated, {len(refused)} refused")


@mock_aws
def put_onto_bus(bus_types, has_detections=True):
    """The webhook's sinks and the types that it puts onto the bus."""
    template = yaml.load((ROOT / "template.yaml").read_text(encoding="utf-8"), Functions)
    passed_on = template["Resources"]["Receive"]["Properties"]["Parameters"]
    parameters = ["BusTypes", "ArchiveDays", "UseDetections", "CreateAlarmTopic", "AlarmTopicArn"]
    conditions = ["PutsEveryType", "PutsTypesOfDetections", "HasDetections", "PutsOntoBus"]
    part = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Parameters": {name: template["Parameters"][name] for name in parameters},
        "Conditions": {name: template["Conditions"][name] for name in conditions},
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {name: {"Value": passed_on[name]} for name in ["Sinks", "BusTypes"]},
    }
    given = {"BusTypes": bus_types, "UseDetections": str(has_detections).lower(), "CreateAlarmTopic": "true"}
    client = boto3.client("cloudformation", "us-east-1", aws_access_key_id="key", aws_secret_access_key="s3cret")
    client.create_stack(
        StackName="relay",
        TemplateBody=json.dumps(part),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()],
    )
    outputs = client.describe_stacks(StackName="relay")["Stacks"][0]["Outputs"]
    values = {output["OutputKey"]: output["OutputValue"] for output in outputs}
    return values["Sinks"], values["BusTypes"]


def types(pattern):
    """The type codes anywhere in a pattern."""
    if isinstance(pattern, list):
        return [code for part in pattern for code in types(part)]
    if not isinstance(pattern, dict):
        return []
    own = [code for code in pattern.get("type", []) if isinstance(code, str)]
    return own + [code for part in pattern.values() for code in types(part)]


def check_redact():
    """The template takes an entry of Redact just where the functions do (shared/tenant-logs/src/redaction/tests/entries.rs).

    Bicep has no patterns: there the parameter's text says the same, and the functions refuse at their start.
    """
    redact = yaml.load((ROOT / "template.yaml").read_text(encoding="utf-8"), Template)["Parameters"]["Redact"]
    pattern = re.compile(redact["AllowedPattern"])
    taken = [
        "", "ip=mask", " ip = mask ", "ip=mask, user_name=drop", "user_name=hmac,ip=mask,details.request.body=drop",
        r"details.a\.b=mask", r"details.a\,b=mask,ip=drop", r"details.a\=b=hmac", r"details.a\\=drop",
        r"a\,b\=c\.d\\.e=drop,f=mask", r"details.a\*b=mask", r"details.c\[0\]=mask", "details.0.name=drop",
        "type=mask,date=drop", "$event_schema.version=mask", "details.data.log_id=mask", "details.logs=drop",
        r"data\.x=mask", "data_x=mask", "details.sp ace=mask", "a. .b=mask", "ünï=mask",
        r"details.request.body.user_metadata.https://example\.com/a=mask",
    ]
    refused = [
        " ", "ip", "ip=", "=mask", " =mask", "ip=hide", "ip=mask=drop", "a..b=mask", ".a=mask", "a.=mask", "a. =mask",
        "a\\=mask", "a\\x=mask", "ip=mask\\", "ip:mask", "ip=mask;a=drop", "ip=mask,", ",ip=mask", ",",
        "ip=mask, ,a=drop", "ip=mask,,user_name=drop", "*=mask", "details.*=mask", "details.p[0].x=mask", "[0]=mask",
        "data.ip=mask", "data=drop", "detail.data.ip=mask", "logs.0.data.ip=mask", "redacted=drop",
        "log_id_derived=drop", "$.ip=mask", "/ip=mask", "0.ip=mask", "log_id=mask", "ip=mask, log_id = hmac",
        "log_id.x=drop", "_id=mask",
    ]
    for text in taken + refused:
        if bool(pattern.fullmatch(text)) != (text in taken):
            problems.append(f"Redact: `{text}` is {'refused' if text in taken else 'taken'}")
    bicep = (ROOT / "infra/azure/types.bicep").read_text(encoding="utf-8")
    told = re.search(r"@description\('([^\n]*)'\)\n  redact: string\?\n", bicep).group(1)
    for rule in redact["ConstraintDescription"].strip().split("; "):
        if rule not in told:
            problems.append(f"types.bicep: redact does not say: {rule}")
    print(f"{len(taken)} values of Redact taken, {len(refused)} refused")


def check_metrics():
    counters = set(counter_names())
    named = set()
    for path in sorted((ROOT / "infra/aws").glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        if NAMESPACE in text:
            named |= set(re.findall(r'MetricName=\\?"(\w+)', text)) | set(re.findall(r"SELECT \w+\((\w+)\)", text))
    problems.extend(f"{name}: no counter of the relay" for name in sorted(named - counters))
    if len(named) < 10:
        problems.append(f"too few metrics found: {sorted(named)}")
    print(f"{len(named)} metrics in alarms and dashboard: {', '.join(sorted(named))}")


def flat(statements):
    """The statements of a policy, those behind a condition too."""
    for statement in statements:
        if isinstance(statement, dict):
            yield statement
        elif isinstance(statement, list):
            yield from flat(statement)


def send_resources(role):
    """The queues that a role may send to, as text."""
    documents = [policy["PolicyDocument"] for policy in role.get("Policies", [])]
    statements = [statement for document in documents for statement in document["Statement"]]
    return str([one["Resource"] for one in statements if isinstance(one, dict) and one["Action"] == "sqs:SendMessage"])


def check_failure_paths():
    paths = sorted((ROOT / "infra/aws").rglob("*.yaml"))
    resources = {}
    for path in paths:
        for name, body in load(path.relative_to(ROOT / "infra/aws"))["Resources"].items():
            resources[f"{path.stem}/{name}"] = (body["Type"], body.get("Properties", {}))

    def of_type(wanted):
        return [(name, properties) for name, (kind, properties) in resources.items() if kind == wanted]

    def must(name, holds, what):
        if not holds:
            problems.append(f"{name}: {what}")

    targets = [(name, target) for name, rule in of_type("AWS::Events::Rule") for target in rule["Targets"]]
    for name, target in targets:
        must(name, "DeadLetterConfig" in target, "a target without a dead-letter queue")
    mappings = of_type("AWS::Lambda::EventSourceMapping")
    for name, mapping in mappings:
        must(name, mapping.get("FunctionResponseTypes") == ["ReportBatchItemFailures"], "no item failures")
    stream = dict(mappings)["deliver/StreamMapping"]
    for setting, wanted in [("BisectBatchOnFunctionError", True), ("MaximumRetryAttempts", -1),
                            ("MaximumRecordAgeInSeconds", -1)]:
        must("deliver/StreamMapping", stream.get(setting) == wanted, f"{setting} is not {wanted}")
    # A run of the poller that fails leaves its checkpoint, so there is nothing to keep.
    poller = "poll/PollInvokeConfig"
    for name, invocations in of_type("AWS::Lambda::EventInvokeConfig"):
        if name == poller:
            must(name, invocations.get("MaximumRetryAttempts") == 0, "a failed run is made again")
            continue
        must(name, "OnFailure" in invocations.get("DestinationConfig", {}), "no destination for failures")
    queues = dict(of_type("AWS::SQS::Queue"))
    for name, redrives in [("queues/DeliverQueue", 240), ("queues/ReplayQueue", 10)]:
        policy = queues[name].get("RedrivePolicy", {})
        must(name, policy.get("maxReceiveCount") == redrives, f"not redriven after {redrives} receptions")
    for name, queue in queues.items():
        is_last = "RedrivePolicy" not in queue
        must(name, not is_last or queue.get("MessageRetentionPeriod") == 1209600, "dead letters kept less than 14 days")
    closed = {str(statement["Resource"]) for _, policy in of_type("AWS::SQS::QueuePolicy")
              for statement in policy["PolicyDocument"]["Statement"]
              # One that a condition leaves out is a list.
              if isinstance(statement, dict)
              and (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "sqs:*")
              and statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}}
    for name in queues:
        is_closed = any(name.split("/")[-1] in resource for resource in closed)
        must(name, is_closed, "no policy that demands TLS")
    statements = [(name, statement) for name, key in of_type("AWS::KMS::Key")
                  for statement in key["KeyPolicy"]["Statement"]]
    for name, statement in statements:
        if "events.amazonaws.com" in str(statement["Principal"]):
            asked = str(statement.get("Condition", {}))
            must(name, "aws:Source" not in asked, "EventBridge may not use a topic's key that asks for its source")
    # EventBridge takes entries for a bus that does not exist, so whoever puts them asks for the bus.
    policies = [(name, statement) for name, role in of_type("AWS::IAM::Role") for policy in role.get("Policies", [])
                for statement in flat(policy["PolicyDocument"]["Statement"])]
    putting = [(name, statement) for name, statement in policies if "events:PutEvents" in statement.get("Action", [])
               and not name.startswith("other-bus")]
    for name, statement in putting:
        must(name, "events:DescribeEventBus" in statement["Action"], "puts onto a bus that it may not ask for")
    must("roles", {name.split("/")[0] for name, _ in putting} >= {"receive", "deliver"}, "none puts onto a bus")
    alarms = {properties.get("MetricName") for _, properties in of_type("AWS::CloudWatch::Alarm")}
    must("alarms", {"IteratorAge", "ApproximateAgeOfOldestMessage"} <= alarms, "none on the age of what waits")
    metrics = dict(of_type("AWS::CloudWatch::Alarm"))
    must("alarms", "waiting_seconds" in str(metrics["relay-alarms/WaitingAlarm"]), "none on the age of what returned")
    of_ledger = str(metrics["alarms/LedgerThrottlesAlarm"])
    must("alarms", "ReadThrottleEvents" in of_ledger and "WriteThrottleEvents" in of_ledger, "none on the ledger")
    sends = {name: send_resources(role) for name, role in of_type("AWS::IAM::Role")}
    for queue in ["DeliverQueueArn", "ReplayQueueArn", "SetAsideQueueArn"]:
        must("deliver/DeliverLogsRole", queue in sends["deliver/DeliverLogsRole"], f"may not send to {queue}")
    must("receive/ReceiveLogsRole", "DeliverQueueArn" in sends["receive/ReceiveLogsRole"], "may not send to its queue")
    print(f"{len(targets)} targets of rules, {len(mappings)} mappings, {len(queues)} queues keep what fails")


if __name__ == "__main__":
    check_detections()
    check_deliver_rule()
    check_bus_types()
    check_kql_detections()
    check_redact()
    check_metrics()
    check_failure_paths()
    sys.exit("\n".join(problems) or 0)
