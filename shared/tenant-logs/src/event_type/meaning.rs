//! What an event type says happened, in words that every schema can be written from.
//!
//! The catalogue gives each code its meaning. Outside the catalogue no code decides anything: a schema asks what
//! happened, with which outcome, and reads the event's own fields.

/// What a code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Meaning {
    /// What happened.
    pub(crate) activity: Activity,
    /// Why it failed, where the code says so.
    pub(crate) reason: Option<FailureReason>,
    /// How much it matters, where the outcome does not tell.
    pub(crate) severity: Option<Severity>,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Activity {
    /// Somebody logged on, or tried.
    Logon(AuthMethod),
    /// A part of a logon that does not decide it: a code was sent, a request was pushed, a form was filled in.
    LogonStep,
    /// A session ended, or should have.
    Logoff,
    /// An account was made by its owner.
    SignUp,
    /// Something was exchanged for a token.
    TokenExchange(AuthMethod),
    /// A refresh token was revoked.
    TokenRevocation,
    /// A further factor was asked for, answered or refused.
    MfaChallenge(Challenge, Factor),
    /// A further factor was set up, changed or removed.
    MfaEnrolment(Operation, Factor),
    /// A password was changed, or a change was asked for.
    PasswordChange(Operation),
    /// A password that is known to have leaked was used.
    BreachedPassword(Attempt),
    /// Too many attempts were stopped.
    BruteForceBlock(Attempt),
    /// Too many calls were refused, or soon will be.
    RateLimit,
    /// A user's account changed.
    UserChange(Operation, Resource),
    /// The tenant, or who may do what in it, changed.
    AdminChange(Operation, Resource),
    /// An operation of the Management API; the request itself says more.
    ApiOperation(Operation),
    /// The service tells something.
    SystemNotice(Notice),
}

/// What somebody proved with who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum AuthMethod {
    /// The code does not say.
    Unsaid,
    /// A password.
    Password,
    /// A password and a further factor.
    PasswordAndFactor,
    /// A passkey and a further factor.
    PasskeyAndFactor,
    /// A code sent to them, and no password.
    OneTimeCode,
    /// A session that they have already.
    Session,
    /// A social provider's token.
    Social,
    /// The code that a logon ended with.
    AuthorizationCode,
    /// An application's own credentials.
    ClientCredentials,
    /// A code shown on a device.
    DeviceCode,
    /// Consent given on another channel (CIBA).
    Backchannel,
    /// A refresh token.
    RefreshToken,
    /// Another token.
    Token,
    /// Somebody else's right, handed on.
    Delegation,
}

impl Activity {
    /// Returns what was proved with, where somebody logged on or exchanged something for a token.
    pub(crate) fn auth_method(self) -> Option<AuthMethod> {
        match self {
            Self::Logon(proof) | Self::TokenExchange(proof) => Some(proof),
            Self::LogonStep
            | Self::Logoff
            | Self::SignUp
            | Self::TokenRevocation
            | Self::MfaChallenge(..)
            | Self::MfaEnrolment(..)
            | Self::PasswordChange(_)
            | Self::BreachedPassword(_)
            | Self::BruteForceBlock(_)
            | Self::RateLimit
            | Self::UserChange(..)
            | Self::AdminChange(..)
            | Self::ApiOperation(_)
            | Self::SystemNotice(_) => None,
        }
    }
}

impl AuthMethod {
    /// Whether it is a credential; whoever has none turns a token or a session into another token, and goes on with a logon.
    pub(crate) fn is_credential(self) -> bool {
        match self {
            Self::Unsaid
            | Self::Password
            | Self::PasswordAndFactor
            | Self::PasskeyAndFactor
            | Self::OneTimeCode
            | Self::Social
            | Self::ClientCredentials
            | Self::DeviceCode
            | Self::Backchannel => true,
            Self::Session
            | Self::AuthorizationCode
            | Self::RefreshToken
            | Self::Token
            | Self::Delegation => false,
        }
    }
}

/// How far a challenge went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Challenge {
    /// It was put to the user, or could not be.
    Sent,
    /// The user answered, rightly or not.
    Answered,
}

/// A further factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Factor {
    /// The code does not say.
    Unsaid,
    /// A code in a text message.
    Sms,
    /// A code in a call.
    Voice,
    /// A code in an e-mail.
    Email,
    /// A notification to confirm.
    Push,
    /// A code kept for the loss of all others.
    RecoveryCode,
    /// A security key, or the device itself.
    WebAuthn,
}

/// What was attempted when a defence stepped in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Attempt {
    /// To log on.
    Logon,
    /// To sign up.
    SignUp,
    /// To change a password.
    PasswordChange,
    /// To get or answer a challenge.
    Factor,
}

/// What was done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Operation {
    /// It was made or added.
    Create,
    /// It was read.
    Read,
    /// It was changed.
    Update,
    /// It was removed.
    Delete,
    /// One of create, update and delete: the code does not say which.
    Write,
    /// A block on it was lifted.
    Unlock,
    /// It was asked for, or it began: the change itself is another event.
    Start,
}

/// What an operation was done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Resource {
    /// A user's account.
    User,
    /// Users' accounts, many at once.
    Users,
    /// A user's name.
    UserName,
    /// A user's e-mail address.
    Email,
    /// The proof that a user's e-mail address is theirs.
    EmailVerification,
    /// A user's telephone number.
    PhoneNumber,
    /// An account elsewhere that a user connected.
    ConnectedAccount,
    /// Who belongs to an organization.
    OrganizationMember,
    /// Which further factors the tenant asks for.
    MfaSettings,
    /// A key that the tenant encrypts with.
    Key,
    /// The service's configuration.
    Configuration,
    /// A connection to a provider of users.
    Connection,
    /// A domain name of the tenant.
    CustomDomain,
    /// Something that the tenant had too many of.
    Surplus,
}

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Notice {
    /// Traffic that the tenant's network rules let pass or stopped.
    Network,
    /// The tenant's own code: Actions and Flows.
    Extension,
    /// A message to a user that could not be sent.
    Message,
    /// A feature that will change.
    Product,
    /// The service's own running.
    Service,
}

/// Why something failed, where a code or a text says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum FailureReason {
    /// The password, or a code in its place, is not that of the user.
    WrongPassword,
    /// A factor, key or assertion is not right.
    WrongKey,
    /// The password is too old.
    PasswordExpired,
    /// There is no such user.
    NoSuchUser,
    /// There is no such application, which is who logs on where it does so by itself.
    NoSuchApplication,
    /// The account is too old.
    AccountExpired,
    /// The user is blocked for a while, after too many attempts.
    UserLocked,
    /// The user is blocked by an administrator.
    UserDisabled,
    /// The session, or the token that stands for it, has ended.
    SessionExpired,
    /// It is not allowed.
    AgainstPolicy,
    /// One that no other word is for, as only a text says: it overrides what the code does.
    Other,
}

/// How much an event matters to whoever watches over security.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Severity {
    /// Nothing to do.
    Informational,
    /// It may be worth a look.
    Low,
    /// Somebody should look.
    Medium,
    /// Somebody should look soon.
    High,
}

/// The words of the catalogue's rows.
impl Meaning {
    const fn of(activity: Activity) -> Self {
        Self {
            activity,
            reason: None,
            severity: None,
        }
    }

    pub(crate) const fn logon(proof: AuthMethod) -> Self {
        Self::of(Activity::Logon(proof))
    }

    pub(crate) const fn logon_step() -> Self {
        Self::of(Activity::LogonStep)
    }

    pub(crate) const fn logoff() -> Self {
        Self::of(Activity::Logoff)
    }

    pub(crate) const fn sign_up() -> Self {
        Self::of(Activity::SignUp)
    }

    pub(crate) const fn token_exchange(proof: AuthMethod) -> Self {
        Self::of(Activity::TokenExchange(proof))
    }

    pub(crate) const fn token_revocation() -> Self {
        Self::of(Activity::TokenRevocation)
    }

    pub(crate) const fn mfa_challenge(challenge: Challenge, factor: Factor) -> Self {
        Self::of(Activity::MfaChallenge(challenge, factor))
    }

    pub(crate) const fn mfa_enrolment(operation: Operation, factor: Factor) -> Self {
        Self::of(Activity::MfaEnrolment(operation, factor))
    }

    pub(crate) const fn password_change(operation: Operation) -> Self {
        Self::of(Activity::PasswordChange(operation))
    }

    pub(crate) const fn breached_password(attempt: Attempt) -> Self {
        Self::of(Activity::BreachedPassword(attempt)).at(Severity::High)
    }

    pub(crate) const fn brute_force_block(attempt: Attempt) -> Self {
        Self::of(Activity::BruteForceBlock(attempt)).at(Severity::High)
    }

    pub(crate) const fn rate_limit() -> Self {
        Self::of(Activity::RateLimit).at(Severity::Medium)
    }

    pub(crate) const fn user_change(operation: Operation, resource: Resource) -> Self {
        Self::of(Activity::UserChange(operation, resource))
    }

    pub(crate) const fn admin_change(operation: Operation, resource: Resource) -> Self {
        Self::of(Activity::AdminChange(operation, resource))
    }

    pub(crate) const fn api_operation(operation: Operation) -> Self {
        Self::of(Activity::ApiOperation(operation))
    }

    pub(crate) const fn system_notice(notice: Notice) -> Self {
        Self::of(Activity::SystemNotice(notice))
    }

    pub(crate) const fn because(self, reason: FailureReason) -> Self {
        Self {
            reason: Some(reason),
            ..self
        }
    }

    pub(crate) const fn at(self, severity: Severity) -> Self {
        Self {
            severity: Some(severity),
            ..self
        }
    }
}
