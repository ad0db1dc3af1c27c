//! The path of a request of the Management API, or of the one for provisioning: words, each with the identifier that may follow it.

use std::borrow::Cow;

use super::{Target, TargetKind};
use crate::schema::parties::{Party, is_email, quoted};

/// `/api/v2/organizations/org_1/members`, as words and identifiers.
pub(super) struct ApiPath {
    steps: Vec<(String, Option<String>)>,
    /// Whether what follows the first word is a name, and no identifier.
    has_name: bool,
    /// The user that the query names where no identifier does, and by which of its members.
    user_in_query: Option<(&'static str, String)>,
}

/// First words that only say where an object is: the word that follows names it.
const PLACES: [&str; 12] = [
    "actions",
    "anomaly",
    "attack-protection",
    "blocks",
    "branding",
    "emails",
    "guardian",
    "keys",
    "phone",
    "stats",
    "tenants",
    "tickets",
];
/// What follows `jobs` and is no job's identifier.
const JOBS: [&str; 3] = ["users-exports", "users-imports", "verification-email"];
/// What follows these words and is no identifier of theirs.
const NO_IDS: [(&str, &str); 4] = [
    ("encryption", "rekey"),
    ("enrollments", "ticket"),
    ("scim-configuration", "tokens"),
    ("signing", "rotate"),
];
/// What belongs to another object and has identifiers of its own.
const PARTS: [&str; 8] = [
    "authentication-methods",
    "credentials",
    "discovery-domains",
    "identities",
    "invitations",
    "multifactor",
    "sessions",
    "tokens",
];
/// Members of a query that name a user (Management API: users-by-email, user-blocks, users of a connection, grants).
const USERS_IN_QUERY: [&str; 3] = ["email", "identifier", "user_id"];

impl ApiPath {
    /// Reads a path; a text that is none has no steps.
    pub(super) fn of(path: &str) -> Self {
        let path = path.split('#').next().unwrap_or_default();
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        // A whole URL names its host first.
        let path = match path.split_once("://") {
            Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)),
            None => Some(path),
        };
        let path = path.filter(|path| path.starts_with('/'));
        let path = path.unwrap_or_default().trim_matches('/');
        let path = ["api/", "scim/"]
            .into_iter()
            .find_map(|api| path.strip_prefix(api))
            .unwrap_or(path);
        let path = path.strip_prefix("v2/").unwrap_or(path);
        let mut words = path.split('/').peekable();
        let mut steps = Vec::new();
        let mut place = None;
        let mut has_name = false;
        while let Some(word) = words.next().filter(|word| !word.is_empty()) {
            let is_place = |next: &&str| {
                PLACES.contains(&word) && !next.is_empty() || word == "jobs" && JOBS.contains(next)
            };
            // `actions/actions` are a place and then its objects.
            if steps.is_empty() && place != Some(word) && words.peek().is_some_and(is_place) {
                place = Some(word);
                continue;
            }
            if (word, words.peek()) == ("organizations", Some(&"name")) {
                has_name = words.next().is_some();
            }
            let id = words
                .next_if(|next| !NO_IDS.contains(&(word, *next)))
                .filter(|id| !id.is_empty());
            let id = id.map(|id| percent_decoded(id).into_owned());
            // An account elsewhere has two: its provider's, and its own there.
            let inner = words.next_if(|_| word == "identities");
            let id = match (id, inner) {
                (Some(id), Some(inner)) => Some(format!("{id}|{}", percent_decoded(inner))),
                (id, _) => id,
            };
            steps.push((word.to_owned(), id));
        }
        let members = query.split('&').filter_map(|member| member.split_once('='));
        let mut users = members.filter_map(|(name, value)| {
            let name = USERS_IN_QUERY.into_iter().find(|known| *known == name)?;
            (!value.is_empty()).then(|| (name, percent_decoded(value).into_owned()))
        });
        Self {
            user_in_query: users.next(),
            has_name,
            steps,
        }
    }

    /// Whether its last word is this one, without an identifier.
    pub(super) fn ends_with(&self, word: &str) -> bool {
        let last = self.steps.last();
        last.is_some_and(|(last, id)| last == word && id.is_none())
    }

    /// Returns the user that its query names.
    pub(super) fn user_in_query<'a>(&self) -> Option<Party<'a>> {
        let (member, user) = self.user_in_query.as_ref()?;
        Some(named(member, user))
    }

    /// Returns what the path is about; `None` if there is no path.
    pub(super) fn kind(&self) -> Option<TargetKind> {
        let (word, _) = self.steps.first()?;
        Some(TargetKind::of_word(word).unwrap_or_else(|| TargetKind::Other(word.clone())))
    }

    /// Whether it leads on to what belongs to an object.
    pub(super) fn is_deep(&self) -> bool {
        self.steps.len() > 1
    }

    /// Returns what its last word stands for where no identifier follows: a list of such objects.
    pub(super) fn kind_of_last(&self) -> Option<TargetKind> {
        let (word, id) = self.steps.last()?;
        TargetKind::of_word(word).filter(|_| id.is_none())
    }

    /// Returns what its last word stands for where that is a part of the object before and has no identifier yet.
    pub(super) fn new_part(&self) -> Option<TargetKind> {
        let (word, id) = self.steps.last()?;
        part(word).filter(|_| id.is_none() && self.is_deep())
    }

    /// Returns the objects that it identifies, and the kind of the first one even where it does not.
    pub(super) fn targets<'a>(&self) -> Vec<Target<'a>> {
        let last = self.steps.len().saturating_sub(1);
        let steps = self.steps.iter().enumerate();
        let targets = steps.filter_map(|(index, (word, id))| {
            let is_of_query = index == last && id.is_none() && self.user_in_query.is_some();
            let kind = match index {
                0 => self.kind(),
                _ if id.is_none() => TargetKind::of_word(word)
                    .filter(|kind| is_of_query && *kind == TargetKind::User),
                _ => TargetKind::of_word(word).or_else(|| part(word).filter(|_| index == last)),
            };
            let of_query = self.user_in_query().filter(|_| is_of_query);
            let party = match (&kind, of_query) {
                (Some(TargetKind::User), Some(user)) => user,
                _ if self.has_name => Party {
                    name: id.as_deref().map(quoted),
                    ..Party::default()
                },
                _ => Party {
                    id: id.as_deref().map(quoted),
                    ..Party::default()
                },
            };
            Some(Target {
                kind: kind?,
                party,
                // Nothing follows: it is what becomes a part of the one before, or ceases to be.
                is_assigned: index > 0 && index == last,
            })
        });
        targets.collect()
    }
}

/// Returns what a word stands for that is a part of another object.
fn part(word: &str) -> Option<TargetKind> {
    PARTS
        .contains(&word)
        .then(|| TargetKind::Other(word.to_owned()))
}

/// Returns a user by an identifier, an e-mail address, or another name.
fn named<'a>(member: &str, user: &str) -> Party<'a> {
    let user = quoted(user);
    let mut party = Party::default();
    if member == "user_id" {
        party.id = Some(user);
    } else if is_email(&user) {
        party.email = Some(user);
    } else {
        party.name = Some(user);
    }
    party
}

/// Returns what `%7C` and the like stand for; a text that is no UTF-8 then stays as it is.
fn percent_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let decoded = match rest {
            [b'%', high, low, ..] => hex_digit(*high).zip(hex_digit(*low)),
            _ => None,
        };
        if let Some((high, low)) = decoded {
            bytes.push(high << 4 | low);
            rest = rest.get(3..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned)
}

fn hex_digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: &[(&str, Option<&str>)]) {
        let path_of = ApiPath::of(path);
        let targets = path_of.targets();
        let found: Vec<(&str, Option<&str>)> = targets
            .iter()
            .map(|target| (target.kind.name(), target.party.id.as_deref()))
            .collect();
        assert_eq!(found, expected, "{path}");
    }

    #[test]
    fn a_path_names_its_objects_however_it_is_written() {
        let nils = Some(r#""auth0|42""#);
        check("/api/v2/users/auth0%7C42/roles", &[("User", nils)]);
        check("/v2/users/auth0%7c42", &[("User", nils)]);
        check(
            "https://acme.example.com/api/v2/users/auth0|42?x=1",
            &[("User", nils)],
        );
        check("/api/v2/user-blocks/auth0|42/", &[("User", nils)]);
        check(
            "/api/v2/organizations/org_1/members/auth0%7C42/roles",
            &[("Organization", Some(r#""org_1""#)), ("User", nils)],
        );
        check(
            "/api/v2/clients/v2/credentials/cred_1",
            &[
                ("Client", Some(r#""v2""#)),
                ("credentials", Some(r#""cred_1""#)),
            ],
        );
        check("/api/v2/users", &[("User", None)]);
        check("/api/v2/users//roles", &[("User", None)]);
        check("/api/v2/users/%ff%7", &[("User", Some(r#""%ff%7""#))]);
        check(
            "/api/v2/log-streams/lst_1",
            &[("log-streams", Some(r#""lst_1""#))],
        );
        check(
            "/api/v2/guardian/enrollments/dev_1",
            &[("enrollments", Some(r#""dev_1""#))],
        );
        check(
            "/api/v2/tickets/password-change",
            &[("password-change", None)],
        );
    }

    #[test]
    fn what_only_says_where_an_object_is_names_none() {
        let nils = Some(r#""auth0|42""#);
        check("/api/v2/jobs/users-exports", &[("users-exports", None)]);
        check("/api/v2/jobs/job_1", &[("jobs", Some(r#""job_1""#))]);
        check(
            "/api/v2/anomaly/blocks/ips/192.0.2.1",
            &[("ips", Some(r#""192.0.2.1""#))],
        );
        check("/api/v2/branding", &[("branding", None)]);
        check("/api/v2/actions/actions", &[("actions", None)]);
        check(
            "/api/v2/actions/actions/act_1/deploy",
            &[("actions", Some(r#""act_1""#))],
        );
        check(
            "/api/v2/guardian/enrollments/ticket",
            &[("enrollments", None)],
        );
        check("/api/v2/organizations/name/acme", &[("Organization", None)]);
        check(
            "/api/v2/connections/con_1/scim-configuration/tokens/tok_1",
            &[
                ("Connection", Some(r#""con_1""#)),
                ("tokens", Some(r#""tok_1""#)),
            ],
        );
        check(
            "/api/v2/connections/con_1/keys/rotate",
            &[("Connection", Some(r#""con_1""#))],
        );
        check(
            "/api/v2/users/auth0%7C42/authentication-methods/am_1",
            &[
                ("User", nils),
                ("authentication-methods", Some(r#""am_1""#)),
            ],
        );
        check(
            "/api/v2/users/auth0%7C42/identities/google-oauth2/7",
            &[("User", nils), ("identities", Some(r#""google-oauth2|7""#))],
        );
        check(
            "/scim/v2/connections/con_1/Users/auth0%7C42",
            &[("Connection", Some(r#""con_1""#)), ("User", nils)],
        );
        for none in ["", "***", "/", "users/auth0|42", "https://acme.example.com"] {
            check(none, &[]);
        }
    }

    #[test]
    fn a_query_names_a_user_where_no_identifier_does() {
        let check = |path: &str, name: Option<&str>, email: Option<&str>| {
            let targets = ApiPath::of(path).targets();
            let users: Vec<&Target<'_>> = targets
                .iter()
                .filter(|target| target.kind == TargetKind::User)
                .collect();
            let [user] = users[..] else {
                panic!("{path}: {targets:?}");
            };
            let found = (user.party.name.as_deref(), user.party.email.as_deref());
            assert_eq!(found, (name, email), "{path}");
        };
        let nils = Some(r#""nils@example.com""#);
        check(
            "/api/v2/users-by-email?email=nils%40example.com",
            None,
            nils,
        );
        check(
            "/api/v2/connections/con_1/users?email=nils%40example.com",
            None,
            nils,
        );
        check(
            "/api/v2/user-blocks?page=1&identifier=nils%40example.com",
            None,
            nils,
        );
        check(
            "/api/v2/user-blocks?identifier=nils",
            Some(r#""nils""#),
            None,
        );
        check(
            "/api/v2/users/auth0%7C42?email=nils%40example.com",
            None,
            None,
        );
        check("/api/v2/users?email=", None, None);
    }
}
