//! Which certificate authorities the SDK's connections trust: the system's, or those of `SSL_CERT_FILE`.

use aws_smithy_http_client::tls::TrustStore;
use relay::settings::Reader;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

const NAME: &str = "SSL_CERT_FILE";

/// Reads the roots to trust; nothing where the reader noted a problem.
pub(crate) fn read_trust_store(reader: &mut Reader<'_>) -> Option<TrustStore> {
    let Some(path) = reader.optional(NAME) else {
        return Some(TrustStore::default());
    };
    match std::fs::read(&path) {
        Ok(pem) if has_only_roots(&pem) => Some(TrustStore::empty().with_pem_certificate(pem)),
        Ok(_) => {
            reader.problem(
                NAME,
                format_args!("cannot use `{path}` (want PEM certificates)"),
            );
            None
        }
        Err(error) => {
            reader.problem(NAME, format_args!("cannot open `{path}`: {}", error.kind()));
            None
        }
    }
}

/// Whether a file holds roots, all readable: the SDK's client panics on another.
fn has_only_roots(pem: &[u8]) -> bool {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let added = certificate.map(|certificate| roots.add(certificate));
        if !matches!(added, Ok(Ok(()))) {
            return false;
        }
    }
    !roots.is_empty()
}
