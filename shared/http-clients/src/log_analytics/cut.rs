//! Values that no column takes: cut so that the row stays valid JSON, and named in the row itself.
//!
//! A column takes 64 KB, counted here as the UTF-8 text of a string and as the JSON text of everything else. What is
//! longer would be cut by Azure Monitor, without a trace and through the middle of JSON.

mod fit;

use tenant_logs::{object_members, string_content};

use fit::{content, fit, quoted};

/// Bytes that a column takes.
const MAX_BYTES: usize = 65_536;
/// The columns that hold the raw event, in which is named what was cut.
const RAW_COLUMNS: [&str; 2] = ["Raw", "AdditionalFields"];
/// Bytes of the raw event kept for those names.
const NAMES_BYTES: usize = 4_096;
const NAMES_MEMBER: &str = "trimmed";

/// Cuts the columns of a row that are too long; `None` if none is, or the row is no object.
pub(super) fn cut_row(row: &str) -> Option<String> {
    if row.len() <= MAX_BYTES {
        return None;
    }
    let mut cut = Vec::new();
    let mut columns: Vec<(&str, String)> = Vec::new();
    for (name, json) in object_members(row)? {
        let value = if is_too_long(json) {
            fit(json, MAX_BYTES, &content(name), &mut cut)
        } else {
            json.to_owned()
        };
        columns.push((name, value));
    }
    if cut.is_empty() {
        return None;
    }
    let mut written = String::from("{");
    for (index, (name, json)) in columns.iter().enumerate() {
        if index > 0 {
            written.push(',');
        }
        written.push_str(name);
        written.push(':');
        let column = content(name);
        if RAW_COLUMNS.contains(&column.as_ref()) {
            written.push_str(&with_names(&column, json, &cut));
        } else {
            written.push_str(json);
        }
    }
    written.push('}');
    Some(written)
}

fn is_too_long(json: &str) -> bool {
    if json.len() <= MAX_BYTES {
        return false;
    }
    string_content(json).is_none_or(|text| text.len() > MAX_BYTES)
}

/// The raw event with the paths of what was cut, as many as there is room for.
fn with_names(column: &str, raw: &str, cut: &[String]) -> String {
    let mut paths = cut.to_vec();
    let mut fitted = raw.to_owned();
    if raw.len() + NAMES_BYTES > MAX_BYTES {
        // It makes room for the names itself.
        let mut more = Vec::new();
        fitted = fit(raw, MAX_BYTES - NAMES_BYTES, column, &mut more);
        more.retain(|path| !paths.contains(path));
        paths.extend(more);
    }
    let Some(begin) = fitted.strip_suffix('}') else {
        return fitted;
    };
    let mut left = NAMES_BYTES - NAMES_MEMBER.len() - 8;
    let mut names: Vec<String> = Vec::new();
    for name in paths.iter().map(|path| quoted(path)) {
        let Some(rest) = left.checked_sub(name.len() + 1) else {
            break;
        };
        left = rest;
        names.push(name);
    }
    let comma = if begin.ends_with('{') { "" } else { "," };
    let names = names.join(",");
    format!(r#"{begin}{comma}"{NAMES_MEMBER}":[{names}]}}"#)
}

#[cfg(test)]
mod tests;
