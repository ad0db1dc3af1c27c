//! Which certificate authorities are trusted: Mozilla's, or those of `SSL_CERT_FILE`.

use relay::settings::{Reader, read_certificates};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Reads the roots to trust; `None` if the reader noted a problem.
pub(crate) fn read_roots(reader: &mut Reader<'_>) -> Option<RootCertStore> {
    let built_in = || webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    read_certificates(reader, built_in, |pem| parse(&pem))
}

/// The certificates of a file; `None` if one cannot be read or there is none.
fn parse(pem: &[u8]) -> Option<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate.ok()?).ok()?;
    }
    (!roots.is_empty()).then_some(roots)
}
