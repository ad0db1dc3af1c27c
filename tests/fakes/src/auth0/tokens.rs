//! Access tokens: each with its scopes, until its end.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Tokens that were handed out.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    issued: u64,
    held: HashMap<String, Held>,
}

#[derive(Debug)]
struct Held {
    scopes: Vec<&'static str>,
    ends_at: Instant,
}

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Granted,
    /// None that holds.
    Unknown,
    /// One without the scope.
    Insufficient,
}

impl Tokens {
    pub(super) fn issue(&mut self, scopes: &[&'static str], life: Duration) -> String {
        self.issued += 1;
        let token = format!("made-up-token-{}", self.issued);
        let held = Held {
            scopes: scopes.to_vec(),
            ends_at: Instant::now() + life,
        };
        self.held.insert(token.clone(), held);
        token
    }

    pub(super) fn revoke_all(&mut self) {
        self.held.clear();
    }

    /// Whether a header carries a token that holds and has the scope.
    pub(super) fn access(&self, authorization: Option<&str>, scope: &str) -> Access {
        let token = authorization.and_then(|value| value.strip_prefix("Bearer "));
        let held = token.and_then(|token| self.held.get(token));
        match held.filter(|held| Instant::now() < held.ends_at) {
            None => Access::Unknown,
            Some(held) if held.scopes.contains(&scope) => Access::Granted,
            Some(_) => Access::Insufficient,
        }
    }
}
