//! What a row becomes on the topic, and what became of the row.

use relay::{Delivery, Refusal, Remedy};

/// What is sent of a row, by the row's index.
#[derive(Debug)]
pub(super) enum Part<'r> {
    /// A detail, put together with others in one event.
    OfMany {
        row: usize,
        log_id: &'r str,
        detail: &'r str,
    },
    /// An event of its own.
    Single { row: usize, event: String },
}

impl Part<'_> {
    /// Its text.
    pub(super) fn json(&self) -> &str {
        match self {
            Self::OfMany { detail, .. } => detail,
            Self::Single { event, .. } => event,
        }
    }

    fn row(&self) -> usize {
        match self {
            Self::OfMany { row, .. } | Self::Single { row, .. } => *row,
        }
    }
}

/// Returns what became of rows, whose parts fared like this: a row is delivered once all of it is, and else refused as the
/// part that must not be acknowledged before the others.
pub(super) fn of_rows(row_count: usize, parts: &[Part<'_>], delivery: Delivery) -> Delivery {
    let mut missing = vec![0_usize; row_count];
    for part in parts {
        if let Some(count) = missing.get_mut(part.row()) {
            *count += 1;
        }
    }
    let row_of = |index: usize| parts.get(index).map(Part::row);
    for row in delivery.delivered.into_iter().filter_map(row_of) {
        if let Some(count) = missing.get_mut(row) {
            *count = count.saturating_sub(1);
        }
    }
    let mut refused: Vec<Refusal> = delivery
        .refused
        .into_iter()
        .filter_map(|refusal| row_of(refusal.index).map(|index| Refusal { index, ..refusal }))
        .collect();
    refused.sort_by_key(|refusal| (refusal.index, urgency(refusal.remedy)));
    refused.dedup_by_key(|refusal| refusal.index);
    let delivered = missing.iter().enumerate();
    Delivery {
        delivered: delivered
            .filter(|(_, count)| **count == 0)
            .map(|(row, _)| row)
            .collect(),
        refused,
        retried: delivery.retried,
    }
}

/// The lower, the more of a row hangs on it: nothing is set aside that a later try may bring on its way.
fn urgency(remedy: Remedy) -> u8 {
    match remedy {
        Remedy::Stop => 0,
        Remedy::HandBack => 1,
        Remedy::Retry => 2,
        Remedy::SetAside => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts() -> Vec<Part<'static>> {
        let of_many = |row| Part::OfMany {
            row,
            log_id: "1",
            detail: "{}",
        };
        let single = |row| Part::Single {
            row,
            event: String::new(),
        };
        vec![of_many(0), of_many(1), of_many(2), single(1), single(2)]
    }

    fn refusal(index: usize, remedy: Remedy) -> Refusal {
        Refusal {
            index,
            remedy,
            reason: "why".into(),
        }
    }

    #[test]
    fn a_row_is_delivered_once_all_of_it_is() {
        let delivery = Delivery {
            delivered: vec![3, 0, 1, 2],
            ..Delivery::default()
        };
        let rows = of_rows(3, &parts(), delivery);
        assert_eq!((rows.delivered, rows.refused), (vec![0, 1], vec![]));
    }

    #[test]
    fn a_row_of_two_refusals_has_the_one_that_keeps_it_from_being_acknowledged() {
        let delivery = Delivery {
            delivered: vec![0],
            refused: vec![
                refusal(4, Remedy::Stop),
                refusal(1, Remedy::SetAside),
                refusal(2, Remedy::HandBack),
                refusal(3, Remedy::Retry),
            ],
            retried: 2,
        };
        let rows = of_rows(3, &parts(), delivery);
        assert_eq!((rows.delivered, rows.retried), (vec![0], 2));
        assert_eq!(
            rows.refused,
            [refusal(1, Remedy::Retry), refusal(2, Remedy::Stop)]
        );
    }
}
