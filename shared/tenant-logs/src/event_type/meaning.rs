//! What an event type says happened, in words that every schema can be written from.
//!
//! The catalogue gives each code its meaning. Outside the catalogue no code decides anything: a schema asks what
//! happened, with which outcome, and reads the event's own fields.

/// What a code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    /// What happened.
    pub happened: Happened,
    /// Why it failed, where the code says so.
    pub cause: Option<Cause>,
    /// How much it matters, where the outcome does not tell.
    pub severity: Option<Severity>,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Happened {
    /// Somebody logged on, or tried.
    Logon(Proof),
    /// A part of a logon that does not decide it: a code was sent, a request was pushed, a form was filled in.
    LogonStep,
    /// A session ended, or should have.
    Logoff,
    /// An account was made by its owner.
    SignUp,
    /// Something was exchanged for a token.
    TokenExchange(Proof),
    /// A refresh token was revoked.
    TokenRevocation,
    /// A further factor was asked for, answered or refused.
    MfaChallenge(Challenge, Factor),
    /// A further factor was set up, changed or removed.
    MfaEnrolment(Act, Factor),
    /// A password was changed, or a change was asked for.
    PasswordChange(Act),
    /// A password that is known to have leaked was used.
    BreachedPassword(Attempt),
    /// Too many attempts were stopped.
    BruteForceBlock(Attempt),
    /// Too many calls were refused, or soon will be.
    RateLimit,
    /// A user's account changed.
    UserChange(Act, Object),
    /// The tenant, or who may do what in it, changed.
    AdminChange(Act, Object),
    /// An operation of the Management API; the request itself says more.
    ApiOperation(Act),
    /// The service tells something.
    SystemNotice(Notice),
}

/// What somebody proved with who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Proof {
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

/// How far a challenge went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Challenge {
    /// It was put to the user, or could not be.
    Sent,
    /// The user answered, rightly or not.
    Answered,
}

/// A further factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Factor {
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
pub enum Attempt {
    /// To log on.
    Logon,
    /// To sign up.
    SignUp,
    /// To change a password.
    PasswordChange,
    /// To get or answer a challenge.
    Factor,
}

/// What was done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Act {
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

/// What an act was done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Object {
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
    Resource,
}

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Notice {
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

/// Why something failed, where a code says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The password is not that of the user.
    WrongPassword,
    /// There is no such user.
    NoSuchUser,
    /// The user is blocked.
    UserLocked,
    /// It is not allowed.
    AgainstPolicy,
}

/// How much an event matters to whoever watches over security.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
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
    const fn of(happened: Happened) -> Self {
        Self {
            happened,
            cause: None,
            severity: None,
        }
    }

    pub(crate) const fn logon(proof: Proof) -> Self {
        Self::of(Happened::Logon(proof))
    }

    pub(crate) const fn logon_step() -> Self {
        Self::of(Happened::LogonStep)
    }

    pub(crate) const fn logoff() -> Self {
        Self::of(Happened::Logoff)
    }

    pub(crate) const fn sign_up() -> Self {
        Self::of(Happened::SignUp)
    }

    pub(crate) const fn token_exchange(proof: Proof) -> Self {
        Self::of(Happened::TokenExchange(proof))
    }

    pub(crate) const fn token_revocation() -> Self {
        Self::of(Happened::TokenRevocation)
    }

    pub(crate) const fn mfa_challenge(challenge: Challenge, factor: Factor) -> Self {
        Self::of(Happened::MfaChallenge(challenge, factor))
    }

    pub(crate) const fn mfa_enrolment(act: Act, factor: Factor) -> Self {
        Self::of(Happened::MfaEnrolment(act, factor))
    }

    pub(crate) const fn password_change(act: Act) -> Self {
        Self::of(Happened::PasswordChange(act))
    }

    pub(crate) const fn breached_password(attempt: Attempt) -> Self {
        Self::of(Happened::BreachedPassword(attempt)).at(Severity::High)
    }

    pub(crate) const fn brute_force_block(attempt: Attempt) -> Self {
        Self::of(Happened::BruteForceBlock(attempt)).at(Severity::High)
    }

    pub(crate) const fn rate_limit() -> Self {
        Self::of(Happened::RateLimit).at(Severity::Medium)
    }

    pub(crate) const fn user_change(act: Act, object: Object) -> Self {
        Self::of(Happened::UserChange(act, object))
    }

    pub(crate) const fn admin_change(act: Act, object: Object) -> Self {
        Self::of(Happened::AdminChange(act, object))
    }

    pub(crate) const fn api_operation(act: Act) -> Self {
        Self::of(Happened::ApiOperation(act))
    }

    pub(crate) const fn system_notice(notice: Notice) -> Self {
        Self::of(Happened::SystemNotice(notice))
    }

    pub(crate) const fn because(self, cause: Cause) -> Self {
        Self {
            cause: Some(cause),
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
