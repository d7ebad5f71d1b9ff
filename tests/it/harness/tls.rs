//! An upstream under every name there is: over TLS, with a certificate for whichever name is asked for, signed by an
//! authority that only [`Internet::plan`] trusts.

use std::{
    collections::BTreeMap,
    future, io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex},
};

use keyferry::net::guard::Resolve;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use rustls_pki_types::PrivateKeyDer;
use tempfile::NamedTempFile;
use tokio_rustls::TlsAcceptor;

use super::{
    upstream::{Answer, Seen, Upstream},
    world::Plan,
};

/// Every host of the internet, in one place.
pub(crate) struct Internet {
    upstream: Upstream,
    authority: NamedTempFile,
    moved: Moved,
}

/// Hosts that are elsewhere by now.
type Moved = Arc<Mutex<BTreeMap<String, IpAddr>>>;

impl Internet {
    /// Answers every request to every host as `script` says.
    pub(crate) async fn answering(script: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        let (certificates, pem) = Certificates::new();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(certificates));
        let upstream = Upstream::behind(Some(TlsAcceptor::from(Arc::new(config))), script).await;
        let authority = NamedTempFile::new().unwrap();
        std::fs::write(authority.path(), pem).unwrap();
        Self { upstream, authority, moved: Moved::default() }
    }

    /// A gateway for which all names lead here, and which dials nothing without TLS.
    pub(crate) fn plan(&self) -> Plan {
        let mut plan = self.plan_without_trust();
        plan.settings.egress.ca_file = Some(self.authority.path().to_owned());
        plan
    }

    /// As [`Self::plan`], but this internet's certificates are nothing to it.
    pub(crate) fn plan_without_trust(&self) -> Plan {
        let mut plan = Plan::default();
        plan.resolver = Arc::new(Everywhere(self.upstream.address, Arc::clone(&self.moved)));
        plan.settings.egress.plain_http = false;
        plan
    }

    /// Every host's own port.
    pub(crate) fn port(&self) -> u16 {
        self.upstream.address.port()
    }

    /// From now on this host has another address.
    pub(crate) fn moves(&self, host: &str, to: &str) {
        self.moved.lock().unwrap().insert(host.to_owned(), to.parse().unwrap());
    }

    /// Every request so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.upstream.seen()
    }

    /// Every request since the last look.
    pub(crate) fn take(&self) -> Vec<Seen> {
        self.upstream.take()
    }

    /// The newest request.
    pub(crate) fn newest(&self) -> Seen {
        self.seen().pop().unwrap()
    }
}

/// Resolves every name to one address, but for those that have moved.
struct Everywhere(SocketAddr, Moved);

impl Resolve for Everywhere {
    fn resolve(
        &self,
        host: String,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<SocketAddr>, io::Error>> + Send>> {
        let moved = self.1.lock().unwrap().get(&host).map(|address| SocketAddr::new(*address, self.0.port()));
        Box::pin(future::ready(Ok(vec![moved.unwrap_or(self.0)])))
    }
}

/// Makes a certificate for each name as it is asked for.
#[derive(Debug)]
struct Certificates {
    authority: Issuer<'static, KeyPair>,
    key: KeyPair,
}

impl Certificates {
    /// These, and the authority's certificate as PEM.
    fn new() -> (Self, String) {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        (Self { authority: Issuer::new(params, key), key: KeyPair::generate().unwrap() }, pem)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name()?.to_owned();
        let certificate =
            CertificateParams::new(vec![name]).unwrap().signed_by(&self.key, &self.authority).unwrap();
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).unwrap();
        let key = aws_lc_rs::sign::any_supported_type(&key).unwrap();
        Some(Arc::new(CertifiedKey::new(vec![certificate.der().clone()], key)))
    }
}
