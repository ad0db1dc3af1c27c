//! Which certificate authorities are trusted: Mozilla's, or those of `SSL_CERT_FILE`.

use relay::settings::Reader;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

const NAME: &str = "SSL_CERT_FILE";

/// Reads the roots to trust; nothing where the reader noted a problem.
pub(crate) fn read_roots(reader: &mut Reader<'_>) -> Option<RootCertStore> {
    let Some(path) = reader.optional(NAME) else {
        let built_in = webpki_roots::TLS_SERVER_ROOTS;
        return Some(built_in.iter().cloned().collect());
    };
    match std::fs::read(&path) {
        Ok(pem) => {
            let roots = parse(&pem);
            if roots.is_none() {
                reader.problem(
                    NAME,
                    format_args!("cannot use `{path}` (want PEM certificates)"),
                );
            }
            roots
        }
        Err(error) => {
            reader.problem(NAME, format_args!("cannot open `{path}`: {}", error.kind()));
            None
        }
    }
}

/// The certificates of a file, of which each must be readable and at least one there.
fn parse(pem: &[u8]) -> Option<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate.ok()?).ok()?;
    }
    (!roots.is_empty()).then_some(roots)
}
