//! Consent pages that were shown and not yet answered.
//!
//! The page's form carries a ticket, the browser a cookie of the same page; only both together are an answer, once.
//! So no other site can answer in somebody's name (RFC 9700 4.7 asks the same of clients).

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::{account::Scope, random};
use crate::clock::{Clock, Timestamp};

/// An authorization request that was found good (RFC 6749 4.1.1).
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) client: String,
    pub(super) client_name: String,
    pub(super) redirect_uri: String,
    pub(super) state: Option<String>,
    pub(super) challenge: String,
    pub(super) scopes: Vec<Scope>,
}

/// How long a page may stay open.
pub(super) const LIFETIME: Duration = Duration::from_mins(10);

/// More open pages than this are somebody's script; the oldest go.
const MOST: usize = 1000;

/// The pages that wait for an answer, by ticket.
pub(super) struct PendingConsents {
    clock: Clock,
    open: Mutex<HashMap<String, Pending>>,
}

struct Pending {
    request: Request,
    browser: String,
    expires: Timestamp,
}

/// What ties a page to the browser that shows it.
pub(super) struct Ticket {
    /// Goes into the form.
    pub(super) ticket: String,
    /// Goes into the cookie.
    pub(super) browser: String,
}

impl PendingConsents {
    /// None yet.
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, open: Mutex::default() }
    }

    /// Notes a page about to be shown.
    pub(super) fn open(&self, request: Request) -> Ticket {
        let ticket = Ticket { ticket: random::text(), browser: random::text() };
        let now = self.clock.now();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, pending| now < pending.expires);
        if open.len() >= MOST
            && let Some(oldest) =
                open.iter().min_by_key(|(_, pending)| pending.expires).map(|(key, _)| key.clone())
        {
            open.remove(&oldest);
        }
        let pending = Pending { request, browser: ticket.browser.clone(), expires: now + LIFETIME };
        open.insert(ticket.ticket.clone(), pending);
        ticket
    }

    /// The request behind a form's ticket, if this browser was shown that page and has not answered it yet.
    pub(super) fn take(&self, ticket: &str, browser: &str) -> Option<Request> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let pending = open.get(ticket)?;
        if !random::same(&pending.browser, browser) {
            return None;
        }
        open.remove(ticket)
            .filter(|pending| self.clock.now() < pending.expires)
            .map(|pending| pending.request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Request {
        Request {
            client: "c".to_owned(),
            client_name: "C".to_owned(),
            redirect_uri: "http://localhost/cb".to_owned(),
            state: None,
            challenge: String::new(),
            scopes: Vec::new(),
        }
    }

    #[test]
    fn only_the_browser_that_saw_the_page_answers_it_and_only_once() {
        let pending = PendingConsents::new(Clock::test(Timestamp::from_micros(0)));
        let (first, second) = (pending.open(request()), pending.open(request()));
        assert!(pending.take(&first.ticket, &second.browser).is_none());
        assert!(pending.take(&first.ticket, &first.browser).is_some());
        assert!(pending.take(&first.ticket, &first.browser).is_none());
    }

    #[test]
    fn a_page_left_open_too_long_is_dead() {
        let clock = Clock::test(Timestamp::from_micros(0));
        let pending = PendingConsents::new(clock.clone());
        let page = pending.open(request());
        clock.advance(LIFETIME);
        assert!(pending.take(&page.ticket, &page.browser).is_none());
    }

    #[test]
    fn the_number_of_open_pages_is_bounded() {
        let clock = Clock::test(Timestamp::from_micros(0));
        let pending = PendingConsents::new(clock.clone());
        let first = pending.open(request());
        for _ in 0..MOST {
            clock.advance(Duration::from_micros(1));
            pending.open(request());
        }
        assert_eq!(pending.open.lock().unwrap().len(), MOST);
        assert!(pending.take(&first.ticket, &first.browser).is_none());
    }
}
