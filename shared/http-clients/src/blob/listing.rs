//! A page of a container's list, as XML holds it: only names and lengths are read.

use std::borrow::Cow;

/// One page of what is in the container.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeadLetterPage {
    /// The blobs, by name.
    pub dead_letters: Vec<StoredDeadLetter>,
    /// What the next page is asked for with; `None` on the last one.
    pub next: Option<String>,
}

/// One blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDeadLetter {
    /// Its name in the container, with slashes.
    pub name: String,
    /// Its size; zero where the list does not say.
    pub bytes: u64,
}

/// Reads a page; `None` if it is none.
pub(super) fn read(body: &[u8]) -> Option<DeadLetterPage> {
    let text = std::str::from_utf8(body).ok()?;
    if !text.contains("<EnumerationResults") {
        return None;
    }
    let mut page = DeadLetterPage::default();
    let mut rest = text;
    while let Some((_, from)) = rest.split_once("<Blob>") {
        let (blob, after) = from.split_once("</Blob>")?;
        let name = decoded_name(blob)?;
        let bytes = element(blob, "Content-Length").and_then(|text| text.parse().ok());
        page.dead_letters.push(StoredDeadLetter {
            name,
            bytes: bytes.unwrap_or_default(),
        });
        rest = after;
    }
    let next = element(rest, "NextMarker").map(unescape);
    page.next = next
        .map(Cow::into_owned)
        .filter(|marker| !marker.is_empty());
    Some(page)
}

/// A blob's name, which is percent-encoded where XML could not hold it.
fn decoded_name(blob: &str) -> Option<String> {
    if let Some(name) = element(blob, "Name") {
        return Some(unescape(name).into_owned());
    }
    let (_, from) = blob.split_once(r#"<Name Encoded="true">"#)?;
    let (name, _) = from.split_once("</Name>")?;
    percent_decode(&unescape(name))
}

fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, from) = text.split_once(&format!("<{name}>"))?;
    let (content, _) = from.split_once(&format!("</{name}>"))?;
    Some(content)
}

fn percent_decode(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

/// Reads XML's own entities and characters by their numbers; what is neither stays as it is.
fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut parts = text.split('&');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let read = part.split_once(';');
        let read = read.and_then(|(entity, rest)| Some((character(entity)?, rest)));
        if let Some((character, rest)) = read {
            plain.push(character);
            plain.push_str(rest);
        } else {
            plain.push('&');
            plain.push_str(part);
        }
    }
    Cow::Owned(plain)
}

fn character(entity: &str) -> Option<char> {
    match entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = entity.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dead_letter(name: &str, bytes: u64) -> StoredDeadLetter {
        StoredDeadLetter {
            name: name.to_owned(),
            bytes,
        }
    }

    #[test]
    fn a_page_has_names_lengths_and_what_comes_next() {
        let page = "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults \
            ServiceEndpoint=\"https://acme.blob.core.windows.net/\" ContainerName=\"letters\"><Blobs><Blob><Name>a/b &amp; \
            &#xE9;.json</Name><Properties><Content-Length>12</Content-Length></Properties></Blob><Blob><Name \
            Encoded=\"true\">c%EF%BF%BEd</Name><Properties /></Blob></Blobs><NextMarker>2!8!x&lt;</NextMarker>\
            </EnumerationResults>";
        let expected = DeadLetterPage {
            dead_letters: vec![
                dead_letter("a/b & é.json", 12),
                dead_letter("c\u{fffe}d", 0),
            ],
            next: Some("2!8!x<".to_owned()),
        };
        assert_eq!(read(page.as_bytes()), Some(expected));
    }

    #[test]
    fn the_last_page_names_nothing_more() {
        for end in [
            "<NextMarker />",
            "<NextMarker/>",
            "<NextMarker></NextMarker>",
            "",
        ] {
            let page = format!("<EnumerationResults><Blobs />{end}</EnumerationResults>");
            assert_eq!(read(page.as_bytes()), Some(DeadLetterPage::default()));
        }
    }

    #[test]
    fn what_is_no_page_is_not_read_as_an_empty_one() {
        for text in [
            "",
            "{}",
            "<html></html>",
            "<EnumerationResults><Blob><Name>a",
        ] {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn an_ampersand_that_begins_no_entity_stays() {
        assert_eq!(
            unescape("a&b &nosuch; &#xD800; &#65;"),
            "a&b &nosuch; &#xD800; A"
        );
    }
}
