//! How far a tenant's log is delivered, as the text that a store keeps.

use std::fmt;

use serde_json::{Map, Value};
use tenant_logs::Timestamp;

/// How far a tenant's log is delivered, and what must be known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Where to go on.
    pub position: Position,
    /// What is dated before it is not wanted; kept until a run has reached the end.
    pub skip_before: Option<Timestamp>,
    /// When a run last reached the end of the log.
    pub end_reached: Option<Timestamp>,
    /// The `RESUME_FROM` that was honoured; kept until a run without it.
    pub resumed_from: Option<String>,
    /// What restarts left out and none has filled since, in the order in which they did.
    pub holes: Vec<Hole>,
}

/// Where in a log. A `log_id` is always one of Auth0's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    /// Before the first log event from this time on, which is not known yet.
    Since(Timestamp),
    /// Before this log event.
    At(String),
    /// After this log event.
    After(String),
}

/// What a restart left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hole {
    /// Where polling would have gone on; `None` if the stored checkpoint did not tell.
    pub begin: Option<Position>,
    /// The first log event after it; `None` while the log has none.
    pub before: Option<String>,
    /// When a run had last reached the end of the log.
    pub end_reached: Option<Timestamp>,
}

impl Checkpoint {
    /// A checkpoint at a position, of which nothing else is known.
    pub fn at(position: Position) -> Self {
        Self {
            position,
            skip_before: None,
            end_reached: None,
            resumed_from: None,
            holes: Vec::new(),
        }
    }

    /// The text that is stored.
    pub fn to_text(&self) -> String {
        let mut members = Map::from_iter([self.position.member()]);
        let times = [
            ("skip_before", self.skip_before),
            ("end_reached", self.end_reached),
        ];
        for (name, time) in times {
            members.extend(time.map(|time| (name.to_owned(), time.to_string().into())));
        }
        let resumed_from = self.resumed_from.as_deref();
        members.extend(resumed_from.map(|text| ("resumed_from".to_owned(), text.into())));
        if !self.holes.is_empty() {
            let holes = self.holes.iter().map(Hole::to_json).collect();
            members.insert("holes".to_owned(), holes);
        }
        Value::from(members).to_string()
    }

    /// Reads a stored text; `None` if it is no checkpoint.
    pub fn parse(text: &str) -> Option<Self> {
        let members = serde_json::from_str(text).ok()?;
        Self::read(&members).ok()
    }

    fn read(members: &Map<String, Value>) -> Result<Self, NoCheckpoint> {
        let holes = match members.get("holes") {
            None => Vec::new(),
            Some(holes) => {
                let holes = holes.as_array().ok_or(NoCheckpoint)?.iter();
                holes.map(Hole::read).collect::<Result<_, _>>()?
            }
        };
        Ok(Self {
            position: Position::read(members)?.ok_or(NoCheckpoint)?,
            skip_before: time(members, "skip_before")?,
            end_reached: time(members, "end_reached")?,
            resumed_from: text_of(members, "resumed_from")?,
            holes,
        })
    }
}

impl Position {
    fn member(&self) -> (String, Value) {
        let (name, value) = match self {
            Self::Since(time) => ("since", time.to_string()),
            Self::At(log_id) => ("at", log_id.clone()),
            Self::After(log_id) => ("after", log_id.clone()),
        };
        (name.to_owned(), value.into())
    }

    /// Reads a position; `None` if there is none.
    fn read(members: &Map<String, Value>) -> Result<Option<Self>, NoCheckpoint> {
        let since = time(members, "since")?.map(Self::Since);
        let at = text_of(members, "at")?.map(Self::At);
        let after = text_of(members, "after")?.map(Self::After);
        let mut positions = [since, at, after].into_iter().flatten();
        match (positions.next(), positions.next()) {
            (position, None) => Ok(position),
            (_, Some(_)) => Err(NoCheckpoint),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Since(time) => write!(formatter, "since {time}"),
            Self::At(log_id) => write!(formatter, "at {log_id}"),
            Self::After(log_id) => write!(formatter, "after {log_id}"),
        }
    }
}

impl Hole {
    fn to_json(&self) -> Value {
        let mut members = Map::new();
        members.extend(self.begin.as_ref().map(Position::member));
        members.insert("before".to_owned(), self.before.clone().into());
        let end_reached = self.end_reached.map(|time| time.to_string());
        members.insert("end_reached".to_owned(), end_reached.into());
        members.into()
    }

    fn read(hole: &Value) -> Result<Self, NoCheckpoint> {
        let members = hole.as_object().ok_or(NoCheckpoint)?;
        Ok(Self {
            begin: Position::read(members)?,
            before: text_of(members, "before")?,
            end_reached: time(members, "end_reached")?,
        })
    }
}

/// A text that is none that we store.
struct NoCheckpoint;

/// A member that may be missing.
fn text_of(members: &Map<String, Value>, name: &str) -> Result<Option<String>, NoCheckpoint> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_str() {
            None | Some("") => Err(NoCheckpoint),
            Some(text) => Ok(Some(text.to_owned())),
        },
    }
}

fn time(members: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, NoCheckpoint> {
    let text = text_of(members, name)?;
    let time = text.map(|text| text.parse().map_err(|_no_time| NoCheckpoint));
    time.transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(checkpoint: &Checkpoint, text: &str) {
        assert_eq!(checkpoint.to_text(), text);
        assert_eq!(Checkpoint::parse(text).as_ref(), Some(checkpoint), "{text}");
    }

    #[test]
    fn a_checkpoint_comes_back_as_it_was_stored() {
        let time: Timestamp = "2026-11-01T10:00:00.5Z".parse().unwrap();
        check(
            &Checkpoint::at(Position::Since(time)),
            r#"{"since":"2026-11-01T10:00:00.5Z"}"#,
        );
        check(
            &Checkpoint::at(Position::At("9001".to_owned())),
            r#"{"at":"9001"}"#,
        );
        let whole = Checkpoint {
            position: Position::After("9002".to_owned()),
            skip_before: Some(time),
            end_reached: Some(time),
            resumed_from: Some("oldest".to_owned()),
            holes: vec![
                Hole {
                    begin: None,
                    before: Some("7000".to_owned()),
                    end_reached: None,
                },
                Hole {
                    begin: Some(Position::After("8000".to_owned())),
                    before: None,
                    end_reached: Some(time),
                },
            ],
        };
        assert_eq!(Checkpoint::parse(&whole.to_text()), Some(whole));
    }

    #[test]
    fn what_is_no_checkpoint_is_not_taken_for_one() {
        for text in [
            "",
            "9001",
            "{}",
            "[]",
            r#"{"after":""}"#,
            r#"{"after":9001}"#,
            r#"{"since":"yesterday"}"#,
            r#"{"at":"1","after":"1"}"#,
            r#"{"after":"1","end_reached":"soon"}"#,
            r#"{"after":"1","holes":"wide"}"#,
            r#"{"after":"1","holes":["wide"]}"#,
            r#"{"after":"1","holes":[{"at":"1","after":"1"}]}"#,
        ] {
            assert_eq!(Checkpoint::parse(text), None, "{text}");
        }
    }
}
