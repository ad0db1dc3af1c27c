//! Whole paths through the real binaries.
