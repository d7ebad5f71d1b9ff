//! A door's certificate, read once at start.

use std::{path::PathBuf, sync::Arc};

use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio_rustls::TlsAcceptor;

use crate::config::Tls;

/// Why a door can't speak TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can't be read as PEM.
    #[error("{path}: {problem}; it has to hold {wanted} as PEM")]
    File {
        /// The file.
        path: PathBuf,
        /// What should be in it.
        wanted: &'static str,
        /// What is wrong.
        problem: rustls_pki_types::pem::Error,
    },
    /// The two don't go together.
    #[error("{path}: the certificate and its key can't be used: {problem}")]
    Pair {
        /// The certificate's file.
        path: PathBuf,
        /// What is wrong.
        problem: rustls::Error,
    },
}

/// A TLS acceptor with this certificate that offers HTTP/2 and HTTP/1.1.
pub(super) fn acceptor(settings: &Tls) -> Result<TlsAcceptor, TlsError> {
    let fail = |path: &PathBuf, wanted, problem| TlsError::File { path: path.clone(), wanted, problem };
    let chain = CertificateDer::pem_file_iter(&settings.cert_file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|problem| fail(&settings.cert_file, "the certificate chain", problem))?;
    let key = PrivateKeyDer::from_pem_file(&settings.key_file)
        .map_err(|problem| fail(&settings.key_file, "the private key", problem))?;
    let pair = |problem| TlsError::Pair { path: settings.cert_file.clone(), problem };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(pair)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(pair)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
