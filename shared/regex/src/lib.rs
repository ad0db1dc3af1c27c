//! Stands in for the crate `regex` where woothee asks for it (`[patch.crates-io]` in the root manifest), by `regex-lite`,
//! which the AWS SDK brings anyway.
//!
//! The tables and engines of `regex` are 1.3 MB of a function that a Lambda reads at each start. Nothing else in the
//! workspace may need `regex` as long as this stands in its place.

pub use regex_lite::{Captures, Error, Match, Regex};
