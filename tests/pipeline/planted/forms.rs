//! Records with a secret at a path or below it.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::{PATHS, SECRETS};

/// Records, as JSON, each with the secret once or more often.
pub(super) fn planted() -> Vec<String> {
    let mut records = Vec::new();
    for path in PATHS {
        for leaf in leaves() {
            records.push(record(path, &leaf));
            records.push(record(path, &leaf).replace(
                &format!("{}:", quoted(path[0])),
                &format!("{}:", escaped_name(path[0])),
            ));
        }
        for depth in 1..path.len() {
            let (above, below) = path.split_at(depth);
            for form in forms(below) {
                records.push(record(above, &form));
                // The same member again, before and after a harmless one.
                let twice = |first: &str, second: &str| {
                    let name = quoted(above[depth - 1]);
                    format!(r"{{{name}:{first},{name}:{second}}}")
                };
                if above[depth - 1].parse::<usize>().is_err() && records.len().is_multiple_of(7) {
                    let around = &above[..depth - 1];
                    records.push(merged(&nest(around, &twice(&form, "{}"))));
                    records.push(merged(&nest(around, &twice("17", &form))));
                }
            }
        }
    }
    records
}

/// An API operation, which all schemas read most of.
fn record(path: &[&str], value: &str) -> String {
    merged(&nest(path, value))
}

fn merged(object: &str) -> String {
    let members = object.strip_prefix('{').unwrap();
    format!(r#"{{"type":"sapi","date":"2026-11-20T10:30:15.204Z",{members}"#)
}

/// JSON around a value: an object for each name, an array for each index.
pub(super) fn nest(path: &[&str], value: &str) -> String {
    path.iter().rev().fold(value.to_owned(), |inner, step| {
        match step.parse::<usize>() {
            Ok(index) => format!("[{}{inner}]", "0,".repeat(index)),
            Err(_) => format!("{{{}:{inner}}}", quoted(step)),
        }
    })
}

pub(super) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

pub(super) fn base64(text: impl AsRef<[u8]>) -> String {
    STANDARD.encode(text)
}

pub(super) fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn escaped_name(name: &str) -> String {
    let escaped = name.chars().map(|c| format!("\\u{:04x}", u32::from(c)));
    format!("\"{}\"", escaped.collect::<String>())
}

/// Values at a path.
fn leaves() -> Vec<String> {
    let [text, number] = SECRETS;
    let object = format!(r#"{{"x":[{number},{{"{text}":"{text}"}}]}}"#);
    vec![
        quoted(text),
        number.to_owned(),
        format!("[null,{},[{number}]]", quoted(text)),
        object.clone(),
        quoted(&object),
        quoted(&quoted(text)),
        format!(r#""\ud800{text}""#),
        format!("{}{number}{}", "[".repeat(60), "]".repeat(60)),
        quoted(&base64(text)),
        quoted(&text.repeat(8_000)),
    ]
}

/// Values above a path's end, out of which the rest of it leads to the secret, or may.
fn forms(below: &[&str]) -> Vec<String> {
    let secret = quoted(SECRETS[0]);
    let json = nest(below, &secret);
    let mut forms = vec![
        json.clone(),
        format!("[[{json}]]"),
        format!("{}{json}{}", "[".repeat(40), "]".repeat(40)),
        format!("[{}]", quoted(&json)),
        quoted(&json).replacen('"', r#""\ud800"#, 1),
        json.replace(&quoted(below[0]), &escaped_name(below[0])),
    ];
    let is_index = below.iter().any(|step| step.parse::<usize>().is_ok());
    if !is_index {
        let name = quoted(below.last().unwrap());
        forms.push(format!("[{name},{secret}]"));
        forms.push(format!("[null,7,[{name},{secret}]]"));
        forms.push(format!("[null,{}]", quoted(&format!("x={}", SECRETS[0]))));
    }
    forms.extend(texts(below, &json).iter().map(|text| quoted(text)));
    forms
}

/// Texts that hold the secret.
fn texts(below: &[&str], json: &str) -> Vec<String> {
    let [secret, number] = SECRETS;
    let name = below.last().unwrap();
    let (first, second) = json.split_at(json.len() / 2);
    let lines = base64(json);
    let lines = lines.split_at(lines.len() / 8 * 4);
    let hex: Vec<String> = json.bytes().map(|byte| format!("{byte:02x}")).collect();
    let escaped = format!("%{}", hex.join("%").to_uppercase());
    let hex = hex.concat();
    let unicode = json.chars().map(|c| format!("\\u{:04x}", u32::from(c)));
    let utf16: Vec<u8> = json.encode_utf16().flat_map(u16::to_le_bytes).collect();
    vec![
        json.to_owned(),
        quoted(json),
        quoted(&quoted(&quoted(json))),
        format!(" \n\u{feff}{json}\t"),
        format!("\u{feff}\u{200b}{json}"),
        json.strip_suffix(['}', ']']).unwrap().to_owned(),
        format!("{json} and more"),
        format!("{json}\n{json}"),
        format!("said: {json}"),
        format!(")]}}',\n{json}"),
        json.replace('"', "'"),
        json.replace('"', ""),
        json.replace('"', "&quot;"),
        format!("\"{}\"", unicode.collect::<String>()),
        base64(json),
        base64(first) + &base64(second),
        format!("{}\n{}\n", lines.0, lines.1),
        URL_SAFE_NO_PAD.encode(json),
        base64(gzip(json)),
        base64(utf16),
        base64(format!("{name}={secret}")),
        format!("data:application/json;base64,{}", base64(json)),
        format!("{}.{}.", base64(r#"{"alg":"none"}"#), base64(json)),
        hex.clone(),
        format!("0x{}", hex.to_uppercase()),
        escaped,
        format!("{name}={secret}"),
        format!("x=1&{name}={secret}"),
        format!("{name} {secret}"),
        format!("{name}: {secret}\n"),
        format!("<x {name}=\"{secret}\"/>"),
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{secret}\r\n--b--"),
        format!("{name}\u{0}{secret}"),
        format!("{number} {secret}"),
        format!("{number}{secret}"),
        format!("{name},{number}"),
        secret.to_owned(),
    ]
}
