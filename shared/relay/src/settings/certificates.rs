//! Which certificate authorities are trusted: built-in ones, or those of the file that `SSL_CERT_FILE` names.

use super::Reader;

const NAME: &str = "SSL_CERT_FILE";

/// Reads the roots to trust: those of the file, as `parse` makes them of its PEM text, or the built-in ones if no file is
/// named. `None` if the reader noted a problem.
pub fn read_certificates<R>(
    reader: &mut Reader<'_>,
    built_in: impl FnOnce() -> R,
    parse: impl FnOnce(Vec<u8>) -> Option<R>,
) -> Option<R> {
    let Some(path) = reader.optional(NAME) else {
        return Some(built_in());
    };
    match std::fs::read(&path) {
        Ok(pem) => {
            let roots = parse(pem);
            if roots.is_none() {
                let text = format_args!("cannot use `{path}` (want PEM certificates)");
                reader.problem(NAME, text);
            }
            roots
        }
        Err(error) => {
            reader.problem(NAME, format_args!("cannot open `{path}`: {}", error.kind()));
            None
        }
    }
}
