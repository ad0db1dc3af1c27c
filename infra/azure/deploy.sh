#!/usr/bin/env bash
# Auth0 tenant logs in Azure, from a signed-in az to the first row: resources, token, code, subscriptions.
# It can be run again after any failure.
#
#     infra/azure/deploy.sh --tenant NAME --resource-group NAME --location REGION [OPTION...]
#
# --environment NAME           main.NAME.bicepparam and subscriptions.NAME.bicepparam; test unless named
# --partner-topic              Auth0 sends an Event Grid log stream
# --no-webhook                 Auth0 sends no HTTP log stream; without --partner-topic the parameter file has a poller
# --partner-topic-name NAME    which of several partner topics of Auth0's
# --workspace NAME             a Log Analytics workspace that is there; one is made unless named
# --workspace-group NAME       its resource group; the one of --resource-group unless named
# --existing-table             touch an Auth0Logs_CL that somebody else made
# --packages FOLDER            what infra/azure/package.sh made; it is called unless named
# --upload-seconds N           when an upload is taken for hanging; 600 unless set
# --no-test-event              do not send an event of ours and wait for its row
# --deployer ID                the object ID of who is signed in, where az cannot tell it
# --deployer-type TYPE         User or ServicePrincipal, with --deployer; User unless named
#
# Needs az 2.60 or later with Bicep 0.36 or later, python3, curl and timeout, and the rights of Owner, or of Contributor and
# User Access Administrator, on the resource group (on the subscription, where the group is not there yet).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/waiting.sh"
. "$here/existing.sh"

readonly PROVIDERS='Microsoft.Web Microsoft.App Microsoft.EventGrid Microsoft.Insights Microsoft.OperationalInsights
    Microsoft.SecurityInsights Microsoft.KeyVault Microsoft.ManagedIdentity Microsoft.Storage'
readonly AUTH0_REGISTRATION=804a11ca-ce9b-4158-8e94-3c8dc7a072ec
readonly EVENT_GRID_VERSION=2025-02-15

environment=test tenant='' group='' location='' webhook=true partner=false partner_name='' workspace='' workspace_group=''
existing_table=false packages='' upload_seconds=600 test_event=true deployer='' deployer_type=User
while [ $# -gt 0 ]; do
    case $1 in
    --partner-topic) partner=true && shift && continue ;;
    --no-webhook) webhook=false && shift && continue ;;
    --existing-table) existing_table=true && shift && continue ;;
    --no-test-event) test_event=false && shift && continue ;;
    --help) sed -n -e '2,/^set /{' -e '/^set /d' -e 's/^# \{0,1\}//' -e p -e '}' "$here/deploy.sh" && exit 0 ;;
    esac
    [ $# -ge 2 ] || { say "$1 needs a value" && exit 64; }
    case $1 in
    --environment) environment=$2 ;;
    --tenant) tenant=$2 ;;
    --resource-group) group=$2 ;;
    --location) location=$2 ;;
    --partner-topic-name) partner_name=$2 partner=true ;;
    --workspace) workspace=$2 ;;
    --workspace-group) workspace_group=$2 ;;
    --packages) packages=$2 ;;
    --upload-seconds) upload_seconds=$2 ;;
    --deployer) deployer=$2 ;;
    --deployer-type) deployer_type=$2 ;;
    *) say "no such option: $1 (--help lists them)" && exit 64 ;;
    esac
    shift 2
done
for required in tenant group location; do
    [ -n "${!required}" ] || { say "needs --tenant, --resource-group and --location (--help)" && exit 64; }
done
# What the functions take as TENANT_NAME; it stands in queries and names of alerts, too.
[[ $tenant =~ ^[A-Za-z0-9._-]{1,63}$ ]] || { say "--tenant is 1 to 63 letters, digits, -, _ or ." && exit 64; }
case $deployer_type in
User | ServicePrincipal) ;;
*) say "--deployer-type is User or ServicePrincipal" && exit 64 ;;
esac
for file in "main.$environment.bicepparam" "subscriptions.$environment.bicepparam"; do
    [ -f "$here/$file" ] || { say "no such file: infra/azure/$file" && exit 64; }
done
if [ "$webhook" = false ] && [ "$partner" = false ] && ! grep -q '^param poller ' "$here/main.$environment.bicepparam"; then
    say "--no-webhook without --partner-topic, and no poller in infra/azure/main.$environment.bicepparam: nothing would come"
    exit 64
fi

# Nobody else reads this folder, in which the token lies for a moment.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

step() {
    say "== $*"
}

# One output of main.bicep, as text.
output() {
    python3 -c 'import json, sys; print(str(json.load(open(sys.argv[1]))[sys.argv[2]]["value"]))' "$work/outputs" "$1"
}

# Whether the second version is the first or a later one.
is_at_least() {
    printf '%s\n%s\n' "$1" "$2" | sort --check --version-sort 2>/dev/null
}

check_tools() {
    local version tool
    for tool in az python3 curl timeout; do
        command -v "$tool" >/dev/null || fail "there is no $tool on the path"
    done
    version=$(az version --query '"azure-cli"' --output tsv)
    is_at_least 2.60.0 "$version" || fail "az is $version and must be 2.60.0 or later, which knows Flex Consumption"
    # Where there is none, az installs the newest; one that is there it leaves as old as it is.
    if version=$(az bicep version 2>"$work/errors"); then
        version=$(sed -n 's/.*version \([0-9][0-9.]*\).*/\1/p' <<<"$version")
        [ -z "$version" ] || is_at_least 0.36.0 "$version" || fail "Bicep is $version and must be 0.36.0 or later: az bicep upgrade"
    fi
    subscription=$(az account show --query id --output tsv) || fail "not signed in: az login"
    say "subscription $subscription"
    if [ -z "$deployer" ]; then
        find_deployer
    fi
}

find_deployer() {
    local name
    deployer_type=$(az account show --query user.type --output tsv)
    if [ "$deployer_type" = user ]; then
        deployer_type=User
        deployer=$(az ad signed-in-user show --query id --output tsv) || deployer=''
    else
        deployer_type=ServicePrincipal
        name=$(az account show --query user.name --output tsv)
        deployer=$(az ad sp show --id "$name" --query id --output tsv) || deployer=''
    fi
    [ -n "$deployer" ] || fail "az cannot tell your object ID: name it with --deployer ID [--deployer-type ServicePrincipal]"
}

provider_is_registered() {
    [ "$(az provider show --namespace "$1" --query registrationState --output tsv)" = Registered ]
}

register_providers() {
    local provider
    for provider in $PROVIDERS; do
        if ! provider_is_registered "$provider"; then
            retry "$TRIES" az provider register --namespace "$provider" --output none
            wait_until "$TRIES" "the provider $provider to be registered" provider_is_registered "$provider"
        fi
    done
}

# Azure takes a wrong version of a runtime without a word, and the app never starts.
check_runtime() {
    local versions
    versions=$(az functionapp list-flexconsumption-runtimes --location "$location" --runtime custom \
        --query '[].version' --output tsv 2>"$work/errors") || versions=''
    if [ -z "$versions" ]; then
        say "  az cannot tell whether $location has custom handlers on Flex Consumption: going on"
    elif ! grep -qx '1.0' <<<"$versions"; then
        fail "custom handlers on Flex Consumption are of version $versions in $location, not 1.0"
    fi
}

deploy_main() {
    export TENANT_NAME=$tenant LOCATION=$location USE_WEBHOOK=$webhook USE_PARTNER_TOPIC=$partner
    export OTHER_PARTNERS EXTRA_COLUMNS
    export WORKSPACE_NAME=$workspace WORKSPACE_RESOURCE_GROUP=$workspace_group
    export DEPLOYER_ID=$deployer DEPLOYER_TYPE=$deployer_type
    retry "$TRIES_OF_A_DEPLOYMENT" az deployment group create --resource-group "$group" --name auth0-main \
        --parameters "$here/main.$environment.bicepparam" --output none
    az deployment group show --resource-group "$group" --name auth0-main --query properties.outputs --output json \
        >"$work/outputs"
}

# The token that Auth0 sends: drawn once, never shown, never an argument.
put_token() {
    local vault found
    vault=$(output vaultName)
    found=$(retry "$TRIES" az keyvault secret list --vault-name "$vault" --query "[?name=='webhook-token'].name" --output tsv)
    if [ -z "$found" ]; then
        python3 -c 'import secrets; print(secrets.token_hex(32), end="")' >"$work/token"
        retry "$TRIES" az keyvault secret set --vault-name "$vault" --name webhook-token --file "$work/token" \
            --encoding utf-8 --output none
        rm "$work/token"
        say "  a token was drawn and put into the vault"
    fi
}

# What the functions read from the vault at their start. Only the token is ours to make.
check_secrets() {
    local vault found name
    vault=$(output vaultName)
    found=$(retry "$TRIES" az keyvault secret list --vault-name "$vault" --query '[].name' --output tsv)
    for name in $(output vaultEntries); do
        grep -qx "$name" <<<"$found" || fail "the parameters ask for a secret $name, and the vault has none:
  az keyvault secret set --vault-name $vault --name $name --file FILE --encoding utf-8"
    done
}

# The functions that a package has.
functions_of() {
    local file
    for file in "$here/../../functions/$1"/*/function.json; do
        basename "$(dirname "$file")"
    done
}

functions_are_listed() {
    local app=$1 function=$2 listed name missing=''
    listed=$(az functionapp function list --resource-group "$group" --name "$app" --query '[].name' --output tsv 2>"$work/errors") ||
        say "  $(head -n 1 "$work/errors")"
    for name in $(functions_of "$function"); do
        grep -qE "(^|/)$name\$" <<<"$listed" || missing="$missing $name"
    done
    [ -n "$missing" ] || return 0
    say "  $app does not list$missing"
    # A package can be up without its triggers. This call may fail and the next look be well all the same.
    az rest --method post --output none 2>/dev/null \
        --uri "/subscriptions/$subscription/resourceGroups/$group/providers/Microsoft.Web/sites/$app/syncfunctiontriggers?api-version=2024-04-01" || true
    return 1
}

# An unhealthy host makes this command of az wait for ever.
upload() {
    local app=$1 function=$2 status=0
    timeout --kill-after 10 "$upload_seconds" az functionapp deployment source config-zip --resource-group "$group" \
        --name "$app" --src "$packages/$function.zip" --output none || status=$?
    if [ "$status" = 124 ] || [ "$status" = 137 ]; then
        hung=$((hung + 1))
        if [ "$hung" -lt 3 ]; then
            printf 'the upload hung for %s seconds\n' "$upload_seconds" >&2
        else
            printf '%s hung three times: its host does not start, most often because it cannot reach its storage account\n' "$app" >&2
        fi
    fi
    return "$status"
}

deploy_code() {
    local app=$1 function=$2 plain
    step "code of $function"
    [ -f "$packages/$function.zip" ] || fail "there is no $packages/$function.zip, which infra/azure/package.sh makes"
    hung=0
    retry "$TRIES" upload "$app" "$function"
    wait_until "$TRIES" "the functions of $app to be listed" functions_are_listed "$app" "$function"
    # A tool of somebody's that adds this breaks the host's identity.
    plain=$(retry "$TRIES" az functionapp config appsettings list --resource-group "$group" --name "$app" \
        --query "[?name=='AzureWebJobsStorage'].name" --output tsv)
    if [ -n "$plain" ]; then
        fail "$app has a setting AzureWebJobsStorage beside the identity: remove it (az functionapp config appsettings delete)"
    fi
}

# Auth0's partner topic, by name; empty while Auth0 has not made it.
find_partner_topic() {
    local found
    # A command substitution does not end at a failure of its own.
    found=$(retry "$TRIES" az eventgrid partner topic list --resource-group "$group" \
        --query "[].[name, partnerRegistrationImmutableId]" --output tsv |
        awk -F '\t' -v id="$AUTH0_REGISTRATION" -v name="$partner_name" 'tolower($2) == id && (name == "" || $1 == name) { print $1 }') ||
        exit 1
    if [ "$(wc -w <<<"$found")" -gt 1 ]; then
        say "$found"
        fail "Auth0 has made several partner topics here: choose one with --partner-topic-name NAME"
    fi
    printf '%s\n' "$found"
}

# Auth0 makes its topic inactive and without an identity, which dead-lettering needs; no template can do either.
prepare_partner_topic() {
    local topic=$1 uri identity active
    uri="/subscriptions/$subscription/resourceGroups/$group/providers/Microsoft.EventGrid/partnerTopics/$topic"
    identity=$(output topicIdentityId)
    active=$(retry "$TRIES" az rest --method get --uri "$uri?api-version=$EVENT_GRID_VERSION" \
        --query properties.activationState --output tsv)
    if [ "$active" != Activated ]; then
        retry "$TRIES" az rest --method post --uri "$uri/activate?api-version=$EVENT_GRID_VERSION" --output none
    fi
    retry "$TRIES" az rest --method patch --uri "$uri?api-version=$EVENT_GRID_VERSION" --output none \
        --body "{\"identity\":{\"type\":\"UserAssigned\",\"userAssignedIdentities\":{\"$identity\":{}}}}"
}

deploy_subscriptions() {
    export TOPIC_NAME PARTNER_TOPIC_NAME=$1 SUBSCRIBER_APP_NAME TOPIC_IDENTITY_NAME DATA_STORAGE_NAME
    TOPIC_NAME=$(output topicName)
    SUBSCRIBER_APP_NAME=$(output subscriberAppName)
    TOPIC_IDENTITY_NAME=$(output topicIdentityName)
    DATA_STORAGE_NAME=$(output dataStorageName)
    retry "$TRIES_OF_A_DEPLOYMENT" az deployment group create --resource-group "$group" --name auth0-subscriptions \
        --parameters "$here/subscriptions.$environment.bicepparam" --output none
}

# Sends one event of ours to the webhook; the answer says what became of it.
send_event() {
    local status
    status=$(curl --silent --max-time 60 --output "$work/answer" --write-out '%{http_code}' --header "@$work/header" \
        --header 'Content-Type: application/json' --data-binary "@$work/event" "$(output webhookUrl)") || true
    [ "$status" = 200 ] || { say "  the webhook answers $status" && return 1; }
}

# Event Grid waits ever longer until it tries again what a new role let down, so the same event is sent every five minutes:
# the ledger lets one row of it pass.
row_is_there() {
    local rows
    looks=$((looks + 1))
    [ $((looks % 15)) != 0 ] || send_event || true
    rows=$(az rest --method post --uri "$logs_api/v1/workspaces/$customer/query" --resource "$logs_api" \
        --headers Content-Type=application/json --body "{\"query\":\"Auth0Logs_CL | where LogId == '$log_id' | count\"}" \
        --query 'tables[0].rows[0][0]' --output tsv 2>"$work/errors") || { say "  $(head -n 1 "$work/errors")" && return 1; }
    [ "$rows" -ge 1 ]
}

wait_for_first_row() {
    local token looks=0
    log_id="deploy-check-$(date -u +%Y%m%dT%H%M%SZ)"
    printf '{"log_id":"%s","data":{"log_id":"%s","type":"deploy_check","date":"%s","description":"Sent by deploy.sh"}}' \
        "$log_id" "$log_id" "$(date -u +%Y-%m-%dT%H:%M:%S.000Z)" >"$work/event"
    token=$(retry "$TRIES" az keyvault secret show --vault-name "$(output vaultName)" --name webhook-token \
        --query value --output tsv)
    printf 'Authorization: %s\n' "$token" >"$work/header"
    wait_until "$TRIES" "the webhook to take an event" send_event
    if grep -q '"filtered":1' "$work/answer"; then
        say "  your filters keep our event out, so there is no row to wait for"
        return
    fi
    logs_api=$(az cloud show --query endpoints.logAnalyticsResourceId --output tsv)
    customer=$(az monitor log-analytics workspace show --resource-group "$(output workspaceResourceGroup)" \
        --workspace-name "$(output workspaceName)" --query customerId --output tsv)
    wait_until "$TRIES_OF_A_NEW_RULE" "the first row (10 to 15 minutes; a new rule may answer 403 for 30)" row_is_there
    rm "$work/header"
    say "  the row is there: Auth0Logs_CL | where LogId == '$log_id'"
}

say_what_to_enter() {
    if [ "$partner" = true ] && [ -z "$1" ]; then
        say "
Auth0 has not made its partner topic yet. At Auth0: Monitoring > Streams > Create Stream > Azure Event Grid
  Subscription ID  $subscription
  Resource Group   $group
  Azure Region     $location
Then run the same command again: it activates the topic and subscribes to it."
    fi
    if [ -n "$(output webhookUrl)" ]; then
        say "
At Auth0: Monitoring > Streams > Create Stream > Custom Webhook
  Payload URL          $(output webhookUrl)
  Authorization Token  what this prints:
    az keyvault secret show --vault-name $(output vaultName) --name webhook-token --query value --output tsv
  Content Type, Format  any"
    fi
}

workspace_group=${workspace_group:-$group}
step "tools and rights"
check_tools
step "providers"
register_providers
check_runtime
step "resource group $group"
there=$(az group exists --name "$group" --output tsv)
if [ "$there" != true ]; then
    retry "$TRIES" az group create --name "$group" --location "$location" --output none
fi
look_at_table
OTHER_PARTNERS='[]'
[ "$partner" = false ] || look_at_partners
step "resources (main.bicep, some minutes)"
deploy_main
if [ -n "$(output webhookUrl)" ]; then
    step "the webhook's token"
    put_token
fi
if [ -n "$(output vaultEntries)" ]; then
    step "secrets"
    check_secrets
fi
if [ -z "$packages" ]; then
    step "packages"
    packages=$here/../../target/azure
    "$here/package.sh" "$packages"
fi
apps=$(output apps)
for app in $apps; do
    deploy_code "${app%%=*}" "${app#*=}"
done
topic=''
if [ "$partner" = true ]; then
    step "Auth0's partner topic"
    topic=$(find_partner_topic)
    [ -z "$topic" ] || prepare_partner_topic "$topic"
fi
step "subscriptions (subscriptions.bicep)"
deploy_subscriptions "$topic"
if [ "$test_event" = true ] && [ -n "$(output webhookUrl)" ] && [ "$(output rowsCanBeQueried)" = True ]; then
    step "the first row"
    wait_for_first_row
fi
say_what_to_enter "$topic"
