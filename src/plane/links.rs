//! Sealed redirect targets: `{gateway_url}/~/{sealed}` leads to a foreign host, for one owner, for an hour.
//!
//! Many HTTP clients send their headers along when they follow a redirect; behind such a link the gateway's key stays
//! with the gateway.

use std::time::Duration;

use uuid::Uuid;

use crate::{
    clock::{Clock, Timestamp},
    id::OwnerId,
    vault::Vault,
};

const LABEL: &str = "redirect";
const LIFETIME: Duration = Duration::from_hours(1);

/// Makes and reads sealed links.
#[derive(Clone, Debug)]
pub(super) struct Links {
    vault: Vault,
    clock: Clock,
    /// `{gateway_url}/~/`
    prefix: String,
}

/// What a link leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// Who may follow it.
    pub(super) owner: OwnerId,
    /// The app whose answer gave it.
    pub(super) app: String,
    /// The upstream that answered so: a host without its port.
    pub(super) home: String,
    /// Where it leads.
    pub(super) target: String,
}

impl Links {
    /// Links below the gateway's public URL.
    pub(super) fn new(vault: Vault, clock: Clock, gateway_url: &str) -> Self {
        Self { vault, clock, prefix: format!("{gateway_url}/{}/", super::route::SEALED) }
    }

    /// The URL of a link; none if the vault can't seal.
    pub(super) fn seal(&self, link: &Link) -> Option<String> {
        let mut plain = link.owner.uuid().as_bytes().to_vec();
        plain.extend((self.clock.now() + LIFETIME).as_micros().to_be_bytes());
        plain.extend(format!("{}\n{}\n{}", link.app, link.home, link.target).as_bytes());
        let sealed = self.vault.seal_text(LABEL, &plain).ok()?;
        Some(format!("{}{sealed}", self.prefix))
    }

    /// What was sealed into `text`, unless it is forged or has expired.
    pub(super) fn open(&self, text: &str) -> Option<Link> {
        let plain = self.vault.open_text(LABEL, text)?;
        let (owner, rest) = plain.split_first_chunk()?;
        let (expiry, rest) = rest.split_first_chunk()?;
        let (app, rest) = std::str::from_utf8(rest).ok()?.split_once('\n')?;
        let (home, target) = rest.split_once('\n')?;
        let live = Timestamp::from_micros(i64::from_be_bytes(*expiry)) > self.clock.now();
        live.then(|| Link {
            owner: Uuid::from_bytes(*owner).into(),
            app: app.to_owned(),
            home: home.to_owned(),
            target: target.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_opens_for_an_hour_and_only_as_it_was_made() {
        let clock = Clock::test(Timestamp::from_micros(1_000_000));
        let (vault, _) = Vault::generate();
        let links = Links::new(vault, clock.clone(), "https://gw.example.com");
        let link = Link {
            owner: OwnerId::new(clock.now()),
            app: "slack".to_owned(),
            home: "slack.com".to_owned(),
            target: "https://files.example.com/a?b=c".to_owned(),
        };
        let url = links.seal(&link).unwrap();
        let sealed = url.strip_prefix("https://gw.example.com/~/").unwrap();
        assert!(!url.contains("files.example.com"));
        assert_eq!(links.open(sealed), Some(link));
        let mut forged = sealed.to_owned();
        forged.replace_range(20..21, if &forged[20..21] == "A" { "B" } else { "A" });
        assert_eq!(links.open(&forged), None);
        assert_eq!(links.open(""), None);
        clock.advance(LIFETIME);
        assert_eq!(links.open(sealed), None);
    }
}
