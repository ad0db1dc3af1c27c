//! JSON strings that hold a whole body: every quote in them is escaped, so reading and writing them is most of a
//! trigger's work.

use serde::de::{Deserialize, Deserializer, Error};
use serde_json::value::RawValue;

/// Reads a string, or null as none, for `#[serde(deserialize_with)]`, in about half of the time that `String` takes.
///
/// Half of a surrogate pair is refused. Works where serde borrows from the text, as `from_str` and `from_slice` do.
pub fn deserialize_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let Some(value) = Option::<&RawValue>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let quoted = value.get().strip_prefix('"');
    let Some(inside) = quoted.and_then(|text| text.strip_suffix('"')) else {
        return Err(D::Error::custom("expected a string or null"));
    };
    match text_of(inside) {
        Some(text) => Ok(Some(text)),
        None => Err(D::Error::custom("a string holds half of a surrogate pair")),
    }
}

/// What is written between the quotes of a string that follows JSON's grammar; nothing where half of a surrogate pair is.
fn text_of(inside: &str) -> Option<String> {
    let mut out = Vec::with_capacity(inside.len());
    let mut rest = inside.as_bytes();
    while let Some((eight, after)) = rest.split_first_chunk::<8>() {
        let plain = bytes_before(u64::from_le_bytes(*eight), BACKSLASHES);
        out.extend_from_slice(eight);
        rest = if plain == eight.len() {
            after
        } else {
            out.truncate(out.len() - (eight.len() - plain));
            read_escape(&mut out, rest.get(plain + 1..)?)?
        };
    }
    while let Some((byte, after)) = rest.split_first() {
        rest = if *byte == b'\\' {
            read_escape(&mut out, after)?
        } else {
            out.push(*byte);
            after
        };
    }
    String::from_utf8(out).ok()
}

/// Reads what follows a backslash, and answers what comes after it.
fn read_escape<'a>(out: &mut Vec<u8>, text: &'a [u8]) -> Option<&'a [u8]> {
    let (letter, rest) = text.split_first()?;
    out.push(match letter {
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'u' => return read_unicode(out, rest),
        itself => *itself,
    });
    Some(rest)
}

/// Reads the four digits of an escape, and where they are half of a surrogate pair the other half.
fn read_unicode<'a>(out: &mut Vec<u8>, text: &'a [u8]) -> Option<&'a [u8]> {
    let (first, rest) = code_unit(text)?;
    let pair = match rest.strip_prefix(br"\u") {
        Some(second) if (0xd800..0xdc00).contains(&first) => Some(code_unit(second)?),
        Some(_) | None => None,
    };
    let (units, rest) = match pair {
        Some((second, rest)) => (&[first, second][..], rest),
        None => (&[first][..], rest),
    };
    for character in char::decode_utf16(units.iter().copied()) {
        let mut bytes = [0; 4];
        out.extend_from_slice(character.ok()?.encode_utf8(&mut bytes).as_bytes());
    }
    Some(rest)
}

fn code_unit(text: &[u8]) -> Option<(u16, &[u8])> {
    let (digits, rest) = text.split_first_chunk::<4>()?;
    let unit = u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?;
    Some((unit, rest))
}

/// Writes a string with its quotes, escaped as JSON asks, in about a third of the time that `serde_json` takes.
pub fn push_text(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + text.len() / 4 + 2);
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some((eight, after)) = rest.split_first_chunk::<8>() {
        let plain = plain_bytes(u64::from_le_bytes(*eight));
        // All eight are written and what is not plain is taken back: cheaper than writing just as many as are.
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
    out.push(b'"');
}

const ONES: u64 = 0x0101_0101_0101_0101;
const QUOTES: u64 = ONES * 0x22;
const BACKSLASHES: u64 = ONES * 0x5c;

/// How many of eight bytes come before the first that is the same as in `wanted`; eight where none is.
fn bytes_before(eight: u64, wanted: u64) -> usize {
    first_marked(zeros(eight ^ wanted))
}

/// How many of eight bytes come before the first one that needs an escape; eight where none does.
fn plain_bytes(eight: u64) -> usize {
    let controls = eight.wrapping_sub(ONES * 0x20) & !eight;
    first_marked(zeros(eight ^ QUOTES) | zeros(eight ^ BACKSLASHES) | controls)
}

/// Sets the highest bit of each byte that is zero; it can err only in bytes after one that is.
fn zeros(eight: u64) -> u64 {
    eight.wrapping_sub(ONES) & !eight
}

fn first_marked(eight: u64) -> usize {
    let marks = eight & (ONES * 0x80);
    usize::try_from(marks.trailing_zeros() / 8).unwrap_or(8)
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
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Eq, Deserialize)]
    struct Message {
        #[serde(default, deserialize_with = "deserialize_text")]
        body: Option<String>,
    }

    fn read(json: &str) -> Result<Option<String>, &'static str> {
        let message = serde_json::from_str::<Message>(json);
        message.map(|message| message.body).or(Err("refused"))
    }

    #[test]
    fn a_body_is_a_string_or_none() {
        let of = |text: &str| Ok(Some(text.to_owned()));
        assert_eq!(read(r#"{"body":""}"#), of(""));
        assert_eq!(
            read(r#"{"body":"{\"a\":\"\u00e9\\n\ud83d\ude00\"}"}"#),
            of("{\"a\":\"é\\n😀\"}")
        );
        assert_eq!(read(r#"{"body":null}"#), Ok(None));
        assert_eq!(read("{}"), Ok(None));
        for other in [
            "5",
            "[\"\"]",
            "{}",
            r#""\ud83d""#,
            r#""\ude00""#,
            r#""\ud83d\ud83d""#,
            "\"\n\"",
        ] {
            assert_eq!(
                read(&format!("{{\"body\":{other}}}")),
                Err("refused"),
                "{other}"
            );
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
            let json = serde_json::json!({ "body": text }).to_string();
            prop_assert_eq!(read(&json), Ok(Some(text.clone())));
            let json = written(&text);
            prop_assert_eq!(serde_json::from_str::<String>(&json).ok(), Some(text));
        }

        #[test]
        fn escapes_mean_what_serde_json_says(
            inside in r#"(\\["\\/bfnrt]|\\u[0-9a-fA-F]{4}|\\ud83[cd]\\ude0[0-9]|[ !#-\[\]-~é]{0,9})*"#
        ) {
            let json = format!("{{\"body\":\"{inside}\"}}");
            let expected = serde_json::from_str::<String>(&format!("\"{inside}\""));
            prop_assert_eq!(read(&json), expected.map(Some).or(Err("refused")));
        }
    }
}
