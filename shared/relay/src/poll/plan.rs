//! Where a run begins: by the stored checkpoint, or by the settings. Nothing here performs I/O or reads a clock.

use std::time::Duration;

use tenant_logs::Timestamp;

use super::checkpoint::{Checkpoint, Hole, Position};
use super::error::PollError;
use super::holes::join_oldest;
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
                matches!(checkpoint.position, Position::Since(_)) && checkpoint.holes.is_empty();
            if is_nothing_sent && settings.start_from.is_some() {
                return Ok(first_run(settings, now));
            }
            Ok(Plan::stored(checkpoint))
        }
    }
}

fn first_run(settings: &PollSettings, now: Timestamp) -> Plan {
    if let Some(resume) = &settings.resume_from {
        // What lies between the two settings is left out as by any other restart.
        let left = settings.start_from.as_ref().map(Checkpoint::starting);
        return match left {
            Some(left) => restart(resume, Some(left)),
            None => Plan::restart(Checkpoint::resuming(resume)),
        };
    }
    let now = StartPoint::Since(now);
    let start = settings.start_from.as_ref().unwrap_or(&now);
    Plan {
        checkpoint: Checkpoint::starting(start),
        setting: Some("START_FROM"),
    }
}

/// Begins again; what lies between is a hole, beside those that are open already.
fn restart(resume: &ResumeFrom, left: Option<Checkpoint>) -> Plan {
    let Some(left) = left else {
        return Plan::restart(Checkpoint {
            holes: vec![Hole::since(None, None)],
            ..Checkpoint::resuming(resume)
        });
    };
    let mut holes = left.holes;
    // A restart that has found no log event yet has left its hole open, and this one may only end it elsewhere.
    let is_open = holes.last().is_some_and(|hole| hole.before.is_none());
    let is_covered = matches!(
        (&left.position, &resume.start),
        (Position::Since(left), StartPoint::Since(begin)) if begin <= left
    );
    if !is_open && !is_covered {
        holes.push(Hole::since(Some(left.position), left.end_reached));
    }
    join_oldest(&mut holes);
    Plan::restart(Checkpoint {
        holes,
        ..Checkpoint::resuming(resume)
    })
}

impl Plan {
    fn stored(checkpoint: Checkpoint) -> Self {
        Self {
            checkpoint,
            setting: None,
        }
    }

    fn restart(checkpoint: Checkpoint) -> Self {
        Self {
            checkpoint,
            setting: Some("RESUME_FROM"),
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

    /// Nothing is skipped after a restart: what would be is in no hole.
    fn resuming(resume: &ResumeFrom) -> Self {
        Self {
            skip_before: None,
            resumed_from: Some(resume.text.clone()),
            ..Self::starting(&resume.start)
        }
    }

    fn has_not_honoured(&self, resume: &ResumeFrom) -> bool {
        self.resumed_from.as_deref() != Some(&resume.text)
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
        let holes = r#""holes":[{"after":"9002","before":null,"end_reached":null}]"#;
        let restarted = format!(r#"{{"at":"9500",{holes},"resumed_from":"9500"}}"#);
        let (stored, setting) = (r#"{"after":"9002"}"#, Some("RESUME_FROM"));
        check(Some(stored), &resume, (setting, &restarted));

        let honoured = r#"{"after":"9600","resumed_from":"9500"}"#;
        check(Some(honoured), &resume, (None, honoured));
        let without = r#"{"after":"9600"}"#;
        let holes = r#""holes":[{"after":"9600","before":null,"end_reached":null}]"#;
        let restarted = format!(r#"{{"at":"9500",{holes},"resumed_from":"9500"}}"#);
        check(Some(without), &resume, (setting, &restarted));
    }

    #[test]
    fn a_first_run_that_begins_elsewhere_than_start_from_says_leaves_a_hole_too() {
        let setting = Some("RESUME_FROM");
        let hole = format!(r#"{{"before":null,"end_reached":null,"since":"{SINCE}"}}"#);
        let restarted = format!(r#"{{"at":"9500","holes":[{hole}],"resumed_from":"9500"}}"#);
        let both = settings(Some(SINCE), Some("9500"));
        check(None, &both, (setting, &restarted));
        let only = settings(None, Some("9500"));
        check(
            None,
            &only,
            (setting, r#"{"at":"9500","resumed_from":"9500"}"#),
        );
    }

    #[test]
    fn a_second_restart_leaves_the_hole_of_the_first_one_open() {
        let resume = settings(None, Some("9800"));
        let first = r#"{"after":"9002","before":"9500","end_reached":null}"#;
        let second = r#"{"after":"9600","before":null,"end_reached":null}"#;
        let stored = format!(r#"{{"after":"9600","holes":[{first}],"resumed_from":"9500"}}"#);
        let restarted =
            format!(r#"{{"at":"9800","holes":[{first},{second}],"resumed_from":"9800"}}"#);
        check(Some(&stored), &resume, (Some("RESUME_FROM"), &restarted));
    }

    #[test]
    fn a_restart_that_found_nothing_yet_leaves_the_begin_of_its_hole_to_the_next_one() {
        let hole = r#"{"after":"9002","before":null,"end_reached":null}"#;
        let stored = format!(r#"{{"since":"{SINCE}","holes":[{hole}],"resumed_from":"{SINCE}"}}"#);
        let restarted = format!(r#"{{"at":"9800","holes":[{hole}],"resumed_from":"9800"}}"#);
        let setting = Some("RESUME_FROM");
        check(
            Some(&stored),
            &settings(None, Some("9800")),
            (setting, &restarted),
        );
    }

    #[test]
    fn what_no_run_has_found_is_in_the_hole_too_unless_the_restart_begins_before_it() {
        let stored = format!(r#"{{"since":"{SINCE}"}}"#);
        let hole = format!(r#"{{"before":null,"end_reached":null,"since":"{SINCE}"}}"#);
        let later = "2026-10-02T00:00:00Z";
        let restarted =
            format!(r#"{{"holes":[{hole}],"resumed_from":"{later}","since":"{later}"}}"#);
        let setting = Some("RESUME_FROM");
        check(
            Some(&stored),
            &settings(None, Some(later)),
            (setting, &restarted),
        );
        let restarted = format!(r#"{{"resumed_from":"{SINCE}","since":"{SINCE}"}}"#);
        check(
            Some(&stored),
            &settings(None, Some(SINCE)),
            (setting, &restarted),
        );
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
            assert_eq!(resumed.checkpoint.holes, [Hole::since(None, None)]);
        }
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
