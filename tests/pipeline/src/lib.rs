//! Nothing: the package holds tests and benches.
