//! Where JSON values end: a strict reading of the grammar that builds nothing and looks at each byte once.
//!
//! As strict as `serde_json` about syntax, and as tolerant about content: numbers that fit no float, lone surrogates
//! and any depth pass. A text that does not follow the grammar has no answer here; `serde_json` says where it breaks.

use super::words::unescaped_bytes;

/// A text that is read from left to right.
#[derive(Debug)]
pub(crate) struct Scan<'a> {
    text: &'a [u8],
    has_backslash: bool,
}

impl<'a> Scan<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        Self {
            text: text.as_bytes(),
            has_backslash: false,
        }
    }

    /// Whether a string so far held an escape.
    pub(crate) fn has_backslash(&self) -> bool {
        self.has_backslash
    }

    /// Returns the byte at this index.
    #[inline]
    pub(crate) fn byte(&self, at: usize) -> Option<u8> {
        self.text.get(at).copied()
    }

    /// Returns the end of the value that begins at this byte; `None` if none does.
    #[inline]
    pub(crate) fn value_end(&mut self, begin: usize) -> Option<usize> {
        match self.byte(begin)? {
            b'"' => self.string_end(begin),
            b'{' | b'[' => self.watched_value_end(begin, &mut ()),
            _ => scalar_end(self.text, begin),
        }
    }

    /// As [`Self::value_end`], and tells what it comes by, whether or not it comes to an end.
    pub(crate) fn watched_value_end(
        &mut self,
        begin: usize,
        watch: &mut impl Watch,
    ) -> Option<usize> {
        let text = self.text;
        let mut nesting = Nesting::default();
        let mut at = begin;
        loop {
            let value = at;
            let is_nested = matches!(*text.get(at)?, b'{' | b'[');
            if is_nested {
                watch.opened(value);
            }
            at = match *text.get(at)? {
                b'"' => self.string_end(at)?,
                b'{' => {
                    let first = skip_white_space(text, at + 1);
                    if *text.get(first)? != b'}' {
                        nesting.push(true);
                        at = self.member_value(first)?;
                        continue;
                    }
                    first + 1
                }
                b'[' => {
                    let first = skip_white_space(text, at + 1);
                    if *text.get(first)? != b']' {
                        nesting.push(false);
                        at = first;
                        continue;
                    }
                    first + 1
                }
                _ => scalar_end(text, at)?,
            };
            if is_nested {
                watch.closed(at);
            } else {
                watch.scalar(value, at);
            }
            // A value has ended: so may what is around it.
            loop {
                let Some(is_in_object) = nesting.is_in_object() else {
                    return Some(at);
                };
                at = skip_white_space(text, at);
                match (*text.get(at)?, is_in_object) {
                    (b',', true) => {
                        at = self.member_value(skip_white_space(text, at + 1))?;
                        break;
                    }
                    (b',', false) => {
                        at = skip_white_space(text, at + 1);
                        break;
                    }
                    (b'}', true) | (b']', false) => {
                        nesting.pop();
                        at += 1;
                        watch.closed(at);
                    }
                    _ => return None,
                }
            }
        }
    }

    /// Reads the object that begins at this byte: `visit` gets each name and the begin of its value, and returns where
    /// that ends. Returns the object's end.
    pub(crate) fn object_end(
        &mut self,
        begin: usize,
        mut visit: impl FnMut(&mut Self, Name, usize) -> Option<usize>,
    ) -> Option<usize> {
        let text = self.text;
        if text.get(begin)? != &b'{' {
            return None;
        }
        let mut at = skip_white_space(text, begin + 1);
        if text.get(at)? == &b'}' {
            return Some(at + 1);
        }
        loop {
            let name = self.name(at)?;
            let value = after_colon(text, name.end)?;
            let end = skip_white_space(text, visit(self, name, value)?);
            match text.get(end)? {
                b',' => at = skip_white_space(text, end + 1),
                b'}' => return Some(end + 1),
                _ => return None,
            }
        }
    }

    /// Reads the array that begins at this byte: `visit` gets the begin of each element and returns where that ends. Returns
    /// the array's end.
    pub(crate) fn array_end(
        &mut self,
        begin: usize,
        mut visit: impl FnMut(&mut Self, usize) -> Option<usize>,
    ) -> Option<usize> {
        let text = self.text;
        if text.get(begin)? != &b'[' {
            return None;
        }
        let mut at = skip_white_space(text, begin + 1);
        if text.get(at)? == &b']' {
            return Some(at + 1);
        }
        loop {
            let end = skip_white_space(text, visit(self, at)?);
            match text.get(end)? {
                b',' => at = skip_white_space(text, end + 1),
                b']' => return Some(end + 1),
                _ => return None,
            }
        }
    }

    /// Where the value of a member begins whose name begins at this byte.
    #[inline]
    fn member_value(&mut self, name: usize) -> Option<usize> {
        let name = self.name(name)?;
        after_colon(self.text, name.end)
    }

    #[inline]
    fn name(&mut self, begin: usize) -> Option<Name> {
        if self.byte(begin)? != b'"' {
            return None;
        }
        let special = self.special(begin + 1);
        let no_escapes = self.byte(special)? == b'"';
        let end = if no_escapes {
            special + 1
        } else {
            self.escaped_end(special)?
        };
        Some(Name {
            begin,
            end,
            no_escapes,
        })
    }

    /// The end of the string whose opening quote is this byte.
    #[inline]
    fn string_end(&mut self, begin: usize) -> Option<usize> {
        let special = self.special(begin + 1);
        if self.byte(special)? == b'"' {
            return Some(special + 1);
        }
        self.escaped_end(special)
    }

    /// The first quote, backslash or control character from here on.
    #[inline]
    fn special(&self, from: usize) -> usize {
        let rest = self.text.get(from..).unwrap_or_default();
        from + unescaped_bytes(rest)
    }

    /// The end of the string whose first special byte is no quote.
    #[cold]
    fn escaped_end(&mut self, special: usize) -> Option<usize> {
        self.has_backslash = true;
        let mut at = special;
        loop {
            match self.byte(at)? {
                b'"' => return Some(at + 1),
                b'\\' => at = escape_end(self.text, at)?,
                _ => return None,
            }
            at = self.special(at);
        }
    }
}

/// Is told of the values that a reading comes by, members' names apart.
pub(crate) trait Watch {
    /// An object or array begins here.
    fn opened(&mut self, begin: usize);
    /// The innermost object or array that is open ends here.
    fn closed(&mut self, end: usize);
    /// Another value.
    fn scalar(&mut self, begin: usize, end: usize);
}

/// Nobody watches.
impl Watch for () {
    fn opened(&mut self, _begin: usize) {}
    fn closed(&mut self, _end: usize) {}
    fn scalar(&mut self, _begin: usize, _end: usize) {}
}

/// A member's name: its extent with the quotes, and whether it is written without escapes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Name {
    pub(crate) begin: usize,
    pub(crate) end: usize,
    pub(crate) no_escapes: bool,
}

/// The first byte from here on that is no white space.
#[inline]
pub(crate) fn skip_white_space(text: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = text.get(at) {
        at += 1;
    }
    at
}

#[inline]
fn after_colon(text: &[u8], name_end: usize) -> Option<usize> {
    let colon = skip_white_space(text, name_end);
    (text.get(colon)? == &b':').then(|| skip_white_space(text, colon + 1))
}

/// The end of a number, true, false or null.
fn scalar_end(text: &[u8], begin: usize) -> Option<usize> {
    match text.get(begin)? {
        b'-' | b'0'..=b'9' => number_end(text, begin),
        b't' => literal_end(text, begin, b"true"),
        b'f' => literal_end(text, begin, b"false"),
        b'n' => literal_end(text, begin, b"null"),
        _ => None,
    }
}

fn literal_end(text: &[u8], begin: usize, literal: &[u8]) -> Option<usize> {
    let rest = text.get(begin..)?;
    rest.starts_with(literal).then(|| begin + literal.len())
}

fn number_end(text: &[u8], begin: usize) -> Option<usize> {
    let mut at = begin + usize::from(text.get(begin)? == &b'-');
    at = match text.get(at)? {
        b'0' => at + 1,
        _ => digits_end(text, at)?,
    };
    // A zero ends its number, and a digit after it begins none.
    if text.get(at).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    if text.get(at) == Some(&b'.') {
        at = digits_end(text, at + 1)?;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        let is_signed = matches!(text.get(at + 1), Some(b'+' | b'-'));
        at = digits_end(text, at + 1 + usize::from(is_signed))?;
    }
    Some(at)
}

/// The end of at least one digit.
fn digits_end(text: &[u8], begin: usize) -> Option<usize> {
    let mut at = begin;
    while text.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    (at > begin).then_some(at)
}

fn escape_end(text: &[u8], backslash: usize) -> Option<usize> {
    match text.get(backslash + 1)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(backslash + 2),
        b'u' => {
            let digits = text.get(backslash + 2..backslash + 6)?;
            let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
            is_hex.then_some(backslash + 6)
        }
        _ => None,
    }
}

/// Which of the open brackets are objects; only what is deeper than 64 needs memory.
#[derive(Default)]
struct Nesting {
    depth: usize,
    innermost: u64,
    outer: Vec<u64>,
}

impl Nesting {
    fn push(&mut self, is_object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.outer.push(self.innermost);
        }
        self.innermost = (self.innermost << 1) | u64::from(is_object);
        self.depth += 1;
    }

    fn pop(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.innermost >>= 1;
        if self.depth > 0
            && self.depth.is_multiple_of(64)
            && let Some(outer) = self.outer.pop()
        {
            self.innermost = outer;
        }
    }

    /// Whether the innermost open bracket is an object's; `None` if none is open.
    fn is_in_object(&self) -> Option<bool> {
        (self.depth > 0).then_some(self.innermost & 1 == 1)
    }
}

#[cfg(test)]
mod tests;
