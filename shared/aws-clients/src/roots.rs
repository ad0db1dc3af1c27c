//! Which certificate authorities the SDK's connections trust: the system's, or those of `SSL_CERT_FILE`.

use aws_smithy_http_client::tls::TrustStore;
use relay::settings::{Reader, read_certificates};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Reads the roots to trust; `None` if the reader noted a problem.
pub(crate) fn read_trust_store(reader: &mut Reader<'_>) -> Option<TrustStore> {
    read_certificates(reader, TrustStore::default, |pem| {
        has_only_roots(&pem).then(|| TrustStore::empty().with_pem_certificate(pem))
    })
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
