//! The path of a request of the Management API, or of the one for provisioning: words, each with the identifier that may follow it.

use std::borrow::Cow;

use super::{Target, TargetKind};
use crate::json::quoted;
use crate::schema::parties::{Party, is_email};

/// `/api/v2/organizations/org_1/members`, as words and identifiers.
pub(super) struct ApiPath {
    steps: Vec<(String, Option<String>)>,
    /// The word before the first step that only says where the object is.
    place: Option<&'static str>,
    /// Whether what follows the first word is a name, and no identifier.
    has_name: bool,
    /// The user that the query names where no identifier does, and by which of its members.
    user_in_query: Option<(&'static str, String)>,
}

/// First words that only say where an object is: the word that follows names it.
const PLACES: [&str; 13] = [
    "actions",
    "anomaly",
    "attack-protection",
    "blocks",
    "branding",
    "emails",
    "guardian",
    "keys",
    "phone",
    "risk-assessments",
    "stats",
    "tenants",
    "tickets",
];
/// What there is one of, so that nothing identifies it; all below `attack-protection` too.
const SINGLE: [&str; 10] = [
    "branding",
    "emails/provider",
    "guardian/factors",
    "guardian/policies",
    "keys/custom-signing",
    "keys/encryption",
    "keys/signing",
    "prompts",
    "risk-assessments/settings",
    "tenants/settings",
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
        let path = below_api(path);
        let mut words = path.split('/').peekable();
        let mut steps = Vec::new();
        let mut place = None;
        let mut has_name = false;
        while let Some(word) = words.next().filter(|word| !word.is_empty()) {
            // `actions/actions` are a place and then its objects.
            let may_be_place = steps.is_empty() && place != Some(word);
            let found = words.peek().and_then(|next| place_before(word, next));
            if may_be_place && found.is_some() {
                place = found;
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
            place,
            steps,
        }
    }

    /// Whether it has this word, with an identifier or without.
    pub(super) fn has(&self, word: &str) -> bool {
        self.steps.iter().any(|(step, _)| step == word)
    }

    /// Returns what it is about where there is only one such thing: the tenant's settings, the provider of its e-mails. So says
    /// the word, or that something without an identifier is changed.
    pub(super) fn single(&self, is_changed: bool) -> Option<String> {
        let (word, _) = self.steps.first()?;
        if self.steps.iter().any(|(_, id)| id.is_some()) {
            return None;
        }
        let whole = match self.place {
            Some(place) => format!("{place}/{word}"),
            None => word.clone(),
        };
        let is_single = self.place == Some("attack-protection") || SINGLE.contains(&whole.as_str());
        (is_single || is_changed).then_some(whole)
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

/// Returns what follows the API's own words in a path, or in a whole URL: that names its host first, and a proxy may put words
/// of its own before the API's.
fn below_api(path: &str) -> &str {
    let of_management = path.split_once("/api/v2/").map(|(_, rest)| rest);
    if let Some(rest) = of_management.or_else(|| path.strip_prefix("api/v2/")) {
        return rest.trim_matches('/');
    }
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
    path.strip_prefix("v2/").unwrap_or(path)
}

/// Returns a word that only says where the object is that the next one names.
fn place_before(word: &str, next: &str) -> Option<&'static str> {
    if word == "jobs" {
        return JOBS.contains(&next).then_some("jobs");
    }
    let mut places = PLACES.into_iter();
    places.find(|place| *place == word && !next.is_empty())
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
mod tests;
