//! The real program, against a tenant of the fake Auth0.
#![cfg(test)]

mod check;
mod create;
mod refused;
mod rig;
mod status;
