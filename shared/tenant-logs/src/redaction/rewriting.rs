//! A record being written anew by the rules.

use std::borrow::Cow;

use hmac::Hmac;
use sha2::Sha256;

use super::rules::{Action, Node, Rule};
use crate::body::{GZIP_MAGIC, decode_base64};
use crate::digest::Hashing;
use crate::json::{array_elements, object_members, quoted, string_content, without_space};

/// Arrays nested deeper than this are hashed or masked as one value.
const MAX_ARRAY_DEPTH: usize = 32;

/// What is nested deeper than this, and a path may lead to, is masked as one value.
const MAX_DEPTH: usize = 32;
/// Members in which envelopes and wrappers have records.
const ENVELOPING: [&str; 3] = ["data", "detail", "logs"];
const MASKED: &str = "\"***\"";

/// A record being written anew, and the paths that were treated in it.
pub(super) struct Rewriting<'a> {
    keyed: Option<&'a Hmac<Sha256>>,
    pub(super) text: String,
    pub(super) treated: Vec<String>,
    /// How often something was treated.
    notes: usize,
    /// Where paths begin anew at every object, since a record may begin there.
    root: Option<&'a Node>,
}

/// Returns the rule that drops what these nodes lead to.
fn dropping<'a>(nodes: &[&'a Node]) -> Option<&'a Rule> {
    let mut rules = nodes.iter().filter_map(|node| node.rule.as_ref());
    rules.find(|rule| rule.action == Action::Drop)
}

fn children_at<'a>(nodes: &[&'a Node], index: usize) -> Vec<&'a Node> {
    let name = index.to_string();
    nodes.iter().filter_map(|node| node.child(&name)).collect()
}

impl<'a> Rewriting<'a> {
    pub(super) fn with(keyed: Option<&'a Hmac<Sha256>>) -> Self {
        Self {
            keyed,
            text: String::new(),
            treated: Vec::new(),
            notes: 0,
            root: None,
        }
    }

    /// The same where a record may begin at every object.
    pub(super) fn anywhere(keyed: Option<&'a Hmac<Sha256>>, root: &'a Node) -> Self {
        Self {
            root: Some(root),
            ..Self::with(keyed)
        }
    }

    /// Writes a record. In a member that only envelopes and wrappers have, another one may be.
    pub(super) fn record(&mut self, json: &str, tree: &'a Node) {
        let Some(members) = object_members(json) else {
            return self.value(json, &[tree], 0);
        };
        self.members(&members, &[tree], |this, name, value, children| {
            let around = this.root;
            this.root = around.or_else(|| ENVELOPING.contains(&name).then_some(tree));
            this.member(name, value, children, 0);
            this.root = around;
        });
    }

    /// Writes what stands beside a record: one may begin at every object in it.
    pub(super) fn beside(&mut self, json: &str, tree: &'a Node) {
        self.root = Some(tree);
        self.value(json, &[], 0);
        self.root = None;
    }

    /// Writes a value: `nodes` are where the paths stand that lead to it.
    pub(super) fn value(&mut self, json: &str, nodes: &[&Node], depth: usize) {
        if nodes.is_empty() && self.root.is_none() {
            return self.text.push_str(json);
        }
        if let Some(rule) = nodes.iter().find_map(|node| node.rule.as_ref()) {
            return self.treat(json, rule, 0);
        }
        match json.as_bytes().first() {
            Some(b'{' | b'[' | b'"') if depth == MAX_DEPTH => self.hide(nodes),
            Some(b'{') => match object_members(json) {
                Some(members) => self.members(&members, nodes, |this, name, value, children| {
                    this.member(name, value, children, depth);
                }),
                None => self.hide(nodes),
            },
            Some(b'[') => match array_elements(json) {
                Some(elements) => self.elements(&elements, nodes, depth),
                None => self.hide(nodes),
            },
            Some(b'"') => self.string(json, nodes, depth),
            _ => self.text.push_str(json),
        }
    }

    /// Masks what a path may lead into and cannot be followed.
    fn hide(&mut self, nodes: &[&Node]) {
        for node in nodes.iter().copied().chain(self.root) {
            node.each_rule(&mut |rule| self.note(rule));
        }
        self.text.push_str(MASKED);
    }

    /// Writes a string, and follows the paths into the JSON that it may hold.
    fn string(&mut self, json: &str, nodes: &[&Node], depth: usize) {
        let Some(content) = string_content(json) else {
            return self.hide(nodes);
        };
        let inner = without_space(&content);
        let is_json = serde_json::from_str::<&serde_json::value::RawValue>(inner).is_ok();
        if !begins_json(inner) {
            // A form, markup, a token, base64 or plain text may hold what a path leads to, and cannot be followed.
            let may_hold = !nodes.is_empty() || may_hold_record(inner);
            if may_hold && !is_json && !inner.is_empty() {
                return self.hide(nodes);
            }
            return self.text.push_str(json);
        }
        if !is_json {
            // What begins like JSON and is none, a template or a quotation, may still be a part of some.
            return self.hide(nodes);
        }
        let before = std::mem::take(&mut self.text);
        let noted_before = self.notes;
        self.value(inner, nodes, depth + 1);
        let rewritten = std::mem::replace(&mut self.text, before);
        if self.notes == noted_before {
            return self.text.push_str(json);
        }
        self.text.push_str(&quoted(&rewritten));
    }

    /// Writes the value of a member of an object at this depth.
    fn member(&mut self, name: &str, value: &str, children: &[&Node], depth: usize) {
        // It stands where a record would, so all paths lead into it.
        let record = self.root.filter(|_| ENVELOPING.contains(&name));
        let nodes: Vec<&Node> = children.iter().copied().chain(record).collect();
        self.value(value, &nodes, depth + 1);
    }

    /// Writes an object without what is dropped, each other member's value by `write`, which gets where the paths stand.
    fn members(
        &mut self,
        members: &[(&str, &str)],
        nodes: &[&Node],
        mut write: impl FnMut(&mut Self, &str, &str, &[&Node]),
    ) {
        let mut separator = '{';
        for (key, value) in members {
            let name = string_content(key).unwrap_or_default();
            let around = nodes.iter().copied().chain(self.root);
            let children: Vec<&Node> = around.filter_map(|node| node.child(&name)).collect();
            if let Some(rule) = dropping(&children) {
                self.note(rule);
                continue;
            }
            self.text.push(separator);
            separator = ',';
            self.text.push_str(key);
            self.text.push(':');
            write(self, &name, value, &children);
        }
        if separator == '{' {
            self.text.push('{');
        }
        self.text.push('}');
    }

    /// Writes an array: paths go through it, and a step that is a number leads to the element of that index.
    fn elements(&mut self, elements: &[&str], nodes: &[&Node], depth: usize) {
        let mut separator = '[';
        for (index, element) in elements.iter().enumerate() {
            let of_index = children_at(nodes, index);
            if let Some(rule) = dropping(&of_index) {
                self.note(rule);
                continue;
            }
            self.text.push(separator);
            separator = ',';
            // An index is told by this array, so it leads into no other text in it; an array in it may be the one that is meant.
            let is_plain = is_plain_text(element);
            let around = nodes.iter().copied();
            let around = around.filter(|node| !is_plain || node.goes_on_with_a_name());
            let all: Vec<&Node> = of_index.into_iter().chain(around).collect();
            self.value(element, &all, depth + 1);
        }
        if separator == '[' {
            self.text.push('[');
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
            self.text.push('[');
            for (position, element) in elements.iter().enumerate() {
                if position > 0 {
                    self.text.push(',');
                }
                self.treat(element, rule, array_depth + 1);
            }
            return self.text.push(']');
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
        // Rules that hash are refused without a key.
        self.keyed
            .map(|keyed| Hashing::Keyed(keyed.clone()).of(plain.as_bytes()))
            .unwrap_or_default()
    }

    fn note(&mut self, rule: &Rule) {
        self.notes += 1;
        if !self.treated.contains(&rule.path) {
            self.treated.push(rule.path.clone());
        }
    }
}

/// Whether a text is a JSON object, array or string, or begins like one.
fn begins_json(text: &str) -> bool {
    text.starts_with(['{', '[', '"'])
}

/// Whether an element is a text that is no JSON.
fn is_plain_text(element: &str) -> bool {
    string_content(element).is_some_and(|content| !begins_json(without_space(&content)))
}

/// Whether a text that is no JSON may hold a record all the same: among other text, escaped, or packed.
fn may_hold_record(text: &str) -> bool {
    let is_of_base64 = |c: char| c.is_ascii_alphanumeric() || "+/-_".contains(c);
    let lower = text.to_lowercase();
    ["{", "%7b", "7b22"].iter().any(|one| lower.contains(one))
        || text.split(|c| !is_of_base64(c)).any(is_packed_json)
}

/// Whether base64 begins like that of an object, of an array of them, or of gzip.
fn is_packed_json(base64: &str) -> bool {
    // Whole groups, so that a cut text is read, too.
    let groups = base64.get(..base64.len() / 4 * 4).unwrap_or_default();
    let bytes = decode_base64(&groups.replace('-', "+").replace('_', "/")).unwrap_or_default();
    let mut visible = bytes.iter().filter(|byte| !byte.is_ascii_whitespace());
    match (visible.next(), visible.next()) {
        (Some(b'{'), Some(b'"')) | (Some(b'['), Some(b'{' | b'[')) => true,
        _ => bytes.starts_with(GZIP_MAGIC),
    }
}
