//! Log events as JSON text with holes: `<<user_id>>` takes what the scene says.
//!
//! A template is read once and filled millions of times, which a tree of JSON values would slow down.

use fastrand::Rng;

use super::day::Moment;
use super::mix::Kind;
use super::people::Person;

/// What happened, to whom, where.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    pub(super) kind: &'a Kind,
    pub(super) person: &'a Person,
    /// Name and client id.
    pub(super) application: (&'static str, &'static str),
    pub(super) moment: Moment,
    pub(super) log_id: &'a str,
}

/// JSON text with holes.
#[derive(Debug)]
pub(super) struct Template {
    pieces: Vec<Piece>,
}

#[derive(Debug)]
enum Piece {
    Text(String),
    Hole(Hole),
}

#[derive(Debug, Clone, Copy)]
enum Hole {
    LogId,
    Type,
    Description,
    Date,
    MillisEarlier(u64),
    ClientId,
    ClientName,
    Ip,
    UserAgent,
    UserId,
    UserName,
    FullName,
    Connection,
    ConnectionId,
    Strategy,
    StrategyType,
    Scope,
    Location,
    Mobile,
    Flag,
    NumberBelow(u64),
    Hex(u64),
    Word(u64),
}

impl Template {
    /// Reads parts that follow each other. Line ends and the indentation after them do not count.
    pub(super) fn parse(parts: &[&str]) -> Self {
        let text: String = parts
            .iter()
            .flat_map(|part| part.lines())
            .map(str::trim_start)
            .collect();
        let mut pieces = Vec::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once("<<") {
            let (name, behind) = after.split_once(">>").unwrap_or((after, ""));
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(Hole::parse(name).map_or_else(
                // It stays to be seen: no check of the sample lets it pass.
                || Piece::Text(format!("<<{name}>>")),
                Piece::Hole,
            ));
            rest = behind;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Self { pieces }
    }

    /// Writes the text of one event.
    pub(super) fn fill(&self, scene: &Scene<'_>, rng: &mut Rng, text: &mut String) {
        for piece in &self.pieces {
            match piece {
                Piece::Text(fixed) => text.push_str(fixed),
                Piece::Hole(hole) => hole.fill(scene, rng, text),
            }
        }
    }
}

impl Hole {
    fn parse(name: &str) -> Option<Self> {
        if let Some((word, number)) = name.split_once(':') {
            let number = number.parse().ok()?;
            return match word {
                "millis" => Some(Self::MillisEarlier(number)),
                "below" => Some(Self::NumberBelow(number)),
                "hex" => Some(Self::Hex(number)),
                "word" => Some(Self::Word(number)),
                _ => None,
            };
        }
        Some(match name {
            "log_id" => Self::LogId,
            "type" => Self::Type,
            "description" => Self::Description,
            "date" => Self::Date,
            "client_id" => Self::ClientId,
            "client_name" => Self::ClientName,
            "ip" => Self::Ip,
            "user_agent" => Self::UserAgent,
            "user_id" => Self::UserId,
            "user_name" => Self::UserName,
            "full_name" => Self::FullName,
            "connection" => Self::Connection,
            "connection_id" => Self::ConnectionId,
            "strategy" => Self::Strategy,
            "strategy_type" => Self::StrategyType,
            "scope" => Self::Scope,
            "location" => Self::Location,
            "mobile" => Self::Mobile,
            "flag" => Self::Flag,
            _ => return None,
        })
    }

    fn fill(self, scene: &Scene<'_>, rng: &mut Rng, text: &mut String) {
        let person = scene.person;
        match self {
            Self::LogId => text.push_str(scene.log_id),
            Self::Type => text.push_str(scene.kind.code),
            Self::Description => push_description(scene.kind.description, text),
            Self::Date => text.push_str(&scene.moment.rfc3339()),
            Self::MillisEarlier(by) => text.push_str(&scene.moment.epoch_millis(by).to_string()),
            Self::ClientId => text.push_str(scene.application.1),
            Self::ClientName => text.push_str(scene.application.0),
            Self::Ip => text.push_str(&person.ip),
            Self::UserAgent => text.push_str(person.user_agent),
            Self::UserId => text.push_str(&person.user_id),
            Self::UserName => text.push_str(&person.user_name),
            Self::FullName => text.push_str(&person.full_name),
            Self::Connection => text.push_str(person.connection.name),
            Self::ConnectionId => text.push_str(person.connection.id),
            Self::Strategy => text.push_str(person.connection.strategy),
            Self::StrategyType => text.push_str(person.connection.strategy_type),
            Self::Scope => text.push_str(scope(rng)),
            Self::Location => text.push_str(location(rng)),
            Self::Mobile => push_mobile(person.is_mobile(), rng, text),
            Self::Flag => text.push_str(if rng.bool() { "true" } else { "false" }),
            Self::NumberBelow(limit) => text.push_str(&rng.u64(..limit.max(1)).to_string()),
            Self::Hex(length) => text.extend((0..length).map(|_| rng.digit(16))),
            Self::Word(length) => text.extend((0..length).map(|_| rng.alphanumeric())),
        }
    }
}

fn push_description(description: Option<&str>, text: &mut String) {
    if let Some(words) = description {
        text.push_str("\"description\":\"");
        text.push_str(words);
        text.push_str("\",");
    }
}

/// Streams say `is_mobile`, the Management API `isMobile`; older events say neither.
fn push_mobile(is_mobile: bool, rng: &mut Rng, text: &mut String) {
    let name = match rng.u8(..10) {
        0..6 => "\"is_mobile\":",
        6..8 => "\"isMobile\":",
        _ => return,
    };
    text.push_str(name);
    text.push_str(if is_mobile { "true," } else { "false," });
}

/// Auth0's own sources do not agree on the type of `scope`.
fn scope(rng: &mut Rng) -> &'static str {
    match rng.u8(..4) {
        0 => r#""openid profile email""#,
        1 => r#""openid profile email offline_access read:orders""#,
        2 => r#"["openid","profile","email"]"#,
        _ => r#"["openid","profile","email","offline_access","read:orders"]"#,
    }
}

#[rustfmt::skip]
fn location(rng: &mut Rng) -> &'static str {
    match rng.u8(..12) {
        0 => r#""location_info":{"country_code":"DE","country_code3":"DEU","country_name":"Germany","city_name":"Köln","latitude":50.93330,"longitude":6.95000,"time_zone":"Europe/Berlin","continent_code":"EU","subdivision_code":"NW","subdivision_name":"Nordrhein-Westfalen"},"#,
        1 => r#""location_info":{"country_code":"JP","country_code3":"JPN","country_name":"Japan","city_name":"Sapporo","latitude":43.0642,"longitude":141.3469,"time_zone":"Asia/Tokyo","continent_code":"AS"},"#,
        2 => r#""location_info":{"country_code":"US","country_code3":"USA","country_name":"United States","city_name":null,"latitude":37.75100,"longitude":-97.82200,"time_zone":"America/Chicago","continent_code":"NA"},"#,
        _ => "",
    }
}
