//! Redaction before anything leaves: drop, mask or keyed hash of members by dotted path.
//!
//! A path that an event already names as redacted is not treated again, so that a hash is never hashed.

use std::borrow::Cow;
use std::sync::Arc;

use hmac::Mac;

use crate::digest::hex;
use crate::json::{array_elements, object_members, string_content};
use crate::secret::hmac_sha256;
use crate::{LogEvent, Secret};

/// Arrays nested deeper than this are hashed or masked as one value.
const MAX_ARRAY_DEPTH: usize = 32;

/// What is nested deeper than this in an object that is no log event is masked as one value.
const MAX_DEPTH: usize = 32;
const MASKED: &str = "\"***\"";

/// Which members of a record are redacted, and how.
#[derive(Debug, Clone, Default)]
pub struct Redaction {
    rules: Vec<Rule>,
    tree: Node,
    key: Option<Secret>,
    /// The rules' paths, shared with every event.
    paths: Arc<Vec<String>>,
}

/// A rule that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedactionProblem {
    /// Not `path=drop`, `path=mask` or `path=hmac`.
    #[error("cannot read `{0}` (want a dotted path, `=` and drop, mask or hmac)")]
    Rule(String),
    /// Two rules for one path.
    #[error("names `{0}` twice")]
    Twice(String),
    /// A keyed hash without a key.
    #[error("hmac needs REDACT_KEY")]
    NoKey,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    path: String,
    action: Action,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Drop,
    Mask,
    Hmac,
}

/// The rules as a tree of member names; a node with a rule treats its whole value.
#[derive(Debug, Clone, Default)]
struct Node {
    rule: Option<Rule>,
    children: Vec<(String, Node)>,
}

impl Redaction {
    /// Reads `user_name=hmac,ip=mask,details.request.body=drop`, or says everything that is wrong with it.
    pub fn parse(rules: &str, key: Option<Secret>) -> Result<Self, Vec<RedactionProblem>> {
        let mut redaction = Self {
            key,
            ..Self::default()
        };
        let mut problems = Vec::new();
        let entries = rules.split(',').map(str::trim);
        for entry in entries.filter(|entry| !entry.is_empty()) {
            match Rule::parse(entry) {
                Ok(rule) if redaction.rules.iter().any(|other| other.path == rule.path) => {
                    problems.push(RedactionProblem::Twice(rule.path));
                }
                Ok(rule) => {
                    redaction.tree.insert(&rule);
                    redaction.rules.push(rule);
                }
                Err(problem) => problems.push(problem),
            }
        }
        let mut actions = redaction.rules.iter().map(|rule| rule.action);
        if redaction.key.is_none() && actions.any(|action| action == Action::Hmac) {
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
        let mut rewriting = self.rewriting();
        rewriting.value(log_event.record(), &tree, 0);
        let record = std::mem::take(&mut rewriting.text);
        if let Some(beside) = log_event.beside() {
            rewriting.value(&beside, &tree, 0);
        }
        if rewriting.treated.is_empty() {
            return false;
        }
        log_event.replace_record(&record, &rewriting.text, rewriting.treated);
        true
    }

    /// Redacts an object that is no log event, as if a record began at every object in it; `None` for other text.
    ///
    /// A string that may hold JSON and what is nested deeper than anybody's record are masked.
    pub fn redact_object(&self, text: &str) -> Option<String> {
        object_members(text)?;
        let mut rewriting = self.rewriting();
        rewriting.anywhere(text, &[], &self.tree, 0);
        Some(rewriting.text)
    }

    fn tree_without(&self, done: &[String]) -> Node {
        let mut tree = Node::default();
        for rule in self.rules.iter().filter(|rule| !done.contains(&rule.path)) {
            tree.insert(rule);
        }
        tree
    }

    fn rewriting(&self) -> Rewriting<'_> {
        Rewriting {
            key: self.key.as_ref(),
            text: String::new(),
            treated: Vec::new(),
        }
    }
}

impl Rule {
    fn parse(entry: &str) -> Result<Self, RedactionProblem> {
        let cannot_read = || RedactionProblem::Rule(entry.to_owned());
        let (path, action) = entry.split_once('=').ok_or_else(cannot_read)?;
        let action = match action.trim() {
            "drop" => Action::Drop,
            "mask" => Action::Mask,
            "hmac" => Action::Hmac,
            _ => return Err(cannot_read()),
        };
        let path = path.trim().to_owned();
        if path.split('.').any(str::is_empty) {
            return Err(cannot_read());
        }
        Ok(Self { path, action })
    }
}

impl Node {
    fn insert(&mut self, rule: &Rule) {
        let mut node = self;
        for step in rule.path.split('.') {
            let position = node.children.iter().position(|(name, _)| name == step);
            let index = position.unwrap_or_else(|| {
                node.children.push((step.to_owned(), Self::default()));
                node.children.len() - 1
            });
            let Some((_, child)) = node.children.get_mut(index) else {
                return;
            };
            node = child;
        }
        node.rule = Some(rule.clone());
    }

    fn child(&self, name: &str) -> Option<&Self> {
        let found = self.children.iter().find(|(child, _)| child == name);
        found.map(|(_, child)| child)
    }
}

/// A record being written anew, and the paths that were treated in it.
struct Rewriting<'a> {
    key: Option<&'a Secret>,
    text: String,
    treated: Vec<String>,
}

impl Rewriting<'_> {
    fn value(&mut self, json: &str, node: &Node, array_depth: usize) {
        if let Some(rule) = &node.rule {
            return self.treat(json, rule, array_depth);
        }
        if json.starts_with('{')
            && let Some(members) = object_members(json)
        {
            self.object(&members, node);
        } else if json.starts_with('[')
            && array_depth < MAX_ARRAY_DEPTH
            && let Some(elements) = array_elements(json)
        {
            self.array(&elements, |this, element| {
                this.value(element, node, array_depth + 1);
            });
        } else {
            self.text.push_str(json);
        }
    }

    fn object(&mut self, members: &[(&str, &str)], node: &Node) {
        let mut separator = '{';
        for (key, value) in members {
            let name = string_content(key).unwrap_or_default();
            let child = node.child(&name);
            if let Some(rule) = child.and_then(|child| child.rule.as_ref())
                && rule.action == Action::Drop
            {
                self.note(rule);
                continue;
            }
            self.text.push(separator);
            separator = ',';
            self.text.push_str(key);
            self.text.push(':');
            match child {
                Some(child) => self.value(value, child, 0),
                None => self.text.push_str(value),
            }
        }
        if separator == '{' {
            self.text.push('{');
        }
        self.text.push('}');
    }

    /// Writes a value in which a record may begin at every object: `nodes` are where the paths of those around it stand.
    fn anywhere(&mut self, json: &str, nodes: &[&Node], root: &Node, depth: usize) {
        if json.starts_with('"') {
            let may_hold_json = string_content(json).is_none_or(|text| {
                text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
                    .starts_with(['{', '[', '"'])
            });
            self.text
                .push_str(if may_hold_json { MASKED } else { json });
        } else if !json.starts_with(['{', '[']) {
            self.text.push_str(json);
        } else if depth == MAX_DEPTH {
            self.text.push_str(MASKED);
        } else if let Some(members) = object_members(json) {
            self.object_anywhere(&members, nodes, root, depth);
        } else {
            let elements = array_elements(json).unwrap_or_default();
            self.array(&elements, |this, element| {
                this.anywhere(element, nodes, root, depth + 1);
            });
        }
    }

    fn object_anywhere(
        &mut self,
        members: &[(&str, &str)],
        nodes: &[&Node],
        root: &Node,
        depth: usize,
    ) {
        let mut separator = '{';
        for (key, value) in members {
            let name = string_content(key).unwrap_or_default();
            let around = nodes.iter().copied().chain([root]);
            let children: Vec<&Node> = around.filter_map(|node| node.child(&name)).collect();
            let rule = children.iter().find_map(|child| child.rule.as_ref());
            if rule.is_some_and(|rule| rule.action == Action::Drop) {
                continue;
            }
            self.text.push(separator);
            separator = ',';
            self.text.push_str(key);
            self.text.push(':');
            match rule {
                Some(rule) => self.treat(value, rule, 0),
                None => self.anywhere(value, &children, root, depth + 1),
            }
        }
        if separator == '{' {
            self.text.push('{');
        }
        self.text.push('}');
    }

    fn array(&mut self, elements: &[&str], mut write: impl FnMut(&mut Self, &str)) {
        self.text.push('[');
        for (position, element) in elements.iter().enumerate() {
            if position > 0 {
                self.text.push(',');
            }
            write(self, element);
        }
        self.text.push(']');
    }

    /// Masks or hashes a value, an array element by element; null stays.
    fn treat(&mut self, json: &str, rule: &Rule, array_depth: usize) {
        if json == "null" {
            self.text.push_str(json);
            return;
        }
        if json.starts_with('[')
            && array_depth < MAX_ARRAY_DEPTH
            && let Some(elements) = array_elements(json)
        {
            self.array(&elements, |this, element| {
                this.treat(element, rule, array_depth + 1);
            });
            return;
        }
        self.note(rule);
        self.text.push('"');
        match rule.action {
            Action::Hmac => self.text.push_str(&self.hash(json)),
            Action::Mask | Action::Drop => self.text.push_str("***"),
        }
        self.text.push('"');
    }

    fn hash(&self, json: &str) -> String {
        let plain = string_content(json).unwrap_or(Cow::Borrowed(json));
        // Rules that hash are refused without a key, so an empty one never hashes.
        let key = self.key.map(Secret::expose).unwrap_or_default();
        let mut mac = hmac_sha256(key.as_bytes());
        mac.update(plain.as_bytes());
        hex(&mac.finalize().into_bytes())
    }

    fn note(&mut self, rule: &Rule) {
        if !self.treated.contains(&rule.path) {
            self.treated.push(rule.path.clone());
        }
    }
}

#[cfg(test)]
mod tests;
