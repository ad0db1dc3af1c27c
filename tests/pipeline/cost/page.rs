//! The tables of docs/cost.md.

mod aws;
mod azure;
mod watching;

use std::fmt::Write;
use std::fs;

use cargo_local::cost::{Bill, Prices};

/// What a table counts by.
const MILLION: f64 = 1_000_000.0;
const SECONDS_A_MONTH: f64 = 2_592_000.0;

/// Everything that is counted, as it stands in the page.
pub(super) async fn write(prices: &Prices) -> String {
    let sections = [
        prices_table(prices),
        aws::webhook(prices).await,
        aws::partner_bus(prices).await,
        azure::webhook(prices).await,
        rivals(prices),
        watching::lines(prices).await,
        watching::flat(prices),
    ];
    sections.join("\n")
}

fn prices_table(prices: &Prices) -> String {
    let date = &prices.date;
    let mut text = format!(
        "Prices of {date}, from docs/prices.json:\n\n| what is billed | US dollars |\n|---|---|\n"
    );
    for (_, price) in prices.all() {
        let per = match price.per {
            1 => String::new(),
            1_000_000 => " a million".to_owned(),
            per => format!(" for {per}"),
        };
        writeln!(text, "| {} | {}{per} |", price.of, price.dollars).unwrap();
    }
    text
}

fn rivals(prices: &Prices) -> String {
    let rival = dollars(
        prices,
        &Bill::default().with("cloudwatch_pipelines_event", MILLION),
    );
    format!(
        "### Managed rivals\n\n| what | US dollars a million events |\n|---|---|\n\
         | Amazon CloudWatch pipelines, source `okta_auth0`, which polls | about {rival} |\n"
    )
}

fn dollars(prices: &Prices, bill: &Bill) -> String {
    let dollars = prices.dollars(bill).unwrap();
    if dollars < 0.0005 {
        "below 0.001".to_owned()
    } else if dollars < 1.0 {
        format!("{dollars:.3}")
    } else {
        format!("{dollars:.2}")
    }
}

fn row(text: &mut String, cells: &[String]) {
    writeln!(text, "| {} |", cells.join(" | ")).unwrap();
}

/// A number of a template: what stands behind the last place of a text.
fn number_in(path: &str, before: &str) -> f64 {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let text = fs::read_to_string(format!("{root}/{path}")).unwrap();
    let (_, after) = text.rsplit_once(before).unwrap();
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}
