//! Which events a day has, and how often each: logins and tokens all day, the rest now and then.

use fastrand::Rng;

use super::shapes::Shape;

/// A type code of the sample.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) code: &'static str,
    /// `None` where Auth0 sends no `description`, empty where it sends an empty one.
    pub(super) description: Option<&'static str>,
    pub(super) shape: Shape,
    weight: u32,
}

/// One event of this many takes the next code in turn, so that the rare ones occur too.
const IN_TURN_EVERY: u64 = 25;
const IN_TURN_AT: u64 = 7;

const fn kind(
    weight: u32,
    code: &'static str,
    shape: Shape,
    description: Option<&'static str>,
) -> Kind {
    Kind {
        code,
        description,
        shape,
        weight,
    }
}

/// Picks what happens at this index of the day.
pub(super) fn kind_at(index: u64, rng: &mut Rng) -> Option<&'static Kind> {
    if index % IN_TURN_EVERY == IN_TURN_AT {
        let turn = usize::try_from(index / IN_TURN_EVERY).ok()?;
        return KINDS.get(turn % KINDS.len());
    }
    let total: u32 = KINDS.iter().map(|kind| kind.weight).sum();
    let mut left = rng.u32(..total);
    KINDS.iter().find(|kind| {
        let is_it = left < kind.weight;
        left = left.saturating_sub(kind.weight);
        is_it
    })
}

#[rustfmt::skip]
pub(super) static KINDS: [Kind; 46] = [
    kind(170, "s", Shape::Login, None),
    kind(110, "seacft", Shape::Exchange, Some("Authorization Code for Access Token")),
    kind(110, "sertft", Shape::Exchange, Some("Refresh Token for Access Token")),
    kind(100, "ssa", Shape::SilentAuth, None),
    kind(60, "fsa", Shape::SilentAuthFailed, Some("Login required")),
    kind(60, "seccft", Shape::MachineExchange, Some("Client Credentials for Access Token")),
    kind(60, "fp", Shape::LoginFailed, Some("Wrong email or password.")),
    kind(25, "fu", Shape::LoginFailed, Some("Wrong email or password.")),
    kind(15, "f", Shape::LoginFailed, Some("access_denied")),
    kind(75, "sapi", Shape::ApiWrite, Some("Update a user")),
    kind(30, "mgmt_api_read", Shape::ApiRead, Some("Get users")),
    kind(40, "slo", Shape::Logout, Some("User successfully logged out")),
    kind(25, "mfar", Shape::NullDetails, Some("")),
    kind(25, "gd_auth_succeed", Shape::SecondFactor, Some("Guardian - Second factor authentication success (otp)")),
    kind(15, "gd_send_sms", Shape::SecondFactor, Some("Guardian - Second factor sms sent")),
    kind(10, "gd_send_pn", Shape::SecondFactor, Some("Guardian - Second factor push notification sent")),
    kind(12, "gd_start_auth", Shape::SecondFactor, Some("Guardian - Second factor authentication started")),
    kind(8, "gd_auth_failed", Shape::SecondFactor, Some("Guardian - Second factor authentication failed")),
    kind(4, "gd_start_enroll", Shape::SecondFactor, Some("Guardian - Enrollment started")),
    kind(4, "gd_enrollment_complete", Shape::SecondFactor, Some("Guardian - Enrollment complete (totp)")),
    kind(2, "gd_otp_rate_limit_exceed", Shape::SecondFactor, Some("Guardian - Too many failures (otp)")),
    kind(15, "ss", Shape::SignUp, None),
    kind(5, "fs", Shape::SignUp, Some("The user already exists.")),
    kind(8, "fertft", Shape::ExchangeFailed, Some("Unknown or invalid refresh token.")),
    kind(6, "feacft", Shape::ExchangeFailed, Some("Invalid authorization code")),
    kind(5, "feccft", Shape::ExchangeFailed, Some("Unauthorized")),
    kind(6, "scp", Shape::Account, Some("Password was changed")),
    kind(6, "scpr", Shape::NullDetails, Some("")),
    kind(3, "fcp", Shape::Account, Some("Password is too weak")),
    kind(6, "sv", Shape::Account, Some("Your email was verified. You can continue using the application.")),
    kind(2, "sce", Shape::Account, Some("Email was changed")),
    kind(4, "cls", Shape::NullDetails, None),
    kind(2, "sdu", Shape::NullDetails, Some("User deleted")),
    kind(6, "limit_wc", Shape::Blocked, Some("An IP address is blocked with 10 failed login attempts into a single account")),
    kind(4, "limit_mu", Shape::Blocked, Some("An IP address is blocked with 100 failed login attempts")),
    kind(3, "pwd_leak", Shape::Blocked, Some("Someone attempted to login with a leaked password")),
    kind(2, "signup_pwd_leak", Shape::Blocked, Some("Someone attempted to sign up with a leaked password")),
    kind(1, "ublkdu", Shape::NullDetails, Some("User unblocked")),
    kind(5, "api_limit", Shape::ApiLimit, Some("Global per second access to the Management API exceeded")),
    kind(5, "api_limit_warning", Shape::ApiLimit, Some("Nearing the rate limit of the Management API")),
    kind(6, "w", Shape::TextDetails, Some("You are using the default development keys of a social provider")),
    kind(2, "depnote", Shape::TextDetails, Some("Legacy Lock API: this feature is being deprecated")),
    kind(4, "actions_execution_failed", Shape::ActionFailed, Some("Execution of an Action failed")),
    kind(6, "scoa", Shape::NullDetails, None),
    kind(3, "sscim", Shape::ApiRead, Some("SCIM: get users")),
    // Auth0 adds codes several times a year, so the sample has one that no catalogue knows.
    kind(6, "agent_session_started", Shape::NewFeature, Some("Agent session started")),
];
