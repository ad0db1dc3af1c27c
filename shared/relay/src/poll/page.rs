//! What of a page may be delivered, and how old a log event is. Nothing here performs I/O or reads a clock.

use std::cmp::Ordering;
use std::time::Duration;

use tenant_logs::{LogEvent, Parsed, Timestamp, time_in_log_id};

/// What of a page may be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cut {
    /// Log events before the first one that is too young.
    pub(super) keep: usize,
    /// The last `log_id` among them. One that Auth0 did not send is none.
    pub(super) last_log_id: Option<String>,
    /// Whether one was too young.
    pub(super) has_young: bool,
    /// Whether the page holds nothing at all.
    pub(super) is_empty: bool,
}

/// Finds the first log event of a page that is younger than `grace`.
pub(super) fn cut(parsed: &Parsed<'_>, now: Timestamp, grace: Duration) -> Cut {
    let log_events = &parsed.log_events;
    let young = log_events
        .iter()
        .position(|event| is_young(event, now, grace));
    let keep = young.unwrap_or(log_events.len());
    let kept = log_events.iter().take(keep);
    let last = kept.rev().find(|event| !event.is_log_id_derived());
    Cut {
        keep,
        last_log_id: last.map(|event| event.log_id().to_owned()),
        has_young: young.is_some(),
        is_empty: log_events.is_empty() && parsed.rejects.is_empty(),
    }
}

/// The log event with the lowest `log_id`, and that.
pub(super) fn lowest(parsed: &Parsed<'_>) -> Option<(String, String)> {
    let own = parsed.log_events.iter();
    let own = own.filter(|event| !event.is_log_id_derived());
    let lowest = own.min_by_key(|event| event.log_id())?;
    Some((lowest.log_id().to_owned(), lowest.text().to_owned()))
}

/// Whether a log event is younger than `grace`. A time in the future counts as now; one without any time is old.
fn is_young(event: &LogEvent<'_>, now: Timestamp, grace: Duration) -> bool {
    let time = time_in_log_id(event.log_id()).or_else(|| event.date());
    let age = time.map(|time| now.duration_since(time.min(now)));
    age.and_then(|age| Duration::try_from(age).ok())
        .is_some_and(|age| age < grace)
}

/// Which of two `log_id`s stands first in the log. Those of one length are in the order of their texts; of others the times
/// tell. `None` if nothing does.
pub(super) fn order(left: &str, right: &str) -> Option<Ordering> {
    if left.len() == right.len() {
        return Some(left.cmp(right));
    }
    let order = time_in_log_id(left)?.cmp(&time_in_log_id(right)?);
    (order != Ordering::Equal).then_some(order)
}

#[cfg(test)]
mod tests {
    use tenant_logs::parse;

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn now() -> Timestamp {
        "2026-11-01T10:00:00Z".parse().unwrap()
    }

    fn check(page: &str, grace: Duration, expected: (usize, Option<&str>, bool)) {
        let cut = cut(&parse(page).unwrap(), now(), grace);
        let found = (cut.keep, cut.last_log_id.as_deref(), cut.has_young);
        assert_eq!(found, expected, "{page}");
    }

    #[test]
    fn the_time_in_a_log_id_is_read() {
        let time = time_in_log_id("90020261101095959123000000000000001223372090888748570");
        assert_eq!(time, "2026-11-01T09:59:59Z".parse().ok());
        for log_id in ["", "9002026", "90020261301000000", "abc20261101095959", "é"] {
            assert_eq!(time_in_log_id(log_id), None, "{log_id}");
        }
    }

    #[test]
    fn what_stands_first_in_the_log_is_told_where_it_can_be() {
        let check = |left, right, expected| {
            assert_eq!(order(left, right), expected, "{left} {right}");
            let turned = expected.map(Ordering::reverse);
            assert_eq!(order(right, left), turned, "{right} {left}");
        };
        let early = "90020261101095959123000000000000001223372090888748570";
        check(early, early, Some(Ordering::Equal));
        let later = "90020261101095959123000000000000001223372090888748571";
        check(early, later, Some(Ordering::Less));
        check(
            "90020261101095959",
            "900202611011000001",
            Some(Ordering::Less),
        );
        check("90020261101095959", "900202611010959591", None);
        check("a", "bb", None);
    }

    #[test]
    fn a_page_ends_before_the_first_log_event_that_is_too_young() {
        let page = r#"[
            {"_id":"90020261101095800","type":"s"},
            {"_id":"b","type":"s","date":"2026-11-01T09:58:00Z"},
            {"_id":"90020261101095930","type":"s","date":"2026-11-01T01:00:00Z"},
            {"_id":"90020261101095801","type":"s"}
        ]"#;
        check(page, MINUTE, (2, Some("b"), true));
        let all = Some("90020261101095801");
        check(page, Duration::ZERO, (4, all, false));
        check(page, MINUTE * 120, (0, None, true));
    }

    #[test]
    fn the_future_counts_as_now_and_what_has_no_time_is_old() {
        let future = r#"[{"_id":"a","type":"s","date":"2099-01-01T00:00:00Z"}]"#;
        check(future, Duration::from_secs(1), (0, None, true));
        check(future, Duration::ZERO, (1, Some("a"), false));
        check(r#"[{"_id":"a","type":"s"}]"#, MINUTE, (1, Some("a"), false));
    }

    #[test]
    fn a_log_id_that_auth0_did_not_send_is_no_position() {
        let page = r#"[{"_id":"a","type":"s"},{"type":"f","date":"2026-10-01T00:00:00Z"}]"#;
        check(page, MINUTE, (2, Some("a"), false));
    }

    #[test]
    fn only_a_page_without_any_element_is_empty() {
        let is_empty = |page| cut(&parse(page).unwrap(), now(), MINUTE).is_empty;
        assert!(is_empty("[]"));
        assert!(!is_empty("[7]"));
        assert!(!is_empty(r#"[{"_id":"a","type":"s"}]"#));
    }

    #[test]
    fn the_lowest_log_id_of_a_search_is_found() {
        let page = r#"[{"type":"s"},{"_id":"b","type":"s"},{"_id":"a","type":"f"}]"#;
        let lowest = lowest(&parse(page).unwrap());
        let text = r#"{"_id":"a","type":"f"}"#;
        assert_eq!(lowest, Some(("a".to_owned(), text.to_owned())));
    }
}
