//! TLS by rustls on ring, and which certificate authorities are trusted: Mozilla's, or those of `SSL_CERT_FILE`.

use std::fmt;
use std::sync::Arc;

use relay::settings::{Reader, read_certificates};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// How connections are encrypted, and whom they trust.
#[derive(Clone)]
pub(crate) struct Tls(pub(crate) ClientConfig);

impl Tls {
    /// Reads the roots to trust; `None` if the reader noted a problem.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let built_in = || webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        let roots = read_certificates(reader, built_in, |pem| roots(&pem))?;
        // The provider is named here, so that none has to be installed for the whole process. The default one, aws-lc,
        // gathers entropy for 0.7 s at the first handshake of a 128 MB Lambda.
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()));
        match config.with_safe_default_protocol_versions() {
            Ok(config) => Some(Self(
                config.with_root_certificates(roots).with_no_client_auth(),
            )),
            Err(error) => {
                reader.problem("SSL_CERT_FILE", format_args!("no TLS with it: {error}"));
                None
            }
        }
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Tls").finish_non_exhaustive()
    }
}

/// The certificates of a file; `None` if one cannot be read or there is none.
fn roots(pem: &[u8]) -> Option<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate.ok()?).ok()?;
    }
    (!roots.is_empty()).then_some(roots)
}
