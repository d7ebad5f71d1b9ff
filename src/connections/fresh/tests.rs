use http::uri::{Authority, Scheme};

use super::{super::Base, *};
use crate::clock::Seldom;

const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

fn ready(generation: i64) -> Arc<Ready> {
    let base = Base {
        scheme: Scheme::HTTPS,
        authority: Authority::from_static("api.example.com"),
        prefix: String::new(),
    };
    let credential = Credential {
        generation,
        edition: 1,
        expires: None,
        base,
        routes: Vec::new(),
        headers: Vec::new(),
        query: Vec::new(),
        default_headers: Vec::new(),
        default_query: Vec::new(),
        path_vars: Vec::new(),
        routes_own: Vec::new(),
        signer: None,
        unproven: Arc::default(),
        noted: Seldom::default(),
    };
    Arc::new(Ready { credential: Arc::new(credential), link: 1, issued: NOW, renew_at: None, kept: NOW })
}

fn renewing(fresh: &Fresh, id: ConnectionId) {
    let running = futures_util::future::pending().boxed().shared();
    fresh.running().insert(id, Renewal { running, overtaken: i64::MIN, waits_for_store: false });
}

#[test]
fn tl_7_only_what_is_older_than_the_grant_is_dropped() {
    let (fresh, id) = (Fresh::new(10), ConnectionId::new(NOW));
    fresh.keep(id, &ready(5));
    fresh.overtaken(id, 5);
    assert!(fresh.ready.get(&id).is_some(), "this node's own renewal is told as well");
    fresh.overtaken(id, 6);
    assert!(fresh.ready.get(&id).is_none());
}

#[test]
fn tl_7_what_was_read_before_a_change_does_not_come_to_hand_after_it() {
    for (told, expected) in [(5, true), (6, false), (i64::MAX, false)] {
        let (fresh, id) = (Fresh::new(10), ConnectionId::new(NOW));
        renewing(&fresh, id);
        fresh.overtaken(id, told);
        fresh.keep(id, &ready(5));
        assert_eq!(fresh.ready.get(&id).is_some(), expected, "{told}");
    }
    let (fresh, id) = (Fresh::new(10), ConnectionId::new(NOW));
    renewing(&fresh, id);
    fresh.forget_all();
    fresh.keep(id, &ready(5));
    assert!(fresh.ready.get(&id).is_none());
}

#[test]
fn a_credential_that_nobody_uses_leaves_memory() {
    let (fresh, used, unused) = (Fresh::new(10), ConnectionId::new(NOW), ConnectionId::new(NOW + IDLE));
    let credential = ready(1);
    fresh.keep(used, &credential);
    fresh.keep(unused, &ready(1));
    let later = NOW + IDLE;
    fresh.sweep(later - Duration::from_secs(1));
    assert!(fresh.ready.get(&unused).is_some());
    credential.credential.noted.is_due(later, Duration::ZERO);
    fresh.sweep(later);
    assert!(fresh.ready.get(&used).is_some() && fresh.ready.get(&unused).is_none());
}
