//! A connect link after its first load: the address bar shows the connection's id, a cookie holds the session token.
//!
//! One cookie per connection, so that several links can be open at once. Beside the token it holds a random nonce of
//! this browser: what a form must repeat is made of both (see [`super::csrf`]).

use axum::http::{HeaderMap, HeaderValue};

use super::{cookie::Jar, csrf};
use crate::{id::ConnectionId, vault::random_text};

/// What this browser knows of an opened link.
pub(super) struct Link {
    connection: ConnectionId,
    /// The capability itself.
    pub(super) session_token: String,
    nonce: String,
}

impl Link {
    /// The link that leads to `connection`; a nonce this browser has already stays, so that two tabs both work.
    pub(super) fn new(jar: Jar, headers: &HeaderMap, connection: ConnectionId, session_token: &str) -> Self {
        let nonce = Self::find(jar, headers, connection).map_or_else(random_text, |link| link.nonce);
        Self { connection, session_token: session_token.to_owned(), nonce }
    }

    /// The link this browser opened for `connection`.
    pub(super) fn find(jar: Jar, headers: &HeaderMap, connection: ConnectionId) -> Option<Self> {
        let value = jar.get(headers, &name(connection))?;
        let (session_token, nonce) = value.rsplit_once('~')?;
        let (session_token, nonce) = (session_token.to_owned(), nonce.to_owned());
        (nonce.len() >= 43).then_some(Self { connection, session_token, nonce })
    }

    /// `Set-Cookie` that keeps it for another while.
    pub(super) fn keep(&self, jar: Jar) -> Option<HeaderValue> {
        jar.set(&name(self.connection), &format!("{}~{}", self.session_token, self.nonce))
    }

    /// `Set-Cookie` that forgets it.
    pub(super) fn forget(jar: Jar, connection: ConnectionId) -> Option<HeaderValue> {
        jar.remove(&name(connection))
    }

    /// What the form of this link carries in this browser.
    pub(super) fn csrf(&self) -> String {
        csrf::token(&self.nonce, &self.session_token)
    }
}

fn name(connection: ConnectionId) -> String {
    format!("kf_link_{connection}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use axum::http::header;

    const JAR: Jar = Jar { secure: true };

    fn sent_back(opened: &Link) -> HeaderMap {
        let line = opened.keep(JAR).unwrap();
        let pair = line.to_str().unwrap().split(';').next().unwrap().to_owned();
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(&pair).unwrap())])
    }

    #[test]
    fn the_browser_gets_back_what_it_opened_and_only_for_that_connection() {
        let connection = ConnectionId::new(Timestamp::from_micros(1));
        let link = Link::new(JAR, &HeaderMap::new(), connection, "a.b-c_d");
        let sent = sent_back(&link);
        let found = Link::find(JAR, &sent, connection).unwrap();
        assert_eq!((found.session_token.as_str(), found.csrf()), ("a.b-c_d", link.csrf()));
        assert!(Link::find(JAR, &sent, ConnectionId::new(Timestamp::from_micros(2))).is_none());
        assert_eq!(Link::new(JAR, &sent, connection, "a.b-c_d").csrf(), link.csrf(), "a second tab");
    }

    #[test]
    fn oc_3_another_browser_has_another_token_for_the_same_link() {
        let connection = ConnectionId::new(Timestamp::from_micros(1));
        let of = || Link::new(JAR, &HeaderMap::new(), connection, "same").csrf();
        assert_ne!(of(), of());
    }
}
