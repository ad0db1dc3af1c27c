//! What the tests share: how settings are read, and an app's identity.

use fakes::azure::entra::{Entra, Tokens};
use fakes::faults::Faults;
use http_clients::EntraIdentity;
use relay::settings::{Reader, environment};

/// Settings by name, as a reader looks them up.
pub(crate) type Values = Vec<(String, String)>;

/// Reads settings, which must be right.
pub(crate) fn read<T>(values: &Values, read: impl Fn(&mut Reader<'_>) -> Option<T>) -> T {
    let lookup = |name: &str| {
        let found = values.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.clone())
    };
    let mut reader = Reader::new(&lookup);
    let settings = read(&mut reader);
    reader.finish(|| settings).unwrap()
}

/// An app's identity with the endpoint that hands out its tokens.
pub(crate) struct App {
    pub(crate) identity: EntraIdentity,
    entra: Entra,
}

impl App {
    pub(crate) async fn start() -> Self {
        let entra = Entra::start(Faults::healthy()).await.unwrap();
        let mut values = entra.managed_identity();
        // Azurite's certificate is nobody's but its own.
        values.extend(environment("SSL_CERT_FILE").map(|path| ("SSL_CERT_FILE".to_owned(), path)));
        let identity = read(&values, EntraIdentity::read_managed);
        Self { identity, entra }
    }

    pub(crate) fn tokens(&self) -> Tokens {
        self.entra.tokens()
    }
}
