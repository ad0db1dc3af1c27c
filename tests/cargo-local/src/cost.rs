//! What requests would cost: list prices out of `docs/prices.json`, the one place that has any.

use std::collections::BTreeMap;

use serde::Deserialize;

const PRICES: &str = include_str!("../../../docs/prices.json");

/// List prices of one day.
#[derive(Debug, Deserialize)]
pub struct Prices {
    /// The day.
    pub date: String,
    prices: BTreeMap<String, Price>,
}

/// What one thing costs.
#[derive(Debug, Deserialize)]
pub struct Price {
    /// Dollars for so many.
    pub dollars: f64,
    /// How many.
    pub per: u32,
    /// Of what.
    pub of: String,
}

/// A name that `docs/prices.json` has no price for, or a file that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PriceError {
    /// The file is no list of prices.
    #[error("docs/prices.json cannot be read")]
    Read(#[from] serde_json::Error),
    /// It has no such price.
    #[error("docs/prices.json has no `{0}`")]
    Missing(String),
}

/// Quantities of what is billed, by the names that prices have.
#[derive(Debug, Clone, Default)]
pub struct Bill(Vec<(&'static str, f64)>);

impl Prices {
    /// Reads them.
    pub fn read() -> Result<Self, PriceError> {
        Ok(serde_json::from_str(PRICES)?)
    }

    /// Every price with its name.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Price)> {
        self.prices
            .iter()
            .map(|(name, price)| (name.as_str(), price))
    }

    /// Dollars of so many of one thing.
    pub fn dollars_of(&self, name: &str, quantity: f64) -> Result<f64, PriceError> {
        let price = self.prices.get(name);
        let price = price.ok_or_else(|| PriceError::Missing(name.to_owned()))?;
        Ok(quantity * price.dollars / f64::from(price.per))
    }

    /// Dollars of a bill.
    pub fn dollars(&self, bill: &Bill) -> Result<f64, PriceError> {
        let each = bill.0.iter();
        each.map(|(name, quantity)| self.dollars_of(name, *quantity))
            .sum()
    }
}

impl Bill {
    /// Adds so many of one thing.
    pub fn add(&mut self, name: &'static str, quantity: f64) {
        self.0.push((name, quantity));
    }

    /// The same with so many more of one thing.
    #[must_use]
    pub fn with(mut self, name: &'static str, quantity: f64) -> Self {
        self.add(name, quantity);
        self
    }

    /// Both together.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.0.extend_from_slice(&other.0);
        self
    }
}

/// A count as a quantity.
pub fn quantity(count: u64) -> f64 {
    // Counts of a run are far below what a float holds exactly.
    let (high, low) = (count >> 32, count & u64::from(u32::MAX));
    let part = |part: u64| f64::from(u32::try_from(part).unwrap_or(u32::MAX));
    part(high) * 4_294_967_296.0 + part(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_is_the_sum_of_its_quantities_at_their_prices() {
        let prices = Prices::read().unwrap();
        let bill = Bill::default()
            .with("sqs_request", 2_000_000.0)
            .with("cloudwatch_logs_gb", 0.5);
        let dollars = prices.dollars(&bill).unwrap();
        assert!((dollars - 1.05).abs() < 1e-9, "{dollars}");
        let twice = prices.dollars(&bill.clone().and(&bill)).unwrap();
        assert!((twice - 2.10).abs() < 1e-9, "{twice}");
    }

    #[test]
    fn what_has_no_price_is_an_error() {
        let prices = Prices::read().unwrap();
        let missing = prices.dollars(&Bill::default().with("secrets", 1.0));
        assert_eq!(
            missing.unwrap_err().to_string(),
            "docs/prices.json has no `secrets`"
        );
    }

    #[test]
    fn a_count_is_its_quantity() {
        for (count, expected) in [(0, 0.0), (7, 7.0), (5_000_000_000, 5e9)] {
            assert!((quantity(count) - expected).abs() < 1e-6);
        }
    }
}
