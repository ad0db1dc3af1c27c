//! The `Link` header of a page (RFC 8288): where the next one is. It may only lead back to where the page came from.

use reqwest::Url;
use reqwest::header::{HeaderMap, LINK};

use super::error::Auth0Error;

/// Finds the next page's URL; `None` if no header names one.
pub(super) fn next_page(headers: &HeaderMap, from: &Url) -> Result<Option<Url>, Auth0Error> {
    for header in headers.get_all(LINK) {
        let text = header
            .to_str()
            .map_err(|_no_text| Auth0Error::UnreadableLink)?;
        if let Some(target) = next_target(text)? {
            let url = from
                .join(target)
                .map_err(|_no_url| Auth0Error::UnreadableLink)?;
            if url.origin() != from.origin() {
                let origin = url.origin().ascii_serialization();
                return Err(Auth0Error::OtherOrigin { origin });
            }
            return Ok(Some(url));
        }
    }
    Ok(None)
}

/// What `rel="next"` of a list of links points to.
fn next_target(text: &str) -> Result<Option<&str>, Auth0Error> {
    let mut rest = text.trim();
    while !rest.is_empty() {
        let link = rest.strip_prefix('<').and_then(|rest| rest.split_once('>'));
        let (target, after) = link.ok_or(Auth0Error::UnreadableLink)?;
        let end = end_of_link(after);
        let (parameters, others) = after.split_at_checked(end).unwrap_or((after, ""));
        if parameters.split(';').any(is_next) {
            return Ok(Some(target));
        }
        rest = others.trim_start_matches([',', ' ', '\t']);
    }
    Ok(None)
}

/// Where the comma is that ends a link: none inside quotes.
fn end_of_link(parameters: &str) -> usize {
    let mut is_quoted = false;
    let comma = parameters.char_indices().find(|(_, character)| {
        is_quoted ^= *character == '"';
        *character == ',' && !is_quoted
    });
    comma.map_or(parameters.len(), |(at, _)| at)
}

fn is_next(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else {
        return false;
    };
    let value = value.trim().trim_matches('"');
    name.trim().eq_ignore_ascii_case("rel")
        && value
            .split_ascii_whitespace()
            .any(|relation| relation.eq_ignore_ascii_case("next"))
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
        check(&[r#"</api/v2/logs?from=9,1&take=100>; rel="next""#], next);
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
    }
}
