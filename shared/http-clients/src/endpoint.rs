//! Which URLs may be sent a token: https, or http that does not leave the machine.

use std::net::IpAddr;

use relay::settings::is_loopback;
use reqwest::Url;

/// What a setting wants whose URL may not.
pub(crate) const WANT: &str =
    "an https URL, or http on a loopback address, without user, query and fragment";

/// Reads the URL of a service; `None` if it may not be sent a token.
pub(crate) fn endpoint(text: &str) -> Option<Url> {
    plain_url(text).filter(is_private)
}

/// Whether what is sent to a URL is encrypted, or stays on the machine.
pub(crate) fn is_private(url: &Url) -> bool {
    url.scheme() == "https" || url.host_str().is_some_and(is_loopback)
}

/// Reads the URL of the platform's own token service, which App Service puts on a link-local or private address, too.
pub(crate) fn identity_endpoint(text: &str) -> Option<Url> {
    let url = plain_url(text)?;
    let may_be_http = || {
        url.host_str()
            .is_some_and(|host| is_loopback(host) || is_local_network(host))
    };
    (url.scheme() == "https" || may_be_http()).then_some(url)
}

/// The URL of something below an endpoint: `below` follows its path after a slash, and is encoded already.
pub(crate) fn below(endpoint: &Url, below: &str) -> Url {
    let mut url = endpoint.clone();
    let path = format!("{}/{below}", endpoint.path().trim_end_matches('/'));
    url.set_path(&path);
    url
}

/// Encodes a text for a path segment or a key: everything but RFC 3986's unreserved characters.
pub(crate) fn percent_encode(text: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _infallible = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn plain_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_plain = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    is_plain.then_some(url)
}

fn is_local_network(host: &str) -> bool {
    match host.trim_matches(['[', ']']).parse() {
        Ok(IpAddr::V4(address)) => address.is_link_local() || address.is_private(),
        Ok(IpAddr::V6(address)) => address.is_unicast_link_local() || address.is_unique_local(),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, is_endpoint: bool, is_identity_endpoint: bool) {
        assert_eq!(endpoint(text).is_some(), is_endpoint, "{text}");
        assert_eq!(
            identity_endpoint(text).is_some(),
            is_identity_endpoint,
            "{text}"
        );
    }

    #[test]
    fn a_token_goes_over_https_or_stays_on_the_machine() {
        for text in [
            "https://acme.table.core.windows.net/ledger",
            "http://127.0.0.1:10002/devstoreaccount1/ledger",
            "http://[::1]:1/a",
            "http://localhost:1/a",
            "https://xn--bcher-kva.example/a",
        ] {
            check(text, true, true);
        }
        for text in [
            "http://acme.example.com",
            "http://192.0.2.1/a",
            "ftp://127.0.0.1/a",
            "https://user@acme.example.com",
            "https://acme.example.com/a?sig=x",
            "https://acme.example.com/a#b",
            // A host's name is ASCII.
            "https://b\u{fc}cher.example/a",
            "acme",
            "",
        ] {
            check(text, false, false);
        }
    }

    #[test]
    fn the_platforms_token_service_may_be_next_door() {
        for text in [
            "http://169.254.129.4:8081/msi/token",
            "http://172.16.0.3:8081/msi/token",
            "http://[fe80::1]:8081/msi/token",
        ] {
            check(text, false, true);
        }
    }

    #[test]
    fn what_is_not_unreserved_is_encoded() {
        assert_eq!(percent_encode("aZ09-._~"), "aZ09-._~");
        assert_eq!(percent_encode("a/b %é'"), "a%2Fb%20%25%C3%A9%27");
    }

    #[test]
    fn something_below_an_endpoint_keeps_its_encoding() {
        let url = endpoint("https://acme.example.com/container/").unwrap();
        assert_eq!(
            below(&url, "a%2Fb/c.json").as_str(),
            "https://acme.example.com/container/a%2Fb/c.json"
        );
    }
}
