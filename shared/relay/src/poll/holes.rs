//! Holes: what restarts left out. Undelivered is what lies behind the position, or in a hole. Nothing here performs I/O or
//! reads a clock.

use std::cmp::Ordering;
use std::time::Duration;

use tenant_logs::{Timestamp, time_in_log_id};

use super::checkpoint::{Checkpoint, Hole, Position};
use super::page::order;

/// Holes that a checkpoint remembers.
const MAX_HOLES: usize = 50;
/// The time in a `log_id` may be so much earlier than the log event's.
const SECOND: Duration = Duration::from_secs(1);

impl Hole {
    /// A hole whose end is not known yet.
    pub(super) fn since(begin: Option<Position>, end_reached: Option<Timestamp>) -> Self {
        Self {
            begin,
            before: None,
            end_reached,
        }
    }

    /// Leaves of it what lies before a log event from which on everything is polled; returns whether that is anything. What
    /// cannot be told stays.
    fn end_at(&mut self, log_id: &str) -> bool {
        let before = self.before.as_deref();
        let lies_before =
            before.is_some_and(|before| order(before, log_id).is_none_or(Ordering::is_le));
        if lies_before {
            return true;
        }
        let is_polled = match &self.begin {
            None => false,
            Some(Position::Since(time)) => {
                let latest =
                    time_in_log_id(log_id).and_then(|begin| begin.saturating_add(SECOND).ok());
                latest.is_some_and(|latest| latest <= *time)
            }
            Some(Position::At(begin) | Position::After(begin)) => {
                order(log_id, begin).is_some_and(Ordering::is_le)
            }
        };
        self.before = Some(log_id.to_owned());
        !is_polled
    }
}

impl Checkpoint {
    /// Moves to the first log event of a run: holes end there, because what they have behind it is polled.
    pub(super) fn move_to(&mut self, log_id: String) {
        self.holes.retain_mut(|hole| hole.end_at(&log_id));
        self.position = Position::At(log_id);
    }
}

/// Makes one hole of the two oldest while there are too many: a table's item holds only so much.
pub(super) fn join_oldest(holes: &mut Vec<Hole>) {
    while holes.len() > MAX_HOLES {
        let oldest = holes.remove(0);
        if let Some(next) = holes.first_mut() {
            next.begin = oldest.begin;
            next.end_reached = oldest.end_reached;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log_id(day: u8) -> String {
        format!("900202611{day:02}0000000001")
    }

    fn after(day: u8) -> Position {
        Position::After(log_id(day))
    }

    fn hole(begin: impl Into<Option<Position>>, before: Option<u8>) -> Hole {
        Hole {
            before: before.map(log_id),
            ..Hole::since(begin.into(), None)
        }
    }

    /// What a run that begins at a day leaves of holes.
    fn check(holes: &[Hole], day: u8, expected: &[Hole]) {
        let mut checkpoint = Checkpoint {
            holes: holes.to_vec(),
            ..Checkpoint::at(Position::Since(Timestamp::UNIX_EPOCH))
        };
        checkpoint.move_to(log_id(day));
        assert_eq!(checkpoint.position, Position::At(log_id(day)));
        assert_eq!(checkpoint.holes, expected, "{day}");
    }

    #[test]
    fn a_hole_ends_at_the_log_event_that_begins_and_none_is_left_by_going_back() {
        for begin in [after(10), Position::At(log_id(10))] {
            let open = [hole(begin.clone(), None)];
            check(&open, 9, &[]);
            check(&open, 10, &[]);
            check(&open, 12, &[hole(begin, Some(12))]);
        }
    }

    #[test]
    fn a_hole_stays_as_it_is_where_polling_begins_behind_it_and_shrinks_where_that_is_in_it() {
        let holes = [hole(after(2), Some(5)), hole(after(7), Some(9))];
        check(&holes, 12, &holes);
        check(&holes, 9, &holes);
        check(
            &holes,
            8,
            &[hole(after(2), Some(5)), hole(after(7), Some(8))],
        );
        check(&holes, 6, &holes[..1]);
        check(&holes, 3, &[hole(after(2), Some(3))]);
        check(&holes, 2, &[]);
    }

    #[test]
    fn a_hole_of_unknown_begin_is_never_filled_and_one_from_a_time_on_is_by_what_is_older() {
        check(&[hole(None, Some(5))], 1, &[hole(None, Some(1))]);
        let since = |text: &str| Position::Since(text.parse().unwrap());
        let within_the_second = since("2026-11-05T00:00:00.5Z");
        check(
            &[hole(within_the_second.clone(), None)],
            5,
            &[hole(within_the_second, Some(5))],
        );
        check(&[hole(since("2026-11-05T00:00:01Z"), None)], 5, &[]);
    }

    #[test]
    fn where_the_order_cannot_be_told_a_hole_stays() {
        let of = |begin: &str, before: Option<&str>| Hole {
            before: before.map(str::to_owned),
            ..Hole::since(Some(Position::After(begin.to_owned())), None)
        };
        check(&[of("a", Some("bb"))], 5, &[of("a", Some("bb"))]);
        check(&[of("a", None)], 5, &[of("a", Some(&log_id(5)))]);
    }

    #[test]
    fn fifty_holes_are_remembered_and_the_oldest_become_one() {
        let mut holes: Vec<Hole> = (0..53).map(|day| hole(after(day), Some(day + 1))).collect();
        join_oldest(&mut holes);
        assert_eq!(holes.len(), MAX_HOLES);
        assert_eq!(holes[0], hole(after(0), Some(4)));
        assert_eq!(holes[1], hole(after(4), Some(5)));
    }
}
