//! What runs a function as its cloud does, around the real binary.

pub mod event_source;
pub mod function_url;
pub mod functions_host;
pub mod lambda;
