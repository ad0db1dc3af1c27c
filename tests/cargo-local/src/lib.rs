//! A cloud on one machine around the real binaries, and what `cargo local` sends through it.

pub mod azure_cloud;
pub mod binaries;
pub mod cloud;
pub mod cost;
pub mod input;
pub mod report;
pub mod run;
pub mod sample;
