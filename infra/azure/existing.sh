# Sourced by deploy.sh: looks at what is there already, and says so before it is touched.

# The workspace that the table may lie in already: the one that is named, or that an earlier run made.
earlier_workspace() {
    if [ -n "$workspace" ]; then
        printf '%s\n' "$workspace"
    else
        az deployment group show --resource-group "$group" --name auth0-main \
            --query properties.outputs.workspaceName.value --output tsv 2>/dev/null || true
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
    name=$(earlier_workspace)
    if [ -z "$name" ] || ! az monitor log-analytics workspace table show --resource-group "$workspace_group" \
        --workspace-name "$name" --name Auth0Logs_CL --output json >"$work/table" 2>"$work/errors"; then
        EXTRA_COLUMNS='[]'
        if [ -n "$name" ] && ! grep -qiE 'NotFound|not be found|404' "$work/errors"; then
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
            fail "somebody else made that table, so nothing was touched. With --existing-table it is changed as told above"
        fi
        ;;
    *) fail "that table cannot take our rows; nothing was touched" ;;
    esac
}

# Partners beside Auth0 that the resource group has authorized: a deployment replaces the list.
look_at_partners() {
    if ! az eventgrid partner configuration show --resource-group "$group" --output json >"$work/partners" 2>"$work/errors"; then
        grep -qiE 'NotFound|not be found|404' "$work/errors" || { cat "$work/errors" >&2 && fail "cannot read the authorized partners"; }
        OTHER_PARTNERS='[]'
        return
    fi
    OTHER_PARTNERS=$(python3 - "$work/partners" "$AUTH0_REGISTRATION" <<'PYTHON'
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    found = json.load(file)
partners = ((found.get("properties") or found).get("partnerAuthorization") or {}).get("authorizedPartnersList") or []
KEPT = ("partnerName", "partnerRegistrationImmutableId", "authorizationExpirationTimeInUtc")
others = [each for each in partners if (each.get("partnerRegistrationImmutableId") or "").lower() != sys.argv[2]]
print(json.dumps([{key: partner[key] for key in KEPT if partner.get(key)} for partner in others]))
PYTHON
    )
}
