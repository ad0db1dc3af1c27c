//! The `Link` header of a page (RFC 8288): where the next one is. It may only lead back to where the page came from.

use reqwest::Url;
use reqwest::header::{HeaderMap, LINK};

use super::error::Auth0Error;

/// What may stand between links.
const BETWEEN_LINKS: [char; 3] = [',', ' ', '\t'];

/// Finds the next page's URL from what was asked for; `None` if no header names one.
pub(super) fn next_page(headers: &HeaderMap, from: &Url) -> Result<Option<Url>, Auth0Error> {
    for header in headers.get_all(LINK) {
        let text = header
            .to_str()
            .map_err(|_no_text| Auth0Error::UnreadableLink)?;
        if let Some(target) = next_target(text)? {
            let mut url = from
                .join(target)
                .map_err(|_no_url| Auth0Error::UnreadableLink)?;
            if url.origin() != from.origin() {
                let origin = url.origin().ascii_serialization();
                return Err(Auth0Error::OtherOrigin { origin });
            }
            // It is never sent, so a page that names itself with one still names itself.
            url.set_fragment(None);
            return Ok(Some(url));
        }
    }
    Ok(None)
}

/// What `rel="next"` of a list of links points to.
fn next_target(text: &str) -> Result<Option<&str>, Auth0Error> {
    let mut rest = text.trim_start_matches(BETWEEN_LINKS);
    while !rest.is_empty() {
        let link = rest.strip_prefix('<').and_then(|rest| rest.split_once('>'));
        let (target, parameters) = link.ok_or(Auth0Error::UnreadableLink)?;
        let (relations, others) = relations(parameters)?;
        if is_next(&relations) {
            return Ok(Some(target));
        }
        rest = others.trim_start_matches(BETWEEN_LINKS);
    }
    Ok(None)
}

/// The first `rel` among a link's parameters, and what follows the link; a second `rel` does not count (RFC 8288, 3.3).
fn relations(parameters: &str) -> Result<(String, &str), Auth0Error> {
    let mut found = None;
    let mut rest = parameters.trim_start();
    while let Some(text) = rest.strip_prefix(';') {
        let (name, value, others) = parameter(text);
        if name.eq_ignore_ascii_case("rel") {
            found.get_or_insert(value);
        }
        rest = others.trim_start();
    }
    if rest.is_empty() || rest.starts_with(',') {
        Ok((found.unwrap_or_default(), rest))
    } else {
        Err(Auth0Error::UnreadableLink)
    }
}

/// The name and the value of a parameter, and what follows it.
fn parameter(text: &str) -> (&str, String, &str) {
    let (name, rest) = until(text, &['=', ';', ',']);
    let Some(value) = rest.strip_prefix('=') else {
        return (name, String::new(), rest);
    };
    let value = value.trim_start();
    if let Some(quoted) = value.strip_prefix('"') {
        let (value, rest) = unquoted(quoted);
        return (name, value, rest);
    }
    let (value, rest) = until(value, &[';', ',']);
    (name, value.to_owned(), rest)
}

/// What stands before the first of these, without the white space around it, and what begins there.
fn until<'a>(text: &'a str, ends: &[char]) -> (&'a str, &'a str) {
    let end = text.find(ends).unwrap_or(text.len());
    let (before, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    (before.trim(), rest)
}

/// A string up to its closing quote, and what follows that.
fn unquoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => break,
            '\\' => value.extend(characters.next()),
            other => value.push(other),
        }
    }
    (value, characters.as_str())
}

fn is_next(relations: &str) -> bool {
    let mut relations = relations.split_ascii_whitespace();
    relations.any(|relation| relation.eq_ignore_ascii_case("next"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[&str], expected: Result<Option<&str>, &str>) {
        let from = Url::parse("https://acme.eu.auth0.com/api/v2/logs?from=1").unwrap();
        let mut map = HeaderMap::new();
        for header in headers {
            map.append(LINK, header.parse().unwrap());
        }
        let found = next_page(&map, &from).map_err(|error| error.to_string());
        let found = found.map(|url| url.map(|url| url.to_string()));
        let expected = expected.map(|url| url.map(str::to_owned));
        match (found, expected) {
            (Err(error), Err(part)) => assert!(error.contains(part), "{error}"),
            (found, expected) => assert_eq!(found, expected.map_err(str::to_owned), "{headers:?}"),
        }
    }

    #[test]
    fn the_next_page_is_found_in_every_form_of_the_header() {
        let next = Ok(Some(
            "https://acme.eu.auth0.com/api/v2/logs?from=9,1&take=100",
        ));
        let url = "<https://acme.eu.auth0.com/api/v2/logs?from=9,1&take=100>";
        check(&[&format!(r#"{url}; rel="next""#)], next);
        check(&[&format!("{url};REL=next")], next);
        check(
            &[&format!(r#"{url}; title="a, b; rel=x"; rel="last next""#)],
            next,
        );
        check(
            &[&format!(
                r#"<https://acme.eu.auth0.com/>; rel="first", {url}; rel="next""#
            )],
            next,
        );
        check(
            &[r#"</>; rel="first""#, &format!(r#"{url}; rel="next""#)],
            next,
        );
        for relative in ["/api/v2/logs", "logs", "", "../v2/logs"] {
            let link = format!(r#"<{relative}?from=9,1&take=100#part>; rel="next""#);
            check(&[&link], next);
        }
        check(
            &[&format!(
                r#", </>;rel = first ; x;title = "\"q\";,<x>; rel=next" ,, {url} ; rel = "next" ; y"#
            )],
            next,
        );
    }

    #[test]
    fn what_is_quoted_or_said_a_second_time_makes_no_link_the_next_one() {
        for link in [
            r#"</>; rel="prev"; title="a, <x>; rel=next""#,
            r#"</>; title="a; rel=next"; rel="prev""#,
            r#"</>; rel="prev"; title="a \"; rel=next; \" b""#,
            r#"</>; title="a, </x>; rel=next""#,
            r#"</>; rel="prev"; rel="next""#,
            r#"</>; rel="nextish"; href="next""#,
        ] {
            check(&[link], Ok(None));
        }
    }

    #[test]
    fn a_page_need_not_name_the_next_one() {
        check(&[], Ok(None));
        check(&[r#"<https://acme.eu.auth0.com/>; rel="first""#], Ok(None));
    }

    #[test]
    fn a_link_to_another_origin_is_an_error() {
        for other in [
            "https://evil.example.com/api/v2/logs?from=1",
            "http://acme.eu.auth0.com/api/v2/logs?from=1",
            "https://acme.eu.auth0.com:8443/api/v2/logs?from=1",
            "//evil.example.com/",
        ] {
            check(
                &[&format!(r#"<{other}>; rel="next""#)],
                Err("another origin"),
            );
        }
    }

    #[test]
    fn a_header_that_is_no_list_of_links_is_an_error() {
        check(&["next page"], Err("cannot be read"));
        check(&["<https://acme.eu.auth0.com/"], Err("cannot be read"));
        check(&[r#"</a> and </b>; rel="next""#], Err("cannot be read"));
    }
}
