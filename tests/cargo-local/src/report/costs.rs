//! What a run would have cost, a line for each cloud.

use std::fmt;

use super::Report;
use crate::cost::{Bill, Prices, quantity};

/// What a cloud would have billed for a run.
#[derive(Debug, Clone)]
pub struct CostLine {
    /// The cloud.
    pub cloud: &'static str,
    /// Log events that were sent.
    pub event_count: u64,
    /// The requests.
    pub bill: Bill,
}

impl Report {
    pub(super) fn write_costs(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.costs.is_empty() {
            return Ok(());
        }
        let prices = match Prices::read() {
            Ok(prices) => prices,
            Err(error) => return writeln!(formatter, "\n{error}"),
        };
        let date = &prices.date;
        writeln!(
            formatter,
            "\nwould have cost, by the list prices of {date} (docs/cost.md); bodies one after another share nothing:"
        )?;
        for cost in &self.costs {
            let cloud = cost.cloud;
            match prices.dollars(&cost.bill) {
                Ok(dollars) => {
                    let millions = quantity(cost.event_count) / 1_000_000.0;
                    let a_million = dollars / millions.max(f64::MIN_POSITIVE);
                    writeln!(
                        formatter,
                        "{cloud:<13} ${dollars:.6}, ${a_million:.3} a million events"
                    )?;
                }
                Err(error) => writeln!(formatter, "{cloud:<13} {error}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_what_the_run_would_have_cost() {
        let report = Report {
            paths: Vec::new(),
            sinks: Vec::new(),
            streams: Vec::new(),
            functions: Vec::new(),
            costs: vec![CostLine {
                cloud: "AWS",
                event_count: 500,
                bill: Bill::default().with("sqs_request", 250.0),
            }],
        };
        let text = report.to_string();
        let expected = "AWS           $0.000100, $0.200 a million events";
        assert!(text.contains(expected), "{text}");
    }
}
