//! TLS towards upstreams: the system's certificates and the operator's, by rustls over aws-lc-rs.

use std::{path::Path, sync::Arc};

use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use rustls_pki_types::{CertificateDer, pem::PemObject};

/// Why TLS can't be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The operator's certificates can't be read.
    #[error("egress.ca_file can't be read as PEM certificates")]
    CaFile(#[source] rustls_pki_types::pem::Error),
    /// A certificate is no certificate, or the library refuses the setting.
    #[error("TLS can't be set up")]
    Rustls(#[from] rustls::Error),
}

/// A client that trusts the system's certificates and those of `ca_file`.
pub(super) fn client(ca_file: Option<&Path>) -> Result<ClientConfig, TlsError> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    for error in &system.errors {
        tracing::warn!(%error, "a certificate of the system was skipped");
    }
    roots.add_parsable_certificates(system.certs);
    if let Some(path) = ca_file {
        for certificate in CertificateDer::pem_file_iter(path).map_err(TlsError::CaFile)? {
            roots.add(certificate.map_err(TlsError::CaFile)?)?;
        }
    }
    if roots.is_empty() {
        tracing::warn!(
            "no trusted certificates were found: no https upstream can be reached; see egress.ca_file"
        );
    }
    Ok(ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
