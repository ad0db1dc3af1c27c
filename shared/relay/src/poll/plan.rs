//! Where a run begins: by the stored checkpoint, or by the settings. Nothing here performs I/O or reads a clock.

use std::time::Duration;

use tenant_logs::Timestamp;

use super::checkpoint::{Checkpoint, Hole, Position};
use super::error::PollError;
use super::page::time_in;
use super::ports::StoredCheckpoint;
use super::settings::{PollSettings, ResumeFrom, StartPoint};

/// The shortest time for which Auth0 keeps a log.
const SHORTEST_RETENTION: Duration = Duration::from_hours(24);

/// Where a run begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) checkpoint: Checkpoint,
    /// The setting that says so; `None` if the position is the stored one.
    pub(super) setting: Option<&'static str>,
}

/// Decides where a run begins.
pub(super) fn plan<T>(
    stored: Option<&StoredCheckpoint<T>>,
    settings: &PollSettings,
    now: Timestamp,
) -> Result<Plan, PollError> {
    let Some(stored) = stored else {
        return Ok(first_run(settings, now));
    };
    let checkpoint = stored.value.as_deref().and_then(Checkpoint::parse);
    match (checkpoint, &settings.resume_from) {
        (None, None) => Err(PollError::UnreadableCheckpoint),
        (None, Some(resume)) => Ok(restart(resume, None)),
        (Some(checkpoint), Some(resume)) if checkpoint.has_not_honoured(resume) => {
            Ok(restart(resume, Some(checkpoint)))
        }
        (Some(checkpoint), Some(_)) => Ok(Plan::stored(checkpoint)),
        (Some(checkpoint), None) => {
            let is_nothing_sent =
                matches!(checkpoint.position, Position::Since(_)) && checkpoint.hole.is_none();
            if is_nothing_sent && settings.start_from.is_some() {
                return Ok(first_run(settings, now));
            }
            Ok(Plan::stored(Checkpoint {
                resumed_from: None,
                ..checkpoint
            }))
        }
    }
}

fn first_run(settings: &PollSettings, now: Timestamp) -> Plan {
    if let Some(resume) = &settings.resume_from {
        return Plan {
            checkpoint: Checkpoint {
                resumed_from: Some(resume.text.clone()),
                ..Checkpoint::starting(&resume.start)
            },
            setting: Some("RESUME_FROM"),
        };
    }
    let now = StartPoint::Since(now);
    let start = settings.start_from.as_ref().unwrap_or(&now);
    Plan {
        checkpoint: Checkpoint::starting(start),
        setting: Some("START_FROM"),
    }
}

/// Begins again; what lies between is a hole.
fn restart(resume: &ResumeFrom, left: Option<Checkpoint>) -> Plan {
    let end_reached = left.as_ref().and_then(|left| left.end_reached);
    let after = left.and_then(|left| match left.position {
        Position::After(log_id) | Position::At(log_id) => Some(log_id),
        Position::Since(_) => None,
    });
    Plan {
        checkpoint: Checkpoint {
            resumed_from: Some(resume.text.clone()),
            hole: Some(Hole {
                after,
                before: None,
                end_reached,
            }),
            ..Checkpoint::starting(&resume.start)
        },
        setting: Some("RESUME_FROM"),
    }
}

impl Plan {
    fn stored(checkpoint: Checkpoint) -> Self {
        Self {
            checkpoint,
            setting: None,
        }
    }
}

impl Checkpoint {
    fn starting(start: &StartPoint) -> Self {
        match start {
            StartPoint::Since(time) => Self {
                skip_before: Some(*time),
                ..Self::at(Position::Since(*time))
            },
            StartPoint::At(log_id) => Self::at(Position::At(log_id.clone())),
        }
    }

    fn has_not_honoured(&self, resume: &ResumeFrom) -> bool {
        self.resumed_from.as_deref() != Some(&resume.text)
    }

    /// Moves to the first log event, where a hole before it ends. None is left where it lies before the hole's begin.
    pub(super) fn move_to(&mut self, log_id: String) {
        if let Some(hole) = self.hole.take_if(|hole| hole.before.is_none()) {
            let begin = hole.after.as_deref().and_then(time_in);
            let goes_back = begin.is_some_and(|begin| time_in(&log_id) <= Some(begin));
            if !goes_back {
                let before = Some(log_id.clone());
                self.hole = Some(Hole { before, ..hole });
            }
        }
        self.position = Position::At(log_id);
    }

    /// Whether Auth0 may have forgotten the log event meanwhile, and what followed it.
    pub(super) fn may_have_expired(&self, now: Timestamp) -> bool {
        self.end_reached.is_none_or(|end_reached| {
            let age = Duration::try_from(now.duration_since(end_reached));
            age.is_ok_and(|age| age > SHORTEST_RETENTION)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SINCE: &str = "2026-10-01T00:00:00Z";

    fn now() -> Timestamp {
        "2026-11-01T10:00:00Z".parse().unwrap()
    }

    fn settings(start_from: Option<&str>, resume_from: Option<&str>) -> PollSettings {
        let start = |text: &str| StartPoint::parse(text).unwrap();
        PollSettings {
            start_from: start_from.map(start),
            resume_from: resume_from.map(|text| ResumeFrom {
                text: text.to_owned(),
                start: start(text),
            }),
            gap_sinks: Vec::new(),
            grace: Duration::ZERO,
        }
    }

    fn check(stored: Option<&str>, settings: &PollSettings, expected: (Option<&str>, &str)) {
        let stored = stored.map(|value| StoredCheckpoint {
            value: Some(value.to_owned()),
            tag: (),
        });
        let plan = plan(stored.as_ref(), settings, now()).unwrap();
        assert_eq!((plan.setting, plan.checkpoint.to_text().as_str()), expected);
    }

    #[test]
    fn a_first_run_begins_where_start_from_says_or_now() {
        let start = Some("START_FROM");
        let at_now = r#"{"since":"2026-11-01T10:00:00Z","skip_before":"2026-11-01T10:00:00Z"}"#;
        check(None, &settings(None, None), (start, at_now));
        let at_time = r#"{"since":"2026-10-01T00:00:00Z","skip_before":"2026-10-01T00:00:00Z"}"#;
        check(None, &settings(Some(SINCE), None), (start, at_time));
        check(
            None,
            &settings(Some("9001"), None),
            (start, r#"{"at":"9001"}"#),
        );
    }

    #[test]
    fn a_stored_checkpoint_goes_on_whatever_start_from_says() {
        let stored = r#"{"after":"9002"}"#;
        check(Some(stored), &settings(Some("9001"), None), (None, stored));
    }

    #[test]
    fn start_from_may_still_be_set_while_nothing_was_found() {
        let stored = r#"{"since":"2026-10-01T00:00:00Z"}"#;
        check(Some(stored), &settings(None, None), (None, stored));
        check(
            Some(stored),
            &settings(Some("9001"), None),
            (Some("START_FROM"), r#"{"at":"9001"}"#),
        );
    }

    #[test]
    fn resume_from_is_honoured_once_until_a_run_without_it() {
        let resume = settings(None, Some("9500"));
        let hole = r#""hole":{"after":"9002","before":null,"end_reached":null}"#;
        let restarted = format!(r#"{{"at":"9500",{hole},"resumed_from":"9500"}}"#);
        let (stored, setting) = (r#"{"after":"9002"}"#, Some("RESUME_FROM"));
        check(Some(stored), &resume, (setting, &restarted));

        let honoured = r#"{"after":"9600","resumed_from":"9500"}"#;
        check(Some(honoured), &resume, (None, honoured));
        let without = r#"{"after":"9600"}"#;
        check(Some(honoured), &settings(None, None), (None, without));
        let hole = r#""hole":{"after":"9600","before":null,"end_reached":null}"#;
        let restarted = format!(r#"{{"at":"9500",{hole},"resumed_from":"9500"}}"#);
        check(Some(without), &resume, (setting, &restarted));
    }

    #[test]
    fn a_checkpoint_that_cannot_be_read_stops_until_resume_from_is_set() {
        for value in [None, Some("9001".to_owned())] {
            let stored = StoredCheckpoint { value, tag: () };
            let stopped = plan(Some(&stored), &settings(Some("1"), None), now());
            let error = stopped.unwrap_err();
            assert!(error.stops_checkpoint());
            assert!(error.to_string().contains("checkpoint"), "{error}");
            let resumed = plan(Some(&stored), &settings(None, Some("9500")), now()).unwrap();
            assert_eq!(resumed.checkpoint.position, Position::At("9500".to_owned()));
            assert_eq!(resumed.checkpoint.hole.map(|hole| hole.after), Some(None));
        }
    }

    #[test]
    fn a_hole_ends_at_the_log_event_that_begins_and_none_is_left_by_going_back() {
        let log_id = |day: u8| format!("900202611{day:02}0000000001");
        let mut checkpoint = Checkpoint {
            hole: Some(Hole {
                after: Some(log_id(10)),
                before: None,
                end_reached: None,
            }),
            ..Checkpoint::at(Position::Since(now()))
        };
        let mut back = checkpoint.clone();
        back.move_to(log_id(9));
        assert_eq!(back, Checkpoint::at(Position::At(log_id(9))));
        checkpoint.move_to(log_id(12));
        let before = checkpoint
            .hole
            .as_ref()
            .and_then(|hole| hole.before.clone());
        assert_eq!(before, Some(log_id(12)));
        checkpoint.move_to(log_id(13));
        assert_eq!(
            checkpoint.hole.and_then(|hole| hole.before),
            Some(log_id(12))
        );
    }

    #[test]
    fn a_checkpoint_may_have_expired_where_no_run_reached_the_end_for_a_day() {
        let at = |end_reached: Option<&str>| Checkpoint {
            end_reached: end_reached.map(|time| time.parse().unwrap()),
            ..Checkpoint::at(Position::After("9001".to_owned()))
        };
        assert!(at(None).may_have_expired(now()));
        assert!(at(Some("2026-10-31T09:59:59Z")).may_have_expired(now()));
        assert!(!at(Some("2026-10-31T10:00:00Z")).may_have_expired(now()));
        assert!(!at(Some("2026-11-02T10:00:00Z")).may_have_expired(now()));
    }
}
