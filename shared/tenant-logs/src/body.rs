//! From the bytes of a request to text: gunzipped and checked for UTF-8.
//!
//! Content decides, never a header: front ends drop `Content-Encoding`.

use std::borrow::Cow;
use std::io::Read;
use std::str::Utf8Error;

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use flate2::read::MultiGzDecoder;

use crate::Unreadable;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// What every gzip file begins with (RFC 1952).
pub(crate) const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];

/// Turns a request's bytes into text of at most `max_bytes`, gunzipping where the first bytes say gzip.
pub fn decode(bytes: &[u8], max_bytes: usize) -> Result<Cow<'_, str>, Unreadable> {
    if bytes.len() > max_bytes {
        return Err(Unreadable::TooLarge { limit: max_bytes });
    }
    if !bytes.starts_with(GZIP_MAGIC) {
        return utf8(bytes).map(Cow::Borrowed);
    }
    let unpacked = gunzip(bytes, max_bytes)?;
    into_text(unpacked).map(Cow::Owned)
}

/// Turns bytes into text as [`decode`] does, without a copy; beside it the bytes as they came, where they are not the text.
pub fn decode_owned(
    bytes: Vec<u8>,
    max_bytes: usize,
) -> (Result<String, Unreadable>, Option<Vec<u8>>) {
    match decode(&bytes, max_bytes) {
        Ok(Cow::Owned(text)) => (Ok(text), Some(bytes)),
        Err(unreadable) => (Err(unreadable), Some(bytes)),
        Ok(Cow::Borrowed(_)) => (into_text(bytes), None),
    }
}

/// The largest text that is unpacked behind a trigger: as much as any of our functions can be set to accept.
pub const MAX_UNPACKED_BYTES: usize = 67_108_864;

/// Decodes the base64 that front ends wrap binary bodies in, padded or not.
pub fn decode_base64(text: &str) -> Result<Vec<u8>, Unreadable> {
    BASE64.decode(text).map_err(|error| Unreadable::Base64 {
        offset: match error {
            base64::DecodeError::InvalidByte(offset, _)
            | base64::DecodeError::InvalidLastSymbol(offset, _) => offset,
            base64::DecodeError::InvalidLength(_) | base64::DecodeError::InvalidPadding => {
                text.len()
            }
        },
    })
}

/// Unpacks gzip, several members too, and stops as soon as the limit is passed.
pub fn gunzip(bytes: &[u8], max_bytes: usize) -> Result<Vec<u8>, Unreadable> {
    // A vector that grows with what comes is copied again and again, and leaves as much memory behind as it has.
    let one_too_many = max_bytes.saturating_add(1);
    let mut unpacked = Vec::with_capacity(unpacked_bytes(bytes).min(one_too_many));
    MultiGzDecoder::new(bytes)
        .take(u64::try_from(one_too_many).unwrap_or(u64::MAX))
        .read_to_end(&mut unpacked)
        .map_err(|_broken| Unreadable::Gzip)?;
    if unpacked.len() > max_bytes {
        return Err(Unreadable::TooLarge { limit: max_bytes });
    }
    Ok(unpacked)
}

/// How many bytes the last member of gzip says that it unpacks to (RFC 1952, `ISIZE`). Anybody may write anything there.
fn unpacked_bytes(gzip: &[u8]) -> usize {
    let last = gzip.last_chunk().copied().map(u32::from_le_bytes);
    last.map_or(0, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX))
}

fn utf8(bytes: &[u8]) -> Result<&str, Unreadable> {
    str::from_utf8(bytes).map_err(|error| not_utf8(&error))
}

/// The same bytes as text.
pub(crate) fn into_text(bytes: Vec<u8>) -> Result<String, Unreadable> {
    String::from_utf8(bytes).map_err(|error| not_utf8(&error.utf8_error()))
}

fn not_utf8(error: &Utf8Error) -> Unreadable {
    Unreadable::NotUtf8 {
        offset: error.valid_up_to(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn check(bytes: &[u8], expected: Result<&str, Unreadable>) {
        assert_eq!(decode(bytes, 100).as_deref(), expected.as_deref());
    }

    #[test]
    fn a_body_is_read_by_its_content() {
        let two_members = [gzip("[1,"), gzip("2]")].concat();
        let bomb = gzip(&" ".repeat(101));
        let mut torn = gzip("[1,2]");
        torn.truncate(12);

        check(b"[]", Ok("[]"));
        check(&gzip("[]"), Ok("[]"));
        check(&two_members, Ok("[1,2]"));
        check(b"[\xff]", Err(Unreadable::NotUtf8 { offset: 1 }));
        check(&[b' '; 101], Err(Unreadable::TooLarge { limit: 100 }));
        check(&bomb, Err(Unreadable::TooLarge { limit: 100 }));
        check(&torn, Err(Unreadable::Gzip));
        check(&[0x1f, 0x8b, 0x08], Err(Unreadable::Gzip));
    }

    #[test]
    fn a_body_of_exactly_the_limit_passes() {
        let text = " ".repeat(100);
        check(text.as_bytes(), Ok(&text));
        check(&gzip(&text), Ok(&text));
    }

    #[test]
    fn bytes_stay_beside_the_text_that_they_are_not() {
        let check = |bytes: &[u8], expected: Result<&str, Unreadable>, is_beside: bool| {
            let (text, beside) = decode_owned(bytes.to_vec(), 100);
            assert_eq!(text.as_deref(), expected.as_deref());
            assert_eq!(beside.as_deref(), is_beside.then_some(bytes));
        };
        check(b"[]", Ok("[]"), false);
        check(&gzip("[]"), Ok("[]"), true);
        check(b"[\xff]", Err(Unreadable::NotUtf8 { offset: 1 }), true);
    }

    #[test]
    fn gzip_is_given_the_memory_that_it_names_and_no_more_than_the_limit() {
        let (large, small) = (gzip(&"[]".repeat(40)), gzip(" "));
        assert_eq!(gunzip(&large, 100).unwrap().capacity(), 80);
        // The last member says nothing of the others.
        let both = gunzip(&[large, small].concat(), 100).unwrap();
        assert_eq!(both.len(), 81);
        let mut liar = gzip("[]");
        let size = liar.last_chunk_mut().unwrap();
        *size = u32::MAX.to_le_bytes();
        assert_eq!(unpacked_bytes(&liar), 4_294_967_295);
        check(&liar, Err(Unreadable::Gzip));
    }

    #[test]
    fn base64_is_decoded_padded_or_not() {
        assert_eq!(decode_base64("W10=").unwrap(), b"[]");
        assert_eq!(decode_base64("W10").unwrap(), b"[]");
        assert_eq!(decode_base64("W1*="), Err(Unreadable::Base64 { offset: 2 }));
    }
}
