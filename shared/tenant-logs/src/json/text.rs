//! JSON strings that hold a whole body: every quote in them is escaped, so reading and writing them is most of a
//! trigger's work.

use std::borrow::Cow;

use super::words::{first_special, unescaped_bytes};

/// Bytes that a text gets at first: most events fit in.
const FIRST_CAPACITY: usize = 2_048;

/// Reads the string whose opening quote is the first byte: its text, and how many bytes it takes with its quotes.
///
/// `None` if no whole string begins there. Half of a surrogate pair, which no text can hold, stays the escape that it is:
/// where the text is JSON, that is what it stands for.
pub(super) fn read_text(quoted: &[u8]) -> Option<(String, usize)> {
    read_into(Vec::with_capacity(quoted.len().min(FIRST_CAPACITY)), quoted)
}

/// Reads a text that is exactly one string. It may be as long as a body, so it gets at once what it needs at most.
pub(crate) fn read_whole_text(json: &str) -> Option<String> {
    let (text, length) = read_into(Vec::with_capacity(json.len()), json.as_bytes())?;
    (length == json.len()).then_some(text)
}

fn read_into(mut out: Vec<u8>, quoted: &[u8]) -> Option<(String, usize)> {
    let mut rest = quoted.strip_prefix(b"\"")?;
    loop {
        // All eight are taken and what is not plain is given back: cheaper than taking just as many as are.
        while let Some((eight, after)) = rest.split_first_chunk::<8>() {
            let plain = first_special(*eight);
            out.extend_from_slice(eight);
            if plain < eight.len() {
                out.truncate(out.len() - (eight.len() - plain));
                rest = rest.get(plain..)?;
                break;
            }
            rest = after;
        }
        let (byte, after) = rest.split_first()?;
        rest = match byte {
            b'"' => return Some((String::from_utf8(out).ok()?, quoted.len() - after.len())),
            b'\\' => read_escape(&mut out, after)?,
            0..0x20 => return None,
            plain => {
                out.push(*plain);
                after
            }
        };
    }
}

/// Reads what follows a backslash. Returns what comes after it.
#[inline]
fn read_escape<'a>(out: &mut Vec<u8>, text: &'a [u8]) -> Option<&'a [u8]> {
    let (escape, rest) = text.split_first()?;
    out.push(match escape {
        b'"' | b'\\' | b'/' => *escape,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'u' => return read_unicode(out, rest),
        _ => return None,
    });
    Some(rest)
}

/// Reads the four digits of an escape, and where they are half of a surrogate pair the other half.
fn read_unicode<'a>(out: &mut Vec<u8>, text: &'a [u8]) -> Option<&'a [u8]> {
    let (first, rest) = code_unit(text)?;
    let is_first_half = (0xd800..0xdc00).contains(&first);
    let second = rest.strip_prefix(br"\u").filter(|_| is_first_half);
    let second = second
        .and_then(code_unit)
        .filter(|(second, _)| (0xdc00..0xe000).contains(second));
    let (units, rest) = match second {
        Some((second, rest)) => (&[first, second][..], rest),
        None => (&[first][..], rest),
    };
    for character in char::decode_utf16(units.iter().copied()) {
        if let Ok(character) = character {
            let mut bytes = [0; 4];
            out.extend_from_slice(character.encode_utf8(&mut bytes).as_bytes());
        } else {
            out.extend_from_slice(br"\u");
            out.extend_from_slice(text.get(..4)?);
        }
    }
    Some(rest)
}

fn code_unit(text: &[u8]) -> Option<(u16, &[u8])> {
    let (digits, rest) = text.split_first_chunk::<4>()?;
    let digits = str::from_utf8(digits).ok()?;
    // Or a sign would pass for a digit.
    let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let unit = u16::from_str_radix(digits, 16).ok().filter(|_| is_hex)?;
    Some((unit, rest))
}

/// Writes a string with its quotes, escaped as JSON asks, in about a third of the time that `serde_json` takes.
pub fn push_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    push_content(out, text);
    out.push(b'"');
}

/// Returns a text as a JSON string.
pub(crate) fn quoted(text: &str) -> Cow<'static, str> {
    let mut json = Vec::with_capacity(text.len() + 2);
    push_text(&mut json, text);
    // Whole characters are copied, so this is text.
    Cow::Owned(String::from_utf8(json).unwrap_or_default())
}

/// Whether a text stands in a JSON string as it is.
pub(crate) fn needs_no_escapes(text: &str) -> bool {
    unescaped_bytes(text.as_bytes()) == text.len()
}

/// Writes what stands between a string's quotes, or a part of it.
pub fn push_content(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + text.len() / 4 + 2);
    let mut rest = text.as_bytes();
    while let Some((eight, after)) = rest.split_first_chunk::<8>() {
        let plain = first_special(*eight);
        // All eight are written and what is not plain is removed again: cheaper than writing just as many as are.
        out.extend_from_slice(eight);
        rest = match eight.get(plain) {
            None => after,
            Some(special) => {
                out.truncate(out.len() - (eight.len() - plain));
                push_escape(out, *special);
                rest.get(plain + 1..).unwrap_or_default()
            }
        };
    }
    for byte in rest {
        match byte {
            b'"' | b'\\' | 0..0x20 => push_escape(out, *byte),
            _ => out.push(*byte),
        }
    }
}

fn push_escape(out: &mut Vec<u8>, byte: u8) {
    match byte {
        b'"' => out.extend_from_slice(br#"\""#),
        b'\\' => out.extend_from_slice(br"\\"),
        b'\n' => out.extend_from_slice(br"\n"),
        b'\r' => out.extend_from_slice(br"\r"),
        b'\t' => out.extend_from_slice(br"\t"),
        _ => {
            let digit = |nibble: u8| nibble + if nibble < 10 { b'0' } else { b'a' - 10 };
            out.extend_from_slice(br"\u00");
            out.extend_from_slice(&[digit(byte >> 4), digit(byte & 0xf)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The text of a string with its quotes, which must be all that it reads of what comes before a tail.
    fn read(string: &str) -> Option<String> {
        let (text, length) = read_text(string.as_bytes())?;
        assert_eq!(length, string.len(), "{string}");
        let (same, same_length) = read_text(format!("{string}, \"tail\"").as_bytes())?;
        assert_eq!((&same, same_length), (&text, length), "{string}");
        assert_eq!(read_whole_text(string).as_ref(), Some(&text), "{string}");
        assert_eq!(read_whole_text(&format!("{string} ")), None, "{string}");
        Some(text)
    }

    #[test]
    fn a_string_is_read_as_far_as_its_closing_quote() {
        let of = |text: &str| Some(text.to_owned());
        assert_eq!(read(r#""""#), of(""));
        assert_eq!(
            read(r#""{\"a\":\"\u00e9\n\ud83d\ude00\"}""#),
            of("{\"a\":\"é\n😀\"}")
        );
        for (half, text) in [
            (r#""\ud83d""#, r"\ud83d"),
            (r#""\uDe00!""#, r"\uDe00!"),
            (r#""\ud83d\ud83d\ude00""#, r"\ud83d😀"),
            (r#""\ud83d\u0041""#, r"\ud83dA"),
        ] {
            assert_eq!(read(half), of(text), "{half}");
        }
        for other in [
            "",
            "5",
            "\"",
            "\"open",
            r#""open after\""#,
            r#""\u12""#,
            r#""\ud83d\u12""#,
            r#""\u+123""#,
            r#""\x""#,
            r#""\"#,
            "\"\n\"",
            "\"eight plain bytes and \u{1f}\"",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    fn written(text: &str) -> String {
        let mut out = Vec::new();
        push_text(&mut out, text);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_is_written_with_as_few_escapes_as_json_asks_for() {
        assert_eq!(written(""), r#""""#);
        assert_eq!(written("{\"a\":\"é\"}"), r#""{\"a\":\"é\"}""#);
        assert_eq!(
            written("\\\n\r\t\u{1}\u{1f}\u{7f}/"),
            "\"\\\\\\n\\r\\t\\u0001\\u001f\u{7f}/\""
        );
    }

    proptest! {
        #[test]
        fn any_text_comes_back_as_it_was_written(text in "\\PC*|[\"\\\\\n\r\t\u{0}-\u{22}é]*") {
            let json = serde_json::json!(text).to_string();
            prop_assert_eq!(read(&json), Some(text.clone()));
            let json = written(&text);
            prop_assert_eq!(serde_json::from_str::<String>(&json).ok(), Some(text));
        }

        #[test]
        fn escapes_mean_what_serde_json_says(
            inside in r#"(\\["\\/bfnrt]|\\u[0-9a-fA-F]{4}|\\ud83[cd]\\ude0[0-9]|[ !#-\[\]-~é]{0,9})*"#
        ) {
            let json = format!("\"{inside}\"");
            match serde_json::from_str::<String>(&json) {
                Ok(expected) => prop_assert_eq!(read(&json), Some(expected)),
                // serde_json refuses half of a pair.
                Err(_) => prop_assert!(read(&json).unwrap().to_ascii_lowercase().contains(r"\ud")),
            }
        }

        #[test]
        fn no_bytes_make_it_panic_or_differ_from_serde_json(
            json in r#""(\\.|[\\"u0-9a-f\PC]|[\x00-\x24]|.)*"#
        ) {
            let mut strings = serde_json::Deserializer::from_str(&json).into_iter::<String>();
            let first = strings.next().and_then(Result::ok);
            let expected = first.map(|text| (text, strings.byte_offset()));
            match read_text(json.as_bytes()) {
                // It refuses half of a surrogate pair.
                Some((text, _)) if expected.is_none() => prop_assert!(text.to_ascii_lowercase().contains(r"\ud")),
                read => prop_assert_eq!(read, expected),
            }
        }
    }
}
