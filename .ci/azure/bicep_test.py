"""What neither compiler nor linter sees in infra/azure: what Azure takes in silence or refuses, who may do what, no keys.

python3 .ci/azure/bicep_test.py        ends 0 if all holds
"""

import json
import re
import sys

from bicep_files import MAIN, READ, ROOT, TEXT, everywhere, holds, only, resources, run, same

GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

# Of Azure's built-in roles; neither checker knows a wrong one.
ROLES = {
    "storageBlobDataOwner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    "storageBlobDataContributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "storageQueueDataContributor": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    "storageQueueDataMessageSender": "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a",
    "storageTableDataContributor": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
    "eventGridDataSender": "d5a91429-5739-47e2-a06b-3470a27159e7",
    "eventHubsDataSender": "2b629674-e913-4c01-ae53-ef4638d8f975",
    "serviceBusDataSender": "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39",
    "keyVaultSecretsUser": "4633458b-17de-408a-b874-0445c86b69e6",
    "keyVaultSecretsOfficer": "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
    "monitoringMetricsPublisher": "3913510d-42f4-4e42-8a64-420c390055eb",
}
# As docs/azure-roles.md and the portal call them.
CALLED = {
    "eventGridDataSender": "EventGrid Data Sender",
    "eventHubsDataSender": "Azure Event Hubs Data Sender",
    "serviceBusDataSender": "Azure Service Bus Data Sender",
}
AUTH0_REGISTRATION = "804a11ca-ce9b-4158-8e94-3c8dc7a072ec"
# Each assignment of the two modules: what it is on, and the role.
GRANTS = {
    "modules/roles.bicep": {
        "onHostStorage": ("hostStorage", "role"),
        "onInsights": ("insights", "roles.monitoringMetricsPublisher"),
        "onContainer": ("dataStorage::blobService::container", "roles.storageBlobDataContributor"),
        "onTable": ("dataStorage::tableService::table", "roles.storageTableDataContributor"),
        "onTopic": ("topic", "roles.eventGridDataSender"),
        "onRule": ("rule", "roles.monitoringMetricsPublisher"),
        "onVault": ("vault", "vaultRole"),
    },
    "modules/sender-roles.bicep": {
        "onHub": ("hubNamespace::hub", "roles.eventHubsDataSender"),
        "onQueue": ("queueAccount::queueService::queue", "roles.storageQueueDataMessageSender"),
        "onBusQueue": ("queueNamespace::queue", "roles.serviceBusDataSender"),
        "onBusTopic": ("topicNamespace::topic", "roles.serviceBusDataSender"),
    },
}
# What each parameter of modules/roles.bicep gives, as docs/azure-roles.md has it: the roles, and on what.
GIVEN = {
    "hostStorageName": (
        ("Storage Blob Data Owner", "Storage Queue Data Contributor", "Storage Table Data Contributor"),
        "the host's storage account",
    ),
    "insightsName": (("Monitoring Metrics Publisher",), "Application Insights"),
    "containerName": (("Storage Blob Data Contributor",), "the container `dead-letters`"),
    "tableName": (("Storage Table Data Contributor",), "the table `ledger`"),
    "topicName": (("EventGrid Data Sender",), "the custom topic"),
    "ruleName": (("Monitoring Metrics Publisher",), "the data collection rule"),
    "vaultName": (("Key Vault Secrets User",), "the vault"),
    "writesSecrets": (("Key Vault Secrets Officer",), "the vault"),
}
# Whom the page calls otherwise than by a function's name.
OTHERS = {"topicIdentity": "the topics", "deployerId": "who deploys"}
# Flex Consumption refuses them, or they break the host's identity, or they say nothing there.
REFUSED_SETTINGS = (
    r"FUNCTIONS_WORKER_RUNTIME FUNCTIONS_EXTENSION_VERSION WEBSITE_RUN_FROM_PACKAGE SCM_DO_BUILD_DURING_DEPLOYMENT "
    r"WEBSITE_CONTENT\w+ ENABLE_ORYX_BUILD WEBSITE_TIME_ZONE TZ AzureWebJobsStorage AzureWebJobsStorage__\w+ServiceUri"
).split()
REFUSED_PROPERTIES = (
    "ftpsState linuxFxVersion use32BitWorkerProcess netFrameworkVersion functionAppScaleLimit preWarmedInstanceCount"
).split()
RESERVED_COLUMNS = (
    "_ResourceId id _SubscriptionId TenantId Type UniqueId Title BilledSize IsBillable InvalidTimeGenerated _ItemId "
    "_ResourceGroup _TimeReceived MG ManagementGroupName SourceSystem"
).split()


def runtime_name_and_version_are_those_that_start():
    same(only("Microsoft.Web/sites")["properties"]["functionAppConfig"]["runtime"], {"name": "'custom'", "version": "'1.0'"}, "runtime")
    same(only("Microsoft.Web/serverfarms")["sku"], {"tier": "'FlexConsumption'", "name": "'FC1'"}, "plan")


def nothing_is_set_that_flex_refuses():
    for name in REFUSED_SETTINGS:
        same(list(everywhere(rf"(?m)^\s*{name}:")), [], name)
    for name in REFUSED_PROPERTIES:
        same(list(everywhere(rf"\b{name}\b")), [], name)
    site = only("Microsoft.Web/sites")["properties"]
    same(set(site), {"serverFarmId", "httpsOnly", "functionAppConfig", "siteConfig"}, "what an app says")
    same(set(site["siteConfig"]), {"minTlsVersion"}, "what its siteConfig says")
    same(list(everywhere(r"enablePurgeProtection: (?!purgeProtection \? true : null).*")), [], "purge protection is true or absent")


def host_storage_is_reached_by_identity_in_full():
    settings = only("Microsoft.Web/sites")["resource appSettings"]["properties"]
    for member in (
        "AzureWebJobsStorage__accountName: hostStorage.name",
        "AzureWebJobsStorage__credential: 'managedidentity'",
        "AzureWebJobsStorage__clientId: identity.properties.clientId",
        "AZURE_CLIENT_ID: identity.properties.clientId",
        "APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.properties.clientId};Authorization=AAD'",
    ):
        holds(member in settings, f"no setting {member}")
    storage = only("Microsoft.Web/sites")["properties"]["functionAppConfig"]["deployment"]["storage"]
    same(storage["authentication"]["type"], "'UserAssignedIdentity'", "how the package is reached")


def function_of(app):
    """The function whose package an app gets; the container bears its name."""
    return MAIN["vars"][app["packageContainerName"]].strip("'")


def every_app_has_a_plan_a_container_and_an_identity_of_its_own():
    apps = [module["params"] for module in MAIN["modules"].values() if module["@kind"] == "modules/app.bicep"]
    holds(len(apps) >= 2, "apps")
    for parameter in ("name", "packageContainerName", "identityName"):
        same(len({app[parameter] for app in apps}), len(apps), f"apps that share their {parameter}")
    same(READ["modules/app.bicep"]["resources"]["plan"]["name"], "'${name}-plan'", "the plan is the app's")
    same(READ["modules/app.bicep"]["resources"]["app"]["properties"]["serverFarmId"], "plan.id", "the app is on it")
    made = MAIN["modules"]["hostStorage"]["params"]["containerNames"]
    for app in apps:
        holds(app["packageContainerName"] in made, f"no container {app['packageContainerName']} in {made}")
        function = function_of(app)
        holds((ROOT / "functions" / function / "host.json").is_file(), function)
        named = app["packageContainerName"]
        holds(re.search(rf"'\$\{{\w+!?\.outputs\.name\}}=\$\{{{named}\}}'", MAIN["outputs"]["apps"]), f"output apps lacks {function}")


def roles_are_the_ones_that_they_are_called():
    for file in GRANTS:
        for name, identifier in READ[file]["vars"]["roles"].items():
            same(identifier, f"'{ROLES[name]}'", f"{file} {name}")
    hosts = {"roles.storageBlobDataOwner", "roles.storageQueueDataContributor", "roles.storageTableDataContributor"}
    same(set(READ["modules/roles.bicep"]["vars"]["hostRoles"]), hosts, "roles of the host")
    chosen = READ["modules/roles.bicep"]["vars"]["vaultRole"]
    same(chosen, "writesSecrets ? roles.keyVaultSecretsOfficer : roles.keyVaultSecretsUser", "role on the vault")
    known = {*ROLES.values(), AUTH0_REGISTRATION}
    same([hit for hit in everywhere(GUID.pattern) if hit[1] not in known], [], "identifiers that are no known role")


def rows_of_the_page():
    """The rows of docs/azure-roles.md: the identity, its roles, and on what."""
    _, _, table = (ROOT / "docs/azure-roles.md").read_text(encoding="utf-8").partition("|---|---|---|---|\n")
    identity = None
    for row in table.partition("\n\n")[0].splitlines():
        cells = [cell.strip() for cell in row.split("|")]
        identity = cells[1] or identity
        yield identity, cells[2].split(", "), cells[3]


def the_page_of_roles_has_every_role_and_no_other():
    told = {role for _, roles, _ in rows_of_the_page() for role in roles}
    used = {name for file in GRANTS for name in READ[file]["vars"]["roles"]}
    same(told, {CALLED.get(name) or re.sub("([a-z])([A-Z])", r"\1 \2", name[0].upper() + name[1:]) for name in used}, "roles told")


def every_assignment_is_on_one_resource_and_its_name_carries_the_principal():
    found = list(resources("Microsoft.Authorization/roleAssignments"))
    same(len(found), sum(len(grants) for grants in GRANTS.values()), "assignments")
    for place, body in found:
        file, name = place.split(" ")
        scope, role = GRANTS[file][name]
        same(body["scope"], scope, f"{place} scope")
        same(body["name"], f"guid({scope}.id, principalId, {role})", f"{place} name")
        definition = f"subscriptionResourceId('Microsoft.Authorization/roleDefinitions', {role})"
        same(body["properties"]["roleDefinitionId"], definition, f"{place} role")
        same(body["properties"]["principalId"], "principalId", f"{place} principal")
        holds(body["properties"].get("principalType"), f"{place} has no principalType: PrincipalNotFound")


def each_identity_may_do_what_the_page_says_and_no_more():
    apps = [module["params"] for module in MAIN["modules"].values() if module["@kind"] == "modules/app.bicep"]
    functions = {re.match(r"\w+", app["identityName"])[0]: function_of(app) for app in apps}
    given = {}
    for name, module in MAIN["modules"].items():
        if module["@kind"] == "modules/roles.bicep":
            parameters = set(module["params"])
            principal, output = re.fullmatch(r"(\w+)(!?\.outputs\.principalId)?", module["params"]["principalId"]).groups()
            same(output is None, principal == "deployerId", f"{name}: whom it names")
            holds(parameters <= {"principalId", "principalType", "dataStorageName", *GIVEN}, f"{name}: {parameters}")
            same("dataStorageName" in parameters, "containerName" in parameters, f"{name}: a storage account without its container")
            # Whoever writes secrets has that role in place of the other.
            gives = parameters & set(GIVEN) - ({"vaultName"} if "writesSecrets" in parameters else set())
            whom = (functions | OTHERS)[principal]
            holds(whom not in given, f"{whom} gets roles twice")
            given[whom] = {(role, GIVEN[parameter][1]) for parameter in gives for role in GIVEN[parameter][0]}
    told = {whom: set() for whom, _, _ in rows_of_the_page()}
    for whom, roles, on in rows_of_the_page():
        # Other destinations are those of modules/sender-roles.bicep.
        if not on.endswith("that you name"):
            told[whom] |= {(role, resource) for role in roles for resource in on.split(", ")}
    for whom in {*given, *told}:
        same(given.get(whom, set()) ^ told.get(whom, set()), set(), f"{whom} may do what docs/azure-roles.md does not say, or the reverse")


def roles_are_there_before_whoever_needs_them():
    holds("topicRoles" in MAIN["modules"]["topic"].get("dependsOn", []), "the topic does not wait for its identity's roles")
    for app, module in MAIN["modules"].items():
        if module["@kind"] == "modules/app.bicep":
            identity = module["params"]["identityName"].removesuffix("name")
            (roles,) = [name for name, other in MAIN["modules"].items() if other["params"].get("principalId") == f"{identity}principalId"]
            holds(roles in module.get("dependsOn", []), f"{app} does not wait for {roles}")
    for file in ("modules/topic-subscriptions.bicep", "modules/partner-subscriptions.bicep"):
        (module,) = [body for body in READ["subscriptions.bicep"]["modules"].values() if body["@kind"] == file]
        same(len([name for name in module["dependsOn"] if name.endswith("Role")]), 4, f"{file}: roles that it waits for")
    holds("sentinel" in MAIN["modules"]["rule"].get("dependsOn", []), "the rule does not wait for Sentinel's tables")
    same(MAIN["modules"]["rule"]["params"]["tableName"], "table.outputs.name", "the rule does not wait for its table")


def there_are_no_keys_and_no_public_blobs():
    for place, body in resources("Microsoft.Storage/storageAccounts"):
        for name, wanted in {
            "allowSharedKeyAccess": "false",
            "allowBlobPublicAccess": "false",
            "minimumTlsVersion": "'TLS1_2'",
            "supportsHttpsTrafficOnly": "true",
        }.items():
            same(body["properties"].get(name), wanted, f"{place} {name}")
    for place, body in resources("Microsoft.Storage/storageAccounts/blobServices/containers"):
        same(body["properties"]["publicAccess"], "'None'", place)
    topic = only("Microsoft.EventGrid/topics")["properties"]
    same((topic["disableLocalAuth"], topic["minimumTlsVersionAllowed"]), ("true", "'1.2'"), "the topic")
    same(topic["inputSchema"], "'CloudEventSchemaV1_0'", "what the topic takes")
    same(only("Microsoft.Insights/components")["properties"]["DisableLocalAuth"], "true", "Application Insights")
    same(only("Microsoft.OperationalInsights/workspaces")["properties"]["features"]["disableLocalAuth"], "true", "workspace")
    vault = only("Microsoft.KeyVault/vaults")["properties"]
    same((vault["enableRbacAuthorization"], "accessPolicies" in vault), ("true", False), "the vault")
    site = only("Microsoft.Web/sites")
    same((site["properties"]["httpsOnly"], site["properties"]["siteConfig"]["minTlsVersion"]), ("true", "'1.2'"), "the app")
    same(site["resource basicScm"]["properties"]["allow"], "false", "basic authentication at the app's upload")
    same(list(everywhere(r"list(Keys|AccountSas|ServiceSas|Secrets)\(|\blistKeys\b|\.list\w*\(")), [], "keys that are read")


def every_secret_is_a_reference():
    same(list(everywhere(r"vaults/secrets")), [], "a template never makes a secret")
    settings = [found[1].strip() for found in everywhere(r"(?m)^\s*\w+_URI: .*")]
    holds(len(settings) >= 5 and len(settings) == len(set(settings)), settings)
    for setting in settings:
        holds("'${vault.outputs.uri}secrets/" in setting, setting)
        name = setting.partition("_URI:")[0]
        # A secret whose own name ends in SECRET has no second one.
        for secret in (name, name.removesuffix("_SECRET")):
            in_clear = [found[1].strip() for found in everywhere(rf"(?m)^\s*{secret}:.*")]
            # The collector's URL may be given in clear, where it holds no token.
            same(in_clear, ["HTTP_SINK_URL: usedCollectorUrl"] if secret == "HTTP_SINK_URL" else [], f"{secret} in clear")
    for file, read in READ.items():
        for name, parameter in read["params"].items():
            if re.search(r"(?i)(password|token|secret|webhookurl|key)$", name) and not parameter.startswith("bool"):
                holds(re.search(rf"@secure\(\)\nparam {name}\b", TEXT[file]), f"{file}: {name} is not @secure()")
    for name in MAIN["outputs"]:
        holds(not re.search(r"(?i)token|secret|key(?!vault)|connection", name), f"output {name}")


def subscriptions():
    for kind in ("Microsoft.EventGrid/topics", "Microsoft.EventGrid/partnerTopics"):
        found = list(resources(f"{kind}/eventSubscriptions"))
        same(len(found), 6, f"subscriptions of {kind}")
        yield from found


def every_subscription_keeps_what_it_cannot_deliver():
    for place, body in subscriptions():
        properties = body["properties"]
        same(properties.get("deadLetterWithResourceIdentity"), "deadLetters", f"{place} dead letters")
        same(properties.get("retryPolicy"), "retryPolicy", f"{place} retries")
        same(properties.get("eventDeliverySchema"), "'CloudEventSchemaV1_0'", f"{place} schema")
        holds("deadLetterDestination" not in properties, f"{place}: without the identity it cannot write")
    for file in ("modules/topic-subscriptions.bicep", "modules/partner-subscriptions.bicep"):
        values = READ[file]["vars"]
        same(values["retryPolicy"], {"maxDeliveryAttempts": "30", "eventTimeToLiveInMinutes": "1440"}, file)
        letters = values["deadLetters"]
        same(letters["identity"], "identityOfTopic", f"{file} identity")
        container = letters["deadLetterDestination"]["properties"]["blobContainerName"]
        same(container, MAIN["vars"]["deadLetters"], f"{file} container")
    same(only("Microsoft.EventGrid/topics")["identity"]["type"], "'UserAssigned'", "identity of the topic")


def our_function_is_called_by_its_key_and_others_by_identity():
    for place, body in subscriptions():
        properties = body["properties"]
        holds(("destination" in properties) != ("deliveryWithResourceIdentity" in properties), f"{place} has one of the two")
        destination = properties.get("destination") or properties["deliveryWithResourceIdentity"]["destination"]
        is_plain = destination["endpointType"] in ("'AzureFunction'", "'WebHook'")
        same("destination" in properties, is_plain, f"{place} {destination['endpointType']}")
        if is_plain and destination["endpointType"] == "'AzureFunction'":
            function = destination["properties"]["resourceId"].rsplit("/", 1)[1].strip("'")
            path = ROOT / "functions/azure-eventgrid-subscriber" / function / "function.json"
            trigger = json.loads(path.read_text(encoding="utf-8"))["bindings"][0]["type"]
            same(trigger, "eventGridTrigger", f"{place} calls {function}")


def filters_let_every_event_reach_our_function_and_no_batch_anyone_else():
    for place, body in subscriptions():
        shown = body["properties"].get("filter")
        if not place.endswith(" toFunction"):
            same(shown, "singleEvents", place)
        elif "partner" in place:
            same(shown, None, f"{place}: Auth0's type is not known for sure")
        else:
            same(shown, {"includedEventTypes": ["'com.auth0.Logs'"]}, place)
    for file in ("modules/topic-subscriptions.bicep", "modules/partner-subscriptions.bicep"):
        same(READ[file]["vars"]["singleEvents"], {"includedEventTypes": ["'com.auth0.Log'"]}, file)


def batches_are_within_event_grids_limits():
    declared = TEXT["types.bicep"].partition("type batching = {")[2].partition("\n}")[0]
    limits = re.findall(r"@minValue\((\d+)\)\s*@maxValue\((\d+)\)", declared)
    same(limits, [("1", "5000"), ("1", "1024")], "limits")


def the_rule_is_direct_and_every_stream_has_a_flow():
    rule = only("Microsoft.Insights/dataCollectionRules")
    same(rule["kind"], "'Direct'", "without it the rule has no endpoint")
    holds(len(rule["properties"]["description"]) <= 256, "its description")
    values = READ["modules/rule.bicep"]["vars"]
    text = TEXT["modules/rule.bicep"]
    for stream in ("ownStream", "authenticationStream", "auditStream"):
        same(text.count(f"streams: [{stream}]"), 1, f"flows of {stream}")
        same(text.count(f"'${{{stream}}}': {{"), 1, f"declarations of {stream}")
    flows = values["normalizedFlows"]
    same({flow["transformKql"] for flow in flows}, {"'source'"}, "transformations")
    same(text.count("transformKql: 'source'"), 3, "transformations")
    outputs = ["'Microsoft-ASimAuthenticationEventLogs'", "'Microsoft-ASimAuditEventLogs'"]
    same([flow["outputStream"] for flow in flows], outputs, "tables")


def columns_are_named_as_tables_take_them():
    for variable, columns in READ["modules/columns.bicep"]["vars"].items():
        names = [column["name"].strip("'") for column in columns]
        same(len(set(names)), len(names), f"{variable}: twice")
        for name in names:
            holds(re.fullmatch(r"[A-Za-z]\w{0,44}", name) and name not in RESERVED_COLUMNS, f"{variable}: {name}")


def sentinel_is_put_on_only_where_it_is_asked_for():
    same(MAIN["params"]["useSentinel"], "bool = false", "it costs money")
    same(MAIN["modules"]["sentinel"]["@condition"], "if (useSentinel)", "onboarding")
    holds("fail(" in MAIN["vars"]["usedSinks"], "log-analytics:asim without its tables is refused")


if __name__ == "__main__":
    run(sys.modules[__name__], helpers=(subscriptions, rows_of_the_page))
