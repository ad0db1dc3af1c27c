"""What main.bicep hands from one module of infra/azure to another, what the modules make of it, and names within the limits
of Azure. A swapped or forgotten value is valid Bicep.

python3 .ci/azure/wiring_test.py        ends 0 if all holds
"""

import json
import re
import sys

from bicep_files import MAIN, READ, ROOT, TEXT, holds, only, resources, run, same

MODULES = MAIN["modules"]
# Those that a swap would pass unseen; a new one needs no line here.
SETTINGS = {
    "commonSettings": {
        "TENANT_NAME": "tenantName",
        "DEAD_LETTER_CONTAINER_ENDPOINT": "'${dataStorage.outputs.blobEndpoint}${deadLetters}'",
        "INCLUDE_TYPES": "events.?includeTypes ?? ''",
        "EXCLUDE_TYPES": "events.?excludeTypes ?? ''",
        "INCLUDE_CATEGORIES": "events.?includeCategories ?? ''",
        "EXCLUDE_CATEGORIES": "events.?excludeCategories ?? ''",
        "EVENT_TOPIC_INCLUDE_TYPES": "singleEvents.?includeTypes ?? ''",
        "EVENT_TOPIC_EXCLUDE_TYPES": "singleEvents.?excludeTypes ?? ''",
        "EVENT_TOPIC_INCLUDE_CATEGORIES": "singleEvents.?includeCategories ?? ''",
        "EVENT_TOPIC_EXCLUDE_CATEGORIES": "singleEvents.?excludeCategories ?? ''",
        "REDACT": "events.?redact ?? ''",
        "WITHHOLD_UNREADABLE": "events.?withholdUnreadable ?? false ? 'true' : ''",
        "INVOCATION_SECONDS": "string(invocationSeconds)",
        "LOG_LEVEL": "logLevel",
        "COUNTER_SECONDS": "string(counterSeconds)",
    },
    "ingestSettings": {"MAX_BODY_BYTES": "string(maxBodyBytes)"},
    "subscriberSettings": {
        "SINKS": "usedSinks",
        "RAW": "raw",
        "LOGS_INGESTION_ENDPOINT": "rule.outputs.endpoint",
        "LOGS_INGESTION_RULE_ID": "rule.outputs.immutableId",
        "HTTP_SINK_URL": "usedCollectorUrl",
        "HTTP_SINK_FORMAT": "collector.?format ?? ''",
        "LEDGER_TABLE_ENDPOINT": "'${dataStorage.outputs.tableEndpoint}${ledger}'",
        "LEDGER_DAYS": "string(ledgerDays)",
    },
    "pollerSettings": {
        "CHECKPOINT_TABLE_ENDPOINT": "'${dataStorage.outputs.tableEndpoint}${ledger}'",
        "GAP_SINKS": "useWebhook || usePartnerTopic ? usedSinks : ''",
        "GRACE_SECONDS": "poller.?graceSeconds == null ? '' : string(poller!.graceSeconds!)",
        "INVOCATION_SECONDS": "'240'",
    },
}
# What Azure takes as a name's length.
LENGTHS = {
    "storage": (3, 24),
    "vault": (3, 24),
    "app": (2, 60),
    "topic": (3, 50),
    "workspace": (4, 63),
    "identity": (3, 128),
    "insights": (1, 255),
    "rule": (3, 64),
}
SUFFIX = 13  # of uniqueString
WAITS = {
    "sentinel": ["workspace"],
    "table": ["workspace"],
    "insights": ["workspace"],
    "workspaceFunctions": ["table"],
    "savedQueries": ["workspaceFunctions"],
    "workbook": ["workspaceFunctions"],
    "alerts": ["workspaceFunctions", "insights"],
    "detections": ["workspaceFunctions", "sentinel"],
}


def limits(file, parameter):
    """The lowest and highest value or length that a parameter may have."""
    above = re.search(rf"((?:^@.*\n)*)^param {parameter}\b", TEXT[file], re.MULTILINE)[1]
    found = dict(re.findall(r"@(min|max)(?:Length|Value)\((-?\d+)\)", above))
    return (int(found["min"]) if "min" in found else None, int(found["max"]) if "max" in found else None)


def settings_come_from_where_they_should():
    for variable, wanted in SETTINGS.items():
        got = MAIN["vars"][variable]
        same({name: got.get(name) for name in wanted}, wanted, variable)
    for app, own in (("ingestApp", "ingestSettings"), ("subscriberApp", "subscriberSettings")):
        said = MODULES[app]["params"]["settings"]
        holds(said.startswith(f"union(commonSettings, {own}, "), f"{app}: {said}")
    said = MODULES["pollerApp"]["params"]["settings"]
    holds(said.startswith("union(commonSettings, subscriberSettings, pollerSettings, "), f"pollerApp: {said}")
    topic = "EVENT_TOPIC_ENDPOINT: topic!.outputs.endpoint"
    holds(topic in MODULES["ingestApp"]["params"]["settings"], "the topic of the webhook")
    holds(topic.replace(": ", ": useWebhook ? ") in MODULES["subscriberApp"]["params"]["settings"], "the topic of replayed events")


def every_secret_is_asked_for_by_the_script_where_it_is_read():
    entries = MAIN["outputs"]["vaultEntries"]
    found = re.findall(r"(?m)^\s*\w+_URI: (?:(.+) \? )?'\$\{vault\.outputs\.uri\}secrets/([\w-]+)'", TEXT["main.bicep"])
    holds(len(found) >= 3, found)
    for condition, secret in found:
        # The one without a condition is that of the webhook.
        holds(f"{condition or 'useWebhook'} ? ['{secret}'] : []" in entries, f"vaultEntries lacks {secret}: {entries}")


def what_settings_and_subscriptions_name_is_made():
    data = MODULES["dataStorage"]["params"]
    same((data["containerNames"], data["tableNames"]), (["deadLetters"], ["ledger"]), "containers and tables")
    for name in ("hostStorage", "dataStorage"):
        same(MODULES[name]["params"]["redundancy"], "redundancy", name)
    site = only("Microsoft.Web/sites")["properties"]["functionAppConfig"]["deployment"]["storage"]
    same(site["authentication"]["userAssignedIdentityResourceId"], "identity.id", "the resource ID, not the client ID")


def what_main_is_told_reaches_every_module_that_asks_for_it():
    others = {"useWebhook": "usesWebhook", "useSentinel": "useSentinel"}
    for name, module in MODULES.items():
        for parameter in READ[module["@kind"]]["params"]:
            mine = next((mine for mine, theirs in others.items() if theirs == parameter), parameter)
            if mine in MAIN["params"] and mine not in ("workspaceName", "workspaceResourceGroup"):
                same(module["params"].get(parameter), mine, f"{name}: {parameter}")


def whoever_builds_on_something_waits_for_it():
    for name, wanted in WAITS.items():
        same(MODULES[name].get("dependsOn"), wanted, name)


def names_fit_with_the_shortest_and_the_longest_prefix():
    shortest, longest = limits("main.bicep", "prefix")
    count = 0
    for name, module in MODULES.items():
        kind = module["@kind"].removeprefix("modules/").removesuffix(".bicep")
        expression = module["params"].get("name")
        if expression is None:
            continue
        if expression == "usedWorkspaceName":
            expression = MAIN["vars"]["usedWorkspaceName"].partition(" : ")[0].partition(" ? ")[2]
        at_least, at_most = LENGTHS[kind]
        declared = limits(module["@kind"], "name")
        for prefix in (shortest, longest):
            length = len(expression.strip("'").replace("${prefix}", "p" * prefix).replace("${suffix}", "s" * SUFFIX))
            holds(at_least <= length <= at_most, f"{name}: a name of {length} characters")
        holds(declared[1] <= at_most and (declared[0] or 1) >= at_least, f"{module['@kind']}: {declared}")
        count += 1
    holds(count >= 10, count)


def numbers_are_within_what_host_and_services_take():
    _, longest = limits("main.bicep", "invocationSeconds")
    for path in (ROOT / "functions").glob("*/host.json"):
        time = json.loads(path.read_text(encoding="utf-8"))["functionTimeout"]
        hours, minutes, seconds = map(int, time.split(":"))
        holds(longest + 3 < hours * 3600 + minutes * 60 + seconds, f"{path}: {time}, and a call may take {longest} s")
    same(limits("main.bicep", "tableRetentionInDays"), (4, 730), "retention")
    same(limits("main.bicep", "tableTotalRetentionInDays"), (4, 4383), "total retention")
    same(limits("main.bicep", "workspaceRetentionInDays"), (30, 730), "retention of a workspace")
    same(limits("main.bicep", "partnerAuthorizationDays"), (2, 365), "days of an authorization")
    holds(7 <= int(only("Microsoft.KeyVault/vaults")["properties"]["softDeleteRetentionInDays"]) <= 90, "days of a deleted vault")


def what_cannot_work_is_refused_by_the_template():
    for variable, condition in {
        "usedSinks": "asksForNormalized && !useSentinel",
        "usedCollectorUrl": "asksForCollectorUrl && empty(collector.?url ?? '')",
        "usedTotalRetention": "tablePlan == 'Analytics' && tableTotalRetentionInDays < tableRetentionInDays",
    }.items():
        holds(MAIN["vars"][variable].startswith(f"{condition} ? fail("), f"{variable}: {MAIN['vars'][variable]}")
    same(MODULES["table"]["params"]["totalRetentionInDays"], "usedTotalRetention", "days until deletion")
    rows = MAIN["outputs"]["rowsCanBeQueried"]
    same(rows, "bool = contains(sinks, 'log-analytics') && tablePlan == 'Analytics'", "whether to wait for a row")


def the_webhooks_url_is_that_of_its_function():
    bindings = json.loads((ROOT / "functions/azure-webhook-ingest/receive/function.json").read_text(encoding="utf-8"))["bindings"]
    (route,) = [binding["route"] for binding in bindings if binding["type"] == "httpTrigger"]
    url = MAIN["outputs"]["webhookUrl"]
    same(url, f"string = useWebhook ? 'https://${{ingestApp!.outputs.hostName}}/{route}' : ''", "webhookUrl")


def the_table_keeps_what_it_has_and_the_rule_fills_it():
    table = only("Microsoft.OperationalInsights/workspaces/tables")["properties"]
    same(table["schema"]["columns"], "concat(ours, extraColumns)", "columns")
    same(table["retentionInDays"], "plan == 'Analytics' ? retentionInDays : null", "days")
    ours = READ["modules/table.bicep"]["vars"]["ours"]
    holds("type: each.type == 'datetime' ? 'dateTime' : each.type" in ours, ours)
    source = (ROOT / "shared/http-clients/src/log_analytics/settings.rs").read_text(encoding="utf-8")
    stream = re.search(r'const STREAM: &str = "([\w-]+)";', source)[1]
    same(READ["modules/rule.bicep"]["vars"]["ownStream"], f"'{stream}'", "the stream that the sink posts to")
    rule = TEXT["modules/rule.bicep"]
    holds("outputStream: 'Custom-${tableName}'" in rule, "the table of our stream")
    for text in ("useSentinel ? normalizedStreams : {}", "useSentinel ? normalizedFlows : []"):
        holds(text in rule, text)


def auth0_is_authorized_beside_the_others():
    partner = only("Microsoft.EventGrid/partnerConfigurations")
    same((partner["name"], partner["location"]), ("'default'", "'global'"), "the one that a group has")
    listed = partner["properties"]["partnerAuthorization"]["authorizedPartnersList"]
    holds(listed.startswith("concat(otherPartners, [ { partnerName: 'Auth0' "), listed)
    for text in ("'804a11ca-ce9b-4158-8e94-3c8dc7a072ec'", "dateTimeAdd(now, 'P${days - 1}D')"):
        holds(text in listed, text)


def subscriptions_send_to_what_they_are_called_after():
    ids = {
        "'EventHub'": {"resourceId": "hubNamespace::hub.id"},
        "'StorageQueue'": {"resourceId": "queueAccount.id", "queueName": "storageQueue.?name"},
        "'ServiceBusQueue'": {"resourceId": "queueNamespace::queue.id"},
        "'ServiceBusTopic'": {"resourceId": "topicNamespace::topic.id"},
        "'WebHook'": {"endpointUrl": "webhookUrl", "minimumTlsVersionAllowed": "'1.2'"},
        "'AzureFunction'": {
            "resourceId": "'${subscriberApp.id}/functions/deliver'",
            "maxEventsPerBatch": "batching.maxEvents",
            "preferredBatchSizeInKilobytes": "batching.kilobytes",
        },
    }
    for file, kind in (("topic", "topics"), ("partner", "partnerTopics")):
        read = READ[f"modules/{file}-subscriptions.bicep"]
        same(read["vars"]["identityOfTopic"]["userAssignedIdentity"], "identity.id", f"{file}: identity")
        letters = read["vars"]["deadLetters"]["deadLetterDestination"]["properties"]
        same(letters["resourceId"], "dataStorage.id", f"{file}: account of dead letters")
        seen = set()
        for place, body in resources(f"Microsoft.EventGrid/{kind}/eventSubscriptions"):
            properties = body["properties"]
            to = properties.get("destination") or properties["deliveryWithResourceIdentity"]["destination"]
            same(to["properties"], ids[to["endpointType"]], f"{place} {to['endpointType']}")
            seen.add(to["endpointType"])
        same(seen, set(ids), file)


if __name__ == "__main__":
    run(sys.modules[__name__], helpers=(limits,))
