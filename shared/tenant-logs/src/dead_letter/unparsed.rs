//! Bytes that cannot be parsed, as a dead letter keeps them: all of them, or the beginning of what was refused.

use std::borrow::Cow;

use crate::digest::Hashing;
use crate::{MAX_UNPACKED_BYTES, Redaction, decode};

/// Bytes kept of a body that was refused, and that its sender still has.
const MAX_BEGINNING_BYTES: usize = 65_536;

/// Bytes in which no log event could be found, so that no redaction can be applied to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unparsed<'a> {
    /// What is kept of them, before gunzip; `None` if they are withheld.
    pub(super) kept: Option<Cow<'a, [u8]>>,
    /// How many there are.
    pub(super) size: usize,
    /// SHA-256 of all of them; `None` where it would give something away.
    pub(super) sha256: Option<Cow<'a, str>>,
    /// Whether they are kept although something should be redacted in them.
    pub(super) is_unredacted: bool,
}

/// How much of some bytes is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// All: nobody else has them once they are acknowledged.
    Whole,
    /// The first 64 KB: their sender was refused and has them.
    Beginning,
    /// None.
    Nothing,
}

/// What is kept of a body that is too large to be held: its beginning, its size and its hash.
#[derive(Debug, Clone)]
pub struct LargeBody {
    beginning: Vec<u8>,
    size: usize,
    /// `None` where it would give something away.
    hashing: Option<Hashing>,
}

impl LargeBody {
    /// A body of which nothing has come yet.
    pub fn begin(redaction: &Redaction) -> Self {
        Self {
            beginning: Vec::new(),
            size: 0,
            hashing: redaction.hashing(),
        }
    }

    /// Takes the next piece of it.
    pub fn add(&mut self, piece: &[u8]) {
        let room = MAX_BEGINNING_BYTES.saturating_sub(self.beginning.len());
        let kept = piece.get(..room).unwrap_or(piece);
        self.beginning.extend_from_slice(kept);
        self.size += piece.len();
        if let Some(hashing) = &mut self.hashing {
            hashing.add(piece);
        }
    }

    /// Its beginning.
    pub fn beginning(&self) -> &[u8] {
        &self.beginning
    }
}

impl<'a> Unparsed<'a> {
    /// Keeps the beginning of a body that was refused, and that is not held; `keep` only tells whether it is kept.
    pub fn of_large(body: &'a LargeBody, keep: Keep, redaction: &Redaction) -> Self {
        let kept = match keep {
            Keep::Whole | Keep::Beginning => Some(Cow::Borrowed(body.beginning.as_slice())),
            Keep::Nothing => None,
        };
        Self {
            is_unredacted: !redaction.is_empty() && kept.is_some(),
            kept,
            size: body.size,
            sha256: body.hashing.clone().map(|hashing| hashing.finish().into()),
        }
    }

    /// Keeps bytes, and says so where a redaction is set that does not reach them.
    pub fn new(bytes: impl Into<Cow<'a, [u8]>>, keep: Keep, redaction: &Redaction) -> Self {
        let bytes = bytes.into();
        let (size, sha256) = (bytes.len(), redaction.digest(&bytes));
        let kept = match (keep, bytes) {
            (Keep::Whole, bytes) => Some(bytes),
            (Keep::Beginning, Cow::Borrowed(bytes)) => {
                let beginning = bytes.get(..MAX_BEGINNING_BYTES).unwrap_or(bytes);
                Some(Cow::Borrowed(beginning))
            }
            (Keep::Beginning, Cow::Owned(mut bytes)) => {
                bytes.truncate(MAX_BEGINNING_BYTES);
                Some(Cow::Owned(bytes))
            }
            (Keep::Nothing, _) => None,
        };
        Self {
            kept,
            size,
            sha256: sha256.map(Cow::Owned),
            is_unredacted: !redaction.is_empty() && keep != Keep::Nothing,
        }
    }

    /// Whether nothing of them is kept.
    pub fn is_withheld(&self) -> bool {
        self.kept.is_none()
    }

    /// Returns their text, gunzipped; `None` if they are not all there, or no text.
    pub(super) fn whole_text(&self) -> Option<Cow<'_, str>> {
        let bytes = self.kept.as_deref()?;
        if bytes.len() != self.size {
            return None;
        }
        decode(bytes, MAX_UNPACKED_BYTES).ok()
    }

    /// Returns what is kept as text, where it is text. What was cut within a character ends before it.
    pub(super) fn kept_text(&self) -> Option<&str> {
        let bytes = self.kept.as_deref()?;
        let text = match str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) if error.error_len().is_none() && bytes.len() < self.size => {
                let whole_characters = bytes.get(..error.valid_up_to())?;
                str::from_utf8(whole_characters).ok()?
            }
            Err(_) => return None,
        };
        let is_text = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
        text.chars().all(is_text).then_some(text)
    }
}
