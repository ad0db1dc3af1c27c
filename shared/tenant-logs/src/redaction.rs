//! Redaction before anything leaves: drop, mask or keyed hash of members by dotted path.
//!
//! A path that an event already names as redacted is not treated again, so that a hash is never hashed.

mod rewriting;
mod rules;

use std::borrow::Cow;
use std::sync::Arc;

use hmac::Hmac;
use sha2::Sha256;

use crate::digest::{Hashing, derived_log_id};
use crate::json::is_object_or_array;
use crate::secret::hmac_sha256;
use crate::{LogEvent, Secret};
use rewriting::Rewriting;
pub use rules::RedactionProblem;
use rules::{Action, Node, Rule};
pub(crate) use rules::{is_index, split_unescaped};

/// Which members of a record are redacted, and how.
#[derive(Debug, Clone, Default)]
pub struct Redaction {
    rules: Vec<Rule>,
    tree: Node,
    /// HMAC with the key in it, so that the key is hashed once.
    keyed: Option<Hmac<Sha256>>,
    /// The rules' paths, shared with every event.
    paths: Arc<Vec<String>>,
}

impl Redaction {
    /// Reads `user_name=hmac,ip=mask,details.request.body=drop`, or says everything that is wrong with it.
    pub fn parse(rules: &str, key: Option<Secret>) -> Result<Self, Vec<RedactionProblem>> {
        let mut redaction = Self {
            keyed: key.map(|key| hmac_sha256(key.expose().as_bytes())),
            ..Self::default()
        };
        if rules.trim().is_empty() {
            return Ok(redaction);
        }
        let mut problems = Vec::new();
        let entries = split_unescaped(rules, ',').into_iter().map(str::trim);
        for (position, entry) in entries.enumerate() {
            if entry.is_empty() {
                problems.push(RedactionProblem::Empty(position + 1));
                continue;
            }
            match Rule::parse(entry) {
                Ok(rule) => match redaction.rules.iter().find_map(|other| rule.clash(other)) {
                    Some(problem) => problems.push(problem),
                    None => redaction.rules.push(rule),
                },
                Err(problem) => problems.push(problem),
            }
        }
        for rule in &redaction.rules {
            redaction.tree.insert(rule);
        }
        let mut actions = redaction.rules.iter().map(|rule| rule.action);
        if redaction.keyed.is_none() && actions.any(|action| action == Action::Hmac) {
            problems.push(RedactionProblem::NoKey);
        }
        let paths = redaction.rules.iter().map(|rule| rule.path.clone());
        redaction.paths = Arc::new(paths.collect());
        if problems.is_empty() {
            Ok(redaction)
        } else {
            Err(problems)
        }
    }

    /// Whether there is nothing to redact.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Returns a hash of bytes that may hold what is hidden: SHA-256, keyed where something is hidden; `None` without a key,
    /// because whoever guesses the bytes could tell that they are right.
    pub fn digest(&self, bytes: &[u8]) -> Option<String> {
        self.hashing().map(|hashing| hashing.of(bytes))
    }

    /// Begins the same hash of bytes that come piece by piece.
    pub(crate) fn hashing(&self) -> Option<Hashing> {
        if self.is_empty() {
            return Some(Hashing::plain());
        }
        self.keyed.clone().map(Hashing::Keyed)
    }

    /// Names a log event that came without a `log_id` so that its name gives nothing away: by a hash with the key, or, where
    /// something is hidden without a key, by what `random` returns. Call it before anything is redacted.
    pub fn identify(&self, log_event: &mut LogEvent<'_>, random: impl FnOnce() -> String) {
        if !log_event.is_named_here() {
            return;
        }
        if let Some(keyed) = &self.keyed {
            let hashing = Hashing::Keyed(keyed.clone());
            log_event.rename(derived_log_id(log_event.record(), hashing));
        } else if !self.is_empty() {
            log_event.rename(random());
        }
    }

    /// Redacts a log event. Returns whether anything was changed. Where nothing is, its text stays byte for byte.
    pub fn redact(&self, log_event: &mut LogEvent<'_>) -> bool {
        if self.is_empty() {
            return false;
        }
        log_event.note_rules(&self.paths);
        let tree = match log_event.redacted() {
            [] => Cow::Borrowed(&self.tree),
            done => Cow::Owned(self.tree_without(done)),
        };
        if tree.children.is_empty() {
            return false;
        }
        let mut rewriting = Rewriting::with(self.keyed.as_ref());
        // A hash is longer than most of what it stands for.
        let record = log_event.record();
        rewriting.text.reserve(record.len() + 256);
        rewriting.record(record, &tree);
        let record = std::mem::take(&mut rewriting.text);
        if let Some(beside) = log_event.beside() {
            rewriting.beside(&beside, &tree);
        }
        if rewriting.treated.is_empty() {
            return false;
        }
        log_event.replace_record(&record, &rewriting.text, rewriting.treated);
        true
    }

    /// Redacts an object or an array that is no log event by the same rules, as if a record began at every object in it;
    /// `None` for other text.
    pub fn redact_anywhere(&self, text: &str) -> Option<String> {
        if !is_object_or_array(text) {
            return None;
        }
        let mut rewriting = Rewriting::anywhere(self.keyed.as_ref(), &self.tree);
        rewriting.value(text, &[&self.tree], 0);
        Some(rewriting.text)
    }

    fn tree_without(&self, done: &[String]) -> Node {
        let mut tree = Node::default();
        for rule in self.rules.iter().filter(|rule| !done.contains(&rule.path)) {
            tree.insert(rule);
        }
        tree
    }
}

#[cfg(test)]
mod tests;
