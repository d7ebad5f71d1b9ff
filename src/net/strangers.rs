//! The client for targets that an upstream chose: a redirect leads to the public internet only, unless it comes from
//! an upstream that is in one of the operator's private ranges itself.
//!
//! What operators permit for app files is not meant for whatever a public API names. The connections are separate
//! ones, too: one that an app has open to a private host must not serve a target that may not be dialled.

use std::{net::IpAddr, sync::Arc};

use super::{
    client::{Client, Egress},
    guard::{Guard, Resolve},
    tls::TlsError,
};

/// Two clients, and how to choose.
#[derive(Clone)]
pub struct Strangers {
    permitted: Client,
    public: Client,
    resolver: Arc<dyn Resolve>,
}

impl Strangers {
    /// `permitted` dials what the settings allow; the other one is made of the same settings without private ranges.
    pub fn new(egress: &Egress, permitted: Client, resolver: Arc<dyn Resolve>) -> Result<Self, TlsError> {
        let bounded = Egress { allow: Vec::new(), plain_http: false, ..egress.clone() };
        let public = Client::new(&bounded, Arc::clone(&resolver))?;
        Ok(Self { permitted, public, resolver })
    }

    /// The same for another thread, whose client is `permitted`.
    #[must_use]
    pub fn apart(&self, permitted: Client) -> Self {
        Self { permitted, public: self.public.apart(), resolver: Arc::clone(&self.resolver) }
    }

    /// The client for a target that was named by the upstream at `home`, a host without its port.
    pub async fn client(&self, home: &str) -> &Client {
        if self.is_private(home).await { &self.permitted } else { &self.public }
    }

    /// Whether `home` has addresses, and none of the public internet. Each address is vetted again when it is dialled.
    async fn is_private(&self, home: &str) -> bool {
        let public = Guard::default();
        let bare = home.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(home);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return !public.permits(address);
        }
        let found = self.resolver.resolve(home.to_owned()).await.unwrap_or_default();
        !found.is_empty() && !found.iter().any(|address| public.permits(address.ip()))
    }
}

impl std::fmt::Debug for Strangers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Strangers").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::guard::SystemResolver;

    #[tokio::test]
    async fn rt_8_only_what_is_private_itself_leads_to_what_is_private() {
        let egress = Egress { allow: vec!["10.0.0.0/8".parse().unwrap()], ..Egress::default() };
        let resolver = Arc::new(SystemResolver);
        let client = Client::new(&egress, resolver.clone()).unwrap();
        let strangers = Strangers::new(&egress, client, resolver).unwrap();
        for (home, private) in [
            ("10.0.0.1", true),
            ("127.0.0.1", true),
            ("[::1]", true),
            ("[::ffff:192.168.0.1]", true),
            ("localhost", true),
            ("93.184.216.34", false),
            ("[2606:4700::1111]", false),
            // Who can't be found doesn't count as private.
            ("", false),
            ("no such host", false),
        ] {
            assert_eq!(strangers.is_private(home).await, private, "{home}");
        }
    }
}
