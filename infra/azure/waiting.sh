# Sourced by deploy.sh: commands that are repeated while Azure says what is known to pass, up to a limit.

readonly PAUSE_SECONDS=20
# Ten minutes and the time of the commands; a deployment takes minutes itself; what a new rule refuses passes after thirty.
readonly TRIES=30
readonly TRIES_OF_A_DEPLOYMENT=15
readonly TRIES_OF_A_NEW_RULE=90

say() {
    printf '%s\n' "$*" >&2
}

fail() {
    say "FAILED: $*"
    say "Once that is put right, run the same command again: what is there already stays."
    exit 1
}

# Says what an error text waits for; nothing, if waiting does not help.
known_delay() {
    local errors=$1 pattern what
    # A right that whoever deploys lacks does not come by waiting.
    if grep -qiE "AuthorizationFailed|does not have authorization to perform action" "$errors"; then
        return
    fi
    while IFS='|' read -r what pattern; do
        if grep -qiE "${pattern}" "$errors"; then
            printf '%s\n' "$what"
            return
        fi
    done <<'DELAYS'
a new table to be known to rules|InvalidOutputTable
a new identity to be known|PrincipalNotFound|does not exist in the directory
Event Grid to find the function|endpoint not found|Resource should pre-exist
a new function or table to be known to queries|Failed to resolve (scalar|table|column|entity|function)|could not be resolved|does not refer to any known|One of the tables does not exist|Failed to run the analytics rule query|SemanticError
a new resource to be known|ParentResourceNotFound|Name or service not known|getaddrinfo
Sentinel to be on|not onboarded
the rights on a new workspace|permissions on all the workspaces
another operation to end|AnotherOperationInProgress|DeploymentActive|ongoing deployment|Status Code: 409|another (operation|deployment) is in progress|is still on-going
an upload that comes to an end|the upload hung for
a busy service to answer|Failed to retrieve deployment status|TooManyRequests|ServiceUnavailable|Service Unavailable|GatewayTimeout|Bad Gateway|ServerTimeout|Connection aborted|Connection reset|Read timed out|Status Code: (429|50[234])
new roles to work|Forbidden|Unauthorized|AuthorizationPermissionMismatch|\b40[13]\b
DELAYS
}

# Runs a command until it succeeds: retry TRIES COMMAND... Its output is the command's.
retry() {
    local tries=$1 try=1 delay
    shift
    until "$@" >"$work/output" 2>"$work/errors"; do
        delay=$(known_delay "$work/errors")
        if [ -z "$delay" ]; then
            cat "$work/errors" >&2
            fail "${*:1:4} ..."
        fi
        if [ "$try" -ge "$tries" ]; then
            cat "$work/errors" >&2
            fail "gave up after $tries tries of ${*:1:4} ..., waiting for $delay"
        fi
        say "  waiting for $delay (try $try of $tries)"
        try=$((try + 1))
        sleep "$PAUSE_SECONDS"
    done
    cat "$work/output"
}

# Runs a test until it is true: wait_until TRIES WHAT COMMAND...
wait_until() {
    local tries=$1 what=$2 try=1
    shift 2
    until "$@"; do
        if [ "$try" -ge "$tries" ]; then
            fail "gave up after $tries tries, waiting for $what"
        fi
        say "  waiting for $what (try $try of $tries)"
        try=$((try + 1))
        sleep "$PAUSE_SECONDS"
    done
}
