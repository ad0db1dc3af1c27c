# Sourced by deploy.sh: looks at what is there already, and says so before it is touched.

is_missing() {
    grep -qiE 'NotFound|not be found|404' "$work/errors"
}

# The workspace that the table may lie in already: the one that is named, or that an earlier run made. A run that failed has
# no outputs of main.bicep, but those of the module that made the workspace.
earlier_workspace() {
    if [ -n "$workspace" ]; then
        printf '%s\n' "$workspace"
    else
        az deployment group show --resource-group "$group" --name auth0-workspace \
            --query properties.outputs.name.value --output tsv 2>"$work/errors" || is_missing
    fi
}

# Says what is there before it is touched, and keeps the columns that must stay.
look_at_table() {
    local name found=0 region
    if [ -n "$workspace" ]; then
        region=$(az monitor log-analytics workspace show --resource-group "$workspace_group" --workspace-name "$workspace" \
            --query location --output tsv) || fail "cannot read the workspace $workspace"
        [ "$region" = "$location" ] || fail "the workspace $workspace is in $region, and a rule must be there, too: --location $region"
    fi
    name=$(earlier_workspace) || { cat "$work/errors" >&2 && fail "cannot tell whether an earlier run made a workspace"; }
    if [ -z "$name" ] || ! az monitor log-analytics workspace table show --resource-group "$workspace_group" \
        --workspace-name "$name" --name Auth0Logs_CL --output json >"$work/table" 2>"$work/errors"; then
        EXTRA_COLUMNS='[]'
        if [ -n "$name" ] && ! is_missing; then
            cat "$work/errors" >&2
            fail "cannot tell whether the workspace $name has a table Auth0Logs_CL"
        fi
        return
    fi
    EXTRA_COLUMNS=$(python3 "$here/existing_table.py" "$here/modules/columns.bicep" <"$work/table") || found=$?
    case $found in
    0) ;;
    3)
        if [ "$existing_table" = false ]; then
            fail "somebody else made that table, so nothing was touched. With --existing-table it is changed as listed above"
        fi
        ;;
    *) fail "that table cannot take our rows; nothing was touched" ;;
    esac
}

# Partners beside Auth0 that the resource group has authorized: a deployment replaces the list. One whose time is over can do
# nothing any more, and a time in the past cannot be set.
look_at_partners() {
    if ! az eventgrid partner configuration show --resource-group "$group" --output json >"$work/partners" 2>"$work/errors"; then
        is_missing || { cat "$work/errors" >&2 && fail "cannot read the authorized partners"; }
        OTHER_PARTNERS='[]'
        return
    fi
    OTHER_PARTNERS=$(python3 - "$work/partners" "$AUTH0_REGISTRATION" <<'PYTHON'
import datetime
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    found = json.load(file)
partners = ((found.get("properties") or found).get("partnerAuthorization") or {}).get("authorizedPartnersList") or []
KEPT = ("partnerName", "partnerRegistrationImmutableId", "authorizationExpirationTimeInUtc")
others = [each for each in partners if (each.get("partnerRegistrationImmutableId") or "").lower() != sys.argv[2]]
now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
for each in [each for each in others if (each.get("authorizationExpirationTimeInUtc") or "9")[:19] <= now]:
    others.remove(each)
    print("  the authorization of %s is over: it leaves the list" % (each.get("partnerName") or "a partner"), file=sys.stderr)
print(json.dumps([{key: partner[key] for key in KEPT if partner.get(key)} for partner in others]))
PYTHON
    )
}
