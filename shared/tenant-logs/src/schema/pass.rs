//! One pass over JSON that was read as such before: where its tokens end and, if wanted, a copy as the content of a
//! JSON string, without the white space between the tokens.
//!
//! Finding where a string ends and copying it look at the same bytes, so both happen at once.

use std::borrow::Cow;

use crate::json::scan::skip_white_space;
use crate::json::specials::Specials;
use crate::json::string;

/// What is copied at once; the copy has room for as much after its last byte.
const CHUNK: usize = 16;

/// A pass over a text; one that copies writes the escaped text as it goes.
#[derive(Debug)]
pub(super) struct Pass<'a, const COPIES: bool> {
    text: &'a str,
    specials: Specials<'a>,
    /// Room for everything escaped, of which the first bytes are written.
    copy: Vec<u8>,
    length: usize,
    has_backslash: bool,
    /// Whether the last string was written without escapes.
    is_plain: bool,
}

/// A member's name: its extent with the quotes, and whether it is written without escapes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name {
    begin: usize,
    end: usize,
    is_plain: bool,
}

impl<'a, const COPIES: bool> Pass<'a, COPIES> {
    pub(super) fn over(text: &'a str) -> Self {
        // Each byte becomes two at most.
        let room = if COPIES { 2 * text.len() + CHUNK } else { 0 };
        Self {
            text,
            specials: Specials::of(text.as_bytes()),
            copy: vec![0; room],
            length: 0,
            has_backslash: false,
            is_plain: true,
        }
    }

    /// The escaped text, where this pass copies.
    pub(super) fn into_copy(mut self) -> Option<String> {
        self.copy.truncate(self.length);
        String::from_utf8(self.copy).ok().filter(|_| COPIES)
    }

    /// Whether a string held a backslash.
    pub(super) fn has_backslash(&self) -> bool {
        self.has_backslash
    }

    pub(super) fn text(&self, begin: usize, end: usize) -> Option<&'a str> {
        self.text.get(begin..end)
    }

    #[inline]
    pub(super) fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    /// A member's name as it is written.
    pub(super) fn written(&self, name: Name) -> Option<&'a str> {
        self.text(name.begin, name.end)
    }

    /// A member's name, decoded; empty where it cannot be.
    #[inline]
    pub(super) fn decoded(&self, name: Name) -> Cow<'a, [u8]> {
        if name.is_plain {
            let plain = self.text.as_bytes().get(name.begin + 1..name.end - 1);
            return Cow::Borrowed(plain.unwrap_or_default());
        }
        let decoded = self.written(name).and_then(string).unwrap_or_default();
        Cow::Owned(decoded.into_owned().into_bytes())
    }

    /// Passes over an object: `visit` gets each name and the begin of its value, and answers where that ends.
    #[inline]
    pub(super) fn object(
        &mut self,
        begin: usize,
        mut visit: impl FnMut(&mut Self, Name, usize) -> Option<usize>,
    ) -> Option<usize> {
        let bytes = self.text.as_bytes();
        self.put(b'{');
        let mut at = skip_white_space(bytes, begin + 1);
        if self.byte(at)? == b'}' {
            self.put(b'}');
            return Some(at + 1);
        }
        loop {
            let end = self.string(at)?;
            let name = Name {
                begin: at,
                end,
                is_plain: self.is_plain,
            };
            at = skip_white_space(bytes, end);
            self.put(b':');
            let value = skip_white_space(bytes, at + 1);
            at = skip_white_space(bytes, visit(self, name, value)?);
            let separator = self.byte(at)?;
            self.put(separator);
            match separator {
                b',' => at = skip_white_space(bytes, at + 1),
                b'}' => return Some(at + 1),
                _ => return None,
            }
        }
    }

    /// Passes over any value.
    #[inline]
    pub(super) fn value(&mut self, begin: usize) -> Option<usize> {
        match self.byte(begin)? {
            b'"' => self.string(begin),
            b'{' | b'[' => self.nested(begin),
            _ => Some(self.literal(begin)),
        }
    }

    /// An object or array: its brackets match, because it was read before.
    fn nested(&mut self, begin: usize) -> Option<usize> {
        let mut at = begin;
        let mut depth = 0_usize;
        loop {
            let byte = self.byte(at)?;
            match byte {
                b'"' => {
                    at = self.string(at)?;
                    continue;
                }
                b' ' | b'\t' | b'\n' | b'\r' => {
                    at += 1;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.put(byte);
            at += 1;
            if depth == 0 {
                return Some(at);
            }
        }
    }

    /// A number, true, false or null.
    fn literal(&mut self, begin: usize) -> usize {
        let mut at = begin;
        while let Some(byte) = self.byte(at)
            && !matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r')
        {
            self.put(byte);
            at += 1;
        }
        at
    }

    /// The end of the string whose opening quote is this byte. A string that was read before has no special bytes but
    /// quotes and backslashes.
    #[inline]
    fn string(&mut self, begin: usize) -> Option<usize> {
        let special = self.specials.next(begin + 1);
        self.is_plain = self.byte(special)? == b'"';
        self.put_pair([b'\\', b'"']);
        self.put_plain(begin + 1, special);
        if !self.is_plain {
            return self.escaped(special);
        }
        self.put_pair([b'\\', b'"']);
        Some(special + 1)
    }

    /// The rest of a string from its first backslash on.
    #[cold]
    fn escaped(&mut self, backslash: usize) -> Option<usize> {
        self.has_backslash = true;
        let mut at = backslash;
        while self.byte(at)? != b'"' {
            // The byte after a backslash is part of its escape, even where it is a quote.
            let escaped = self.byte(at + 1)?;
            self.put_pair([b'\\', b'\\']);
            if matches!(escaped, b'"' | b'\\') {
                self.put(b'\\');
            }
            self.put(escaped);
            let next = self.specials.next(at + 2);
            self.put_plain(at + 2, next);
            at = next;
        }
        self.put_pair([b'\\', b'"']);
        Some(at + 1)
    }

    #[inline]
    fn put(&mut self, byte: u8) {
        if COPIES && let Some(place) = self.copy.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }

    #[inline]
    fn put_pair(&mut self, pair: [u8; 2]) {
        if !COPIES {
            return;
        }
        let place = self.copy.get_mut(self.length..);
        if let Some(place) = place.and_then(<[u8]>::first_chunk_mut) {
            *place = pair;
            self.length += 2;
        }
    }

    /// Copies bytes that need no escape: few of them as a whole chunk, of which the rest is written over later.
    #[inline]
    fn put_plain(&mut self, begin: usize, end: usize) {
        if !COPIES {
            return;
        }
        let from = self.text.as_bytes().get(begin..).unwrap_or_default();
        let to = self.copy.get_mut(self.length..).unwrap_or_default();
        let count = end - begin;
        if count <= CHUNK
            && let Some(from) = from.first_chunk::<CHUNK>()
            && let Some(to) = to.first_chunk_mut::<CHUNK>()
        {
            *to = *from;
        } else if let (Some(from), Some(to)) = (from.get(..count), to.get_mut(..count)) {
            to.copy_from_slice(from);
        }
        self.length += count;
    }
}
