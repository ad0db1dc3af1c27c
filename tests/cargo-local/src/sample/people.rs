//! Who uses the tenant: people, their devices and connections, and the applications they sign in to.
//!
//! Every text is escaped for JSON already, because templates put it between quotes as it is.

use fastrand::Rng;

const PERSON_COUNT: usize = 500;

const GIVEN_NAMES: [&str; 20] = [
    "Ada",
    "Chloé",
    "Jörg",
    "Łucja",
    "Ngọc",
    "Søren",
    "Zoë",
    "Мария",
    "花子",
    "أمينة",
    "Tomás",
    "Ines",
    "Kwame",
    "Priya",
    "Dana \"Dee\"",
    "Owen",
    "Ayşe",
    "José",
    "Mei",
    "Robin",
];
const FAMILY_NAMES: [&str; 16] = [
    "Okafor",
    "Müller",
    "Żak",
    "Trần",
    "Kjær",
    "Díaz",
    "Иванова",
    "山田",
    "الصالح",
    "Caldeira",
    "Mensah",
    "Nair",
    "O'Neill",
    "Öztürk",
    "Lindqvist",
    "Park",
];
const MAIL_DOMAINS: [&str; 3] = ["example.com", "example.org", "example.net"];
const NETWORKS: [&str; 3] = ["192.0.2", "198.51.100", "203.0.113"];

const USER_AGENTS: [&str; 6] = [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.7444.48 Mobile Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
    "okhttp/5.1.0",
];

/// How a user proves who they are.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) name: &'static str,
    pub(super) id: &'static str,
    pub(super) strategy: &'static str,
    pub(super) strategy_type: &'static str,
    /// What a `user_id` begins with.
    prefix: &'static str,
    /// Of 100 people, how many use it.
    share: usize,
}

const fn connection(
    [name, id, strategy, strategy_type, prefix]: [&'static str; 5],
    share: usize,
) -> Connection {
    Connection {
        name,
        id,
        strategy,
        strategy_type,
        prefix,
        share,
    }
}

#[rustfmt::skip]
static CONNECTIONS: [Connection; 5] = [
    connection(["Username-Password-Authentication", "con_4TqLxV9bYw2NsKcE", "auth0", "database", "auth0|"], 55),
    connection(["google-oauth2", "con_R8vKe2YcNh6Uj1Pd", "google-oauth2", "social", "google-oauth2|"], 20),
    connection(["example-okta", "con_Wq8sLm4TzXv0RbKe", "okta", "enterprise", "okta|example-okta|"], 13),
    connection(["example-entra", "con_Nb2LrTq7XzKv9WmY", "waad", "enterprise", "waad|"], 8),
    connection(["email", "con_Lz5TqXv2RbKe8WmY", "email", "passwordless", "email|"], 4),
];

/// What people sign in to: name and client id.
pub(super) static APPLICATIONS: [(&str, &str); 6] = [
    ("Customer Portal", "Zr4kPqTn81uLxVbWc0eYhGm5sJdA7oFi"),
    ("Warehouse App", "b7NfQe2XwKt9RmHsYc4LpVj0uZiDa6Go"),
    ("Kassensystem Süd", "Qn5WvXz1TkLr8YbMc3HsEeUj7PpGdAf2"),
    (
        "Partner API (Test Application)",
        "M2m9xTjCeR5vBnWq8LkHs1yUoPdZfA3g",
    ),
    ("Back office", "h3KdVxLq9TzRw7YmBn2CsEe5UjPpGoAf"),
    // The Management API's own calls come with an empty name.
    ("", "Dx0TmVb3KqYs6RzPn7LwGc5hUeJfA9io"),
];

/// One invented person.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) user_id: String,
    pub(super) user_name: String,
    pub(super) full_name: String,
    pub(super) ip: String,
    pub(super) user_agent: &'static str,
    pub(super) connection: &'static Connection,
}

impl Person {
    pub(super) fn is_mobile(&self) -> bool {
        self.user_agent.contains("Mobile") || self.user_agent.starts_with("okhttp")
    }
}

/// Makes up everybody who uses the tenant.
pub(super) fn everybody(rng: &mut Rng) -> Vec<Person> {
    (0..PERSON_COUNT)
        .filter_map(|number| person(number, rng))
        .collect()
}

fn person(number: usize, rng: &mut Rng) -> Option<Person> {
    let given = rng.choice(GIVEN_NAMES)?;
    let family = rng.choice(FAMILY_NAMES)?;
    let connection = connection_for(number % 100)?;
    let subject: String = (0..24).map(|_| rng.digit(16)).collect();
    Some(Person {
        user_id: format!("{}{subject}", connection.prefix),
        user_name: json_text(&user_name(given, family, number, rng)?),
        full_name: json_text(&format!("{given} {family}")),
        ip: address(rng)?,
        user_agent: rng.choice(USER_AGENTS)?,
        connection,
    })
}

fn connection_for(percent: usize) -> Option<&'static Connection> {
    let mut below = 0;
    CONNECTIONS.iter().find(|connection| {
        below += connection.share;
        percent < below
    })
}

fn user_name(given: &str, family: &str, number: usize, rng: &mut Rng) -> Option<String> {
    let domain = rng.choice(MAIL_DOMAINS)?;
    // Directories know people by domain and account name, with a backslash between.
    if number % 50 == 49 {
        return Some(format!("EXAMPLE\\{given}.{number}"));
    }
    Some(format!("{given}.{family}.{number}@{domain}").to_lowercase())
}

fn address(rng: &mut Rng) -> Option<String> {
    if rng.u8(..100) < 15 {
        let (subnet, host) = (rng.u16(1..), rng.u16(1..));
        return Some(format!("2001:db8:{subnet:x}::{host:x}"));
    }
    Some(format!("{}.{}", rng.choice(NETWORKS)?, rng.u8(1..=254)))
}

/// A text as it stands between the quotes of a JSON string.
fn json_text(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or_default()
        .to_owned()
}
