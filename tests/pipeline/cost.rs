//! The figures of docs/cost.md: requests as the product's own clients make them, counted at the far ends, times the prices
//! of docs/prices.json.

mod counted;
mod page;
mod traffic;

use std::fs;

use cargo_local::cost::Prices;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cost.md");
const BEGIN: &str = "<!-- counted: begin -->\n";
const END: &str = "<!-- counted: end -->\n";

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_costs_is_what_counted_requests_and_prices_make() {
    let prices = Prices::read().unwrap();
    let part = page::write(&prices).await;
    let text = fs::read_to_string(PAGE).unwrap();
    let (before, after) = text.split_once(BEGIN).unwrap();
    let (found, after) = after.split_once(END).unwrap();
    let right = format!("\n{part}\n");
    if found == right {
        return;
    }
    let is_update = std::env::var_os("INSTA_UPDATE").is_some_and(|value| value == "always");
    assert!(
        is_update,
        "docs/cost.md is not what is counted: INSTA_UPDATE=always cargo test -p pipeline --test pipeline cost:: writes it\n{part}"
    );
    fs::write(PAGE, format!("{before}{BEGIN}{right}{END}{after}")).unwrap();
}
