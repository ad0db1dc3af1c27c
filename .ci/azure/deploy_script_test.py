"""infra/azure/deploy.sh against a stand-in for az: its order, the delays that it waits out, what it refuses, a second run.

python .ci/azure/deploy_script_test.py [NAME...]      needs jmespath, as az does; ends 0 if all hold
With the argument --calls FILE it writes every call of az that the script can make, for arguments_test.py.
"""

import json
import pathlib
import re
import sys
import tempfile

from script_run import AUTH0, MUTATING, OURS, PROVIDERS, TOPIC, Run, expect, expect_end, in_order


def a_first_run_goes_from_nothing_to_the_first_row(new):
    run = new(registered=[], looks_until_row=2)
    expect_end(run, 0)
    in_order(
        run,
        "provider register",
        "group create",
        "--name auth0-main --parameters",
        "keyvault secret set",
        "config-zip --resource-group logs --name auth0-ingest-x",
        "function list",
        "config-zip --resource-group logs --name auth0-deliver-x",
        "function list",
        "--name auth0-subscriptions --parameters",
        "/query",
    )
    expect(run.state()["subscribed"] == ["auth0-logs-x", ""], run, "the custom topic is subscribed to")
    expect("the row is there" in run.said, run, "the first row")
    expect("https://auth0-ingest-x.example.com/webhook" in run.said, run, "what to enter at Auth0")
    given = run.environment("auth0-main --parameters")
    expect((given["TENANT_NAME"], given["USE_PARTNER_TOPIC"], given["EXTRA_COLUMNS"]) == ("acme", "false", "[]"), run, "env")
    expect(given["DEPLOYER_ID"].endswith("d1") and given["DEPLOYER_TYPE"] == "User", run, "who deploys")
    expect(run.count("eventgrid partner") == 0, run, "no partner topic was asked for")


def every_app_of_the_template_gets_the_package_of_its_function(new):
    run = new(apps={"auth0-poll-x": "azure-log-poller"})
    expect_end(run, 0)
    wanted = {"auth0-ingest-x": "azure-webhook-ingest.zip", "auth0-deliver-x": "azure-eventgrid-subscriber.zip"}
    expect(run.state()["packages"] == {**wanted, "auth0-poll-x": "azure-log-poller.zip"}, run, run.state()["packages"])


def the_token_is_long_is_no_argument_and_is_never_shown(new):
    run = new()
    expect_end(run, 0)
    (token,) = run.state()["secrets"]["webhook-token"]
    expect(re.fullmatch("[0-9a-f]{64}", token), run, "64 hex digits and no line break")
    expect(token not in run.said and not any(token in line for line in run.lines()), run, "nobody saw it")
    expect(token not in json.dumps([call["environment"] for call in run.calls()]), run, "nor the environment")


def every_known_delay_is_waited_out_with_a_message(new):
    main, upload, subscriptions = "create .*auth0-main", "config-zip .*auth0-ingest-x", "create .*auth0-subscriptions"
    delays = [
        (main, "(PrincipalNotFound) Principal 0 does not exist in the directory x.", 2, "a new identity"),
        (main, "(InvalidOutputTable) Table for output stream 'Custom-Auth0Logs_CL' is not available", 3, "a new table to be known"),
        (main, "(BadRequest) Failed to resolve scalar expression or table named 'Auth0Events'", 2, "a new function or table to be known to queries"),
        (main, "Failed to run the analytics rule query. One of the tables does not exist", 1, "a new function or table to be known to queries"),
        (main, "(BadRequest) The workspace is not onboarded to Microsoft Sentinel", 1, "Sentinel to be on"),
        (main, "(Unauthorized) You need permissions on all the workspaces in your query", 1, "the rights on a new workspace"),
        ("keyvault secret list", "(Forbidden) Caller is not authorized. Code: ForbiddenByRbac", 4, "new roles to work"),
        (upload, "Azure Storage responded with Forbidden", 2, "new roles to work"),
        (upload, "An error occured during deployment. Status Code: 403, Details: x", 1, "new roles to work"),
        (upload, "There may be an ongoing deployment. Please track it", 1, "another operation to end"),
        (upload, "Deployment was cancelled and another deployment is in progress.", 1, "another operation to end"),
        (upload, "Failed to retrieve deployment status. Please try again in a few minutes.", 1, "a busy service to answer"),
        (subscriptions, "(Forbidden) The identity may not write the dead-letter container", 1, "new roles to work"),
    ]
    faults = [{"call": call, "says": says, "times": times} for call, says, times, _ in delays]
    run = new(faults=faults, looks_until_listed=2, webhook_refusals=[404, 503, 401], looks_until_row=3)
    expect_end(run, 0)
    for _, says, _, message in delays:
        expect(f"waiting for {message}" in run.said, run, f"{says}: {message}")
    for message in ("auth0-ingest-x does not list receive", "the webhook answers 503", "a new rule may answer 403"):
        expect(message in run.said, run, message)
    # Two apps are looked at, each twice in vain; then the webhook and the row.
    waits = sum(times for _, _, times, _ in delays) + 2 * 2 + 3 + 3
    expect(run.pauses() == ["20"] * waits, run, f"{len(run.pauses())} pauses, not {waits}")


def an_endpoint_that_event_grid_does_not_find_yet_is_waited_for(new):
    says = "Destination endpoint not found. Resource details: resourceId: x. Resource should pre-exist before attempting this"
    run = new(faults=[{"call": "create .*auth0-subscriptions", "says": says, "times": 5}])
    expect_end(run, 0)
    expect(run.said.count("waiting for Event Grid to find the function") == 5, run, "five times")


def a_delay_that_does_not_end_ends_the_script(new):
    run = new(faults=[{"call": "auth0-main --parameters", "says": "InvalidOutputTable", "times": 1000}])
    expect_end(run, 1)
    expect(run.count("auth0-main --parameters") == 15 and "gave up after 15 tries" in run.said, run, "a limit")
    expect(run.count("secret set") == 0, run, "nothing goes on without its resources")


def what_waiting_does_not_help_ends_the_script_at_once(new):
    for says in (
        "(InvalidTemplate) The template is wrong",
        "(AuthorizationFailed) The client does not have authorization to perform action 'roleAssignments/write'. Forbidden",
    ):
        run = new(faults=[{"call": "auth0-main --parameters", "says": says}])
        expect_end(run, 1)
        expect(says in run.said and run.pauses() == [], run, "told, and no pause")


def functions_that_never_come_end_the_script_after_a_sync(new):
    run = new(looks_until_listed=1)
    expect_end(run, 0)
    expect("auth0-deliver-x does not list deliver purge-ledger replay" in run.said, run, "the app's own name is no function")
    run = new(looks_until_listed=1000)
    expect_end(run, 1)
    expect(run.count("syncfunctiontriggers") > 0 and "gave up" in run.said and "receive" in run.said, run, "sync, limit, names")
    expect(run.count("auth0-subscriptions") == 0, run, "nothing is subscribed to what is not there")


def a_sync_that_fails_is_no_failure(new):
    run = new(looks_until_listed=1, faults=[{"call": "syncfunctiontriggers", "says": "BadRequest", "times": 2}])
    expect_end(run, 0)


def a_missing_partner_topic_is_told_and_is_no_failure(new):
    run = new()
    expect_end(run, 0, "--partner-topic")
    for text in ("00000000-0000-4000-8000-00000000000a", "Resource Group   logs", "Azure Region     westeurope"):
        expect(text in run.said, run, text)
    expect("run the same command again" in run.said, run, "what then")
    expect(run.state()["subscribed"] == ["auth0-logs-x", ""], run, "the custom topic is subscribed to all the same")
    run.play(topics=[TOPIC])
    expect_end(run, 0, "--partner-topic")
    expect(run.state()["subscribed"] == ["auth0-logs-x", "auth0-acme"], run, "once it is there")
    expect("has not made its partner topic" not in run.said, run, "no more to enter for it")


def a_partner_topic_is_activated_and_gets_its_identity_before_the_subscription(new):
    run = new(topics=[{"name": "other", "partnerRegistrationImmutableId": "0"}, TOPIC])
    expect_end(run, 0, "--partner-topic", "--no-webhook")
    in_order(run, "/partnerTopics/auth0-acme/activate", "--method patch", "auth0-subscriptions")
    expect(run.state()["subscribed"] == ["", "auth0-acme"], run, "without a webhook")
    expect(run.count("keyvault") == 0 and run.count("auth0-ingest-x") == 0, run, "nothing of the webhook's")
    busy = "(Conflict) Another operation is in progress"
    run.play(topics=[TOPIC], faults=[{"call": "--method (get|patch)", "says": busy, "times": 3}])
    expect_end(run, 0, "--partner-topic", "--no-webhook")
    expect(run.said.count("waiting for another operation to end") == 3, run, "a topic that is being changed is waited for")
    expect(run.count("/activate") == 0, run, "an active topic is left alone")


def of_several_partner_topics_one_must_be_named(new):
    run = new(topics=[TOPIC, {**TOPIC, "name": "auth0-second"}])
    expect_end(run, 1, "--partner-topic")
    expect("--partner-topic-name" in run.said and "auth0-second" in run.said, run, "which there are")
    expect_end(run, 0, "--partner-topic-name", "auth0-second")
    expect(run.state()["subscribed"][1] == "auth0-second", run, "that one")


def other_partners_stay_authorized(new):
    other = {
        "partnerName": "Other",
        "partnerRegistrationImmutableId": "00000000-0000-4000-8000-0000000000ee",
        "authorizationExpirationTimeInUtc": "2999-01-01T00:00:00Z",
    }
    by_name = {"partnerName": "Third", "partnerRegistrationImmutableId": None, "authorizationExpirationTimeInUtc": None}
    over = {**other, "partnerName": "Gone", "authorizationExpirationTimeInUtc": "2026-01-01T00:00:00.1234567+00:00"}
    run = new(partners=[other, over, {**other, "partnerName": "Auth0", "partnerRegistrationImmutableId": AUTH0.upper()}, by_name])
    expect_end(run, 0, "--partner-topic")
    kept = json.loads(run.environment("auth0-main --parameters")["OTHER_PARTNERS"])
    expect(kept == [other, {"partnerName": "Third"}], run, "all but Auth0 itself and one whose time is over")
    expect("the authorization of Gone is over" in run.said, run, "told")


def an_upload_that_hangs_is_cut_off_and_tried_again(new):
    run = new(faults=[{"call": "config-zip .*auth0-deliver-x", "hang": "for good"}])
    expect_end(run, 0, "--upload-seconds", "5")
    expect(run.said.count("waiting for an upload that comes to an end") == 1, run, "once")
    expect(len(run.state()["packages"]) == 2, run, "both are up")
    run = new(faults=[{"call": "config-zip .*auth0-deliver-x", "hang": True, "times": 9}])
    expect_end(run, 1, "--upload-seconds", "5")
    expect("hung three times" in run.said and run.count("auth0-deliver-x --src") == 3, run, "with a limit")


def after_a_failure_anywhere_a_second_run_brings_it_to_the_same_end(new):
    wanted = None
    steps = ("NOWHERE", "provider register", "group create", "create .*auth0-main", "secret set", "config-zip .*ingest")
    for step in (*steps, "config-zip .*deliver", "/activate", "method patch", "create .*auth0-subscriptions", "/query"):
        faults = [{"call": step, "says": "(InternalServerError) try later"}]
        run = new(topics=[TOPIC], registered=PROVIDERS[1:], faults=faults)
        # What is only looked at is looked at again.
        expect_end(run, 0 if step in ("NOWHERE", "/query") else 1, "--partner-topic")
        expect_end(run, 0, "--partner-topic")
        state = run.state()
        expect(len(state["secrets"]["webhook-token"]) == 1, run, f"{step}: the token is drawn once")
        got = {key: state[key] for key in ("group", "packages", "partner", "subscribed", "outputs")}
        got["registered"] = sorted(set(state["registered"]))
        wanted = wanted or got
        expect(got == wanted, run, f"{step}: {got}")


def a_call_that_fails_is_not_passed_over(new):
    calls = ["account show --query id", "account show --query user.type", "signed-in-user", "group exists", "group show .*auth0-workspace"]
    calls += ["table show", "group show .*auth0-main", "partner configuration show", "secret list", "appsettings list"]
    calls += ["partner topic list", "rest --method get", "secret show", "cloud show", "workspace show"]
    run = new(topics=[TOPIC])
    expect_end(run, 0, "--partner-topic")
    for call in calls:
        run.play(topics=[TOPIC], faults=[{"call": call, "says": "(InternalServerError) try later"}])
        (run.folder / "state.json").write_text(json.dumps({**run.state(), "played": {}}), encoding="utf-8")
        expect_end(run, 1, "--partner-topic")
        said = "not signed in" if call.endswith(" id") else "try later"
        expect(said in run.said and run.said.count("try later") >= 1, run, f"{call}: told")


def a_secret_that_the_parameters_ask_for_is_there_before_the_code(new):
    run = new(vault_entries=["redact-key"])
    expect_end(run, 1)
    expect("--name redact-key --file" in run.said and run.count("config-zip") == 0, run, "what to put there")
    state = run.state()
    state["secrets"]["redact-key"] = ["a key"]
    (run.folder / "state.json").write_text(json.dumps(state), encoding="utf-8")
    expect_end(run, 0)


def a_row_that_does_not_come_is_sent_again(new):
    run = new(looks_until_row=31)
    expect_end(run, 0)
    expect(run.state()["posts"] == 3, run, f"sent {run.state()['posts']} times")
    (one,) = set(run.state()["events"])
    expect(f"LogId == '{one}'" in run.said, run, "always the same event; two rows of it are a row")


def a_busy_service_is_waited_for(new):
    for says in ("(TooManyRequests) slow down", "Operation returned an invalid status 'Bad Gateway'", "Status Code: 503, Details: x"):
        run = new(faults=[{"call": "config-zip .*auth0-ingest-x", "says": says, "times": 2}])
        expect_end(run, 0)
        expect(run.said.count("waiting for a busy service to answer") == 2, run, says)


def table(names=None, **more):
    kinds = {name: ("dateTime" if kind == "datetime" else kind) for name, kind in OURS}
    there = [{"name": name, "type": kinds[name]} for name in names or kinds]
    schema = {"columns": there + more.pop("extra", []), "tableSubType": more.pop("kind", "DataCollectionRuleBased")}
    return {"plan": "Analytics", "retentionInDays": 90, "totalRetentionInDays": 730, "schema": {**schema, **more}}


def is_untouched(run):
    return not any(run.count(text) for text in MUTATING)


def a_table_that_somebody_else_made_is_told_before_it_is_touched(new):
    connector = [name for name, _ in OURS if name != "Raw"]
    extra = [{"name": "Team_CF", "type": "string"}]
    there = {"group": True}
    run = new(tables={"siem": table(connector, extra=extra)}, **there)
    expect_end(run, 1, "--workspace", "siem")
    for text in ("rows for 90 days, deleted after 730", "Its other columns stay: Team_CF", "are added: Raw", "--existing-table"):
        expect(text in run.said, run, text)
    expect(is_untouched(run), run, "nothing was touched")
    expect_end(run, 0, "--workspace", "siem", "--existing-table")
    expect(json.loads(run.environment("auth0-main --parameters")["EXTRA_COLUMNS"]) == extra, run, "its columns stay")
    in_order(run, "table show", "auth0-main --parameters")
    for bad, text in (
        (table(connector, kind="Classic"), "table migrate"),
        (table(connector[:-1], extra=[{"name": "IsMobile", "type": "string"}]), "another type than our rows"),
    ):
        run = new(tables={"siem": bad}, **there)
        expect_end(run, 1, "--workspace", "siem", "--existing-table")
        expect(text in run.said and is_untouched(run), run, text)


def a_table_of_ours_keeps_what_was_added_to_it(new):
    run = new()
    expect_end(run, 0)
    extra = [{"name": "Team_CF", "type": "string"}]
    # Azure's own columns are no template's to declare.
    run.play(tables={"auth0-logs-x": table(extra=[*extra, {"name": "TenantId", "type": "guid"}])})
    expect_end(run, 0)
    expect("is there: plan Analytics" in run.said, run, "told")
    expect(json.loads(run.environment("auth0-main --parameters")["EXTRA_COLUMNS"]) == extra, run, "kept")


def columns_that_were_added_stay_after_a_run_that_failed(new):
    run = new()
    expect_end(run, 0)
    extra = [{"name": "Team_CF", "type": "string"}]
    there = {"auth0-logs-x": table(extra=extra)}
    run.play(tables=there, faults=[{"call": "create .*auth0-main", "says": "(InternalServerError) try later"}])
    expect_end(run, 1)
    run.play(tables=there)
    expect_end(run, 0)
    expect(json.loads(run.environment("auth0-main --parameters")["EXTRA_COLUMNS"]) == extra, run, "kept")


def a_workspace_elsewhere_is_refused(new):
    run = new(region="eastus")
    expect_end(run, 1, "--workspace", "siem")
    expect("--location eastus" in run.said, run, "where it must be")


def what_cannot_work_is_refused_before_anything_is_made(new):
    for scenario, text in (
        ({"version": "2.59.0"}, "az is 2.59.0"),
        ({"bicep": "0.9.1"}, "Bicep is 0.9.1"),
        ({"faults": [{"call": "account show", "says": "Please run 'az login'"}]}, "not signed in"),
        ({"faults": [{"call": "signed-in-user", "says": "Insufficient privileges"}]}, "--deployer ID"),
        ({"runtimes": [{"version": "2.0"}]}, "version 2.0 in westeurope"),
    ):
        run = new(**scenario)
        expect_end(run, 1)
        expect(text in run.said and run.count("auth0-main --parameters") == 0, run, text)
    for arguments, text in ((["--environment", "none"], "main.none.bicepparam"), (["--colour", "red"], "--colour"), (["--no-webhook"], "nothing would come"), (["--tenant", "it's"], "--tenant is"), (["--deployer-type", "Group"], "--deployer-type is")):
        run = new()
        expect_end(run, 64, *arguments)
        expect(text in run.said and run.lines() == [], run, text)


def with_a_poller_no_stream_is_needed(new):
    run = new(apps={"auth0-poll-x": "azure-log-poller"}, vault_entries=["auth0-client-secret"])
    run.add_parameters("param poller = {\n  domain: 'acme.eu.auth0.com'\n  clientId: 'Dx0TmVb3KqYs6RzP'\n}\n")
    expect_end(run, 1, "--no-webhook")
    expect("ask for a secret auth0-client-secret" in run.said, run, "which the vault must have")
    run.play(apps={"auth0-poll-x": "azure-log-poller"})
    expect_end(run, 0, "--no-webhook")
    expect(run.state()["packages"].get("auth0-poll-x") == "azure-log-poller.zip", run, "its code")
    expect(run.count("auth0-ingest-x") == 0 and run.count("/query") == 0, run, "no webhook, so no event of ours")


def where_az_does_not_list_custom_handlers_it_goes_on(new):
    says = "Runtime 'custom' not supported for function apps on the Flex Consumption plan."
    run = new(faults=[{"call": "list-flexconsumption-runtimes", "says": says}])
    expect_end(run, 0)
    expect("cannot tell whether westeurope has custom handlers" in run.said, run, "told")


def an_application_can_deploy_too(new):
    run = new(user_type="servicePrincipal")
    expect_end(run, 0)
    given = run.environment("auth0-main --parameters")
    expect(given["DEPLOYER_ID"].endswith("d2") and given["DEPLOYER_TYPE"] == "ServicePrincipal", run, "who deploys")


def a_connection_string_beside_the_identity_is_found(new):
    run = new(settings=[{"name": "AzureWebJobsStorage"}, {"name": "LOG_LEVEL"}])
    expect_end(run, 1)
    expect("AzureWebJobsStorage beside the identity" in run.said, run, "told")


def an_event_that_the_filters_keep_out_is_not_waited_for(new):
    run = new(filtered=True)
    expect_end(run, 0)
    expect("no row to wait for" in run.said and run.count("/query") == 0, run, "told")


def without_a_test_event_nothing_is_sent(new):
    run = new()
    expect_end(run, 0, "--no-test-event")
    expect("posts" not in run.state() and run.count("secret show") == 0, run, "no event, no token read")


TESTS = [test for name, test in list(globals().items()) if "_" in name and callable(test) and test.__code__.co_varnames[:1] == ("new",)]


def write_calls(path):
    """Every distinct call that the tests make of the script."""
    seen = {}
    for test in TESTS:
        with tempfile.TemporaryDirectory() as folder:
            runs = []
            test(maker(folder, runs))
            for run in runs:
                for call in run.calls():
                    seen[json.dumps(call["arguments"])] = call["arguments"]
    pathlib.Path(path).write_text(json.dumps(list(seen.values())), encoding="utf-8")
    print(f"{len(seen)} calls of az")


def maker(folder, runs):
    def new(**scenario):
        inside = pathlib.Path(folder) / str(len(runs))
        inside.mkdir()
        runs.append(Run(inside, **scenario))
        return runs[-1]

    return new


def main():
    if sys.argv[1:2] == ["--calls"]:
        write_calls(sys.argv[2])
        return
    chosen = [test for test in TESTS if not sys.argv[1:] or test.__name__ in sys.argv[1:]]
    for test in chosen:
        with tempfile.TemporaryDirectory() as folder:
            test(maker(folder, []))
        print(f"ok  {test.__name__.replace('_', ' ')}")
    print(f"deploy.sh: {len(chosen)} tests")


main()
