//! The fingerprints of a client's TLS, in a finding's evidence.

use crate::schema::event_view::EventView;
use crate::schema::json_writer::{JsonWriter, is_text, key};

/// The fingerprints of the client's TLS.
pub(super) fn write_fingerprints(view: &EventView<'_>, event: &mut JsonWriter<'_>) {
    let fingerprints = view.fingerprints();
    if fingerprints.ja3.is_some_and(is_hexadecimal) {
        let tls = event.begin_object(key!("tls"));
        // The schema requires it, and no event has it.
        event.fixed(key!("version"), r#""Unknown""#);
        let hash = event.begin_object(key!("ja3_hash"));
        event.fixed(key!("algorithm"), r#""MD5""#);
        event.fixed(key!("algorithm_id"), "1");
        event.text(key!("value"), fingerprints.ja3);
        event.end_object(hash);
        event.end_object(tls);
    }
    if fingerprints.ja4.is_some_and(is_text) {
        let list = event.begin_array(key!("ja4_fingerprint_list"));
        let fingerprint = event.begin_element();
        event.fixed(key!("type"), r#""JA4""#);
        event.fixed(key!("type_id"), "1");
        event.text(key!("value"), fingerprints.ja4);
        event.end_object(fingerprint);
        event.end_array(list);
    }
}

/// Whether a string can be a hash in the schema; one that cannot stays with the rest of the event.
fn is_hexadecimal(json: &str) -> bool {
    let digits = json
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    digits.is_some_and(|digits| {
        !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
    })
}
