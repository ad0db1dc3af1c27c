//! Whole paths through the real binaries: one module a path, and the rules of the tree.
#![cfg(test)]

mod kit;
