//! Targets in answers: a client that follows one as browsers read it stays with this gateway and this app, and no
//! target shows the credential.

use std::sync::LazyLock;

use http::{
    HeaderMap, HeaderValue, Request,
    header::{CONTENT_LOCATION, LINK, LOCATION},
};
use percent_encoding::percent_decode_str;
use url::Url;

use super::{GATEWAY, SECRET, STAGE, outgoing};
use crate::{
    clock::{Clock, Timestamp},
    fuzzing::lines,
    id::OwnerId,
    net::body,
    plane::{answer, links::Links},
    vault::Vault,
};

static LINKS: LazyLock<(Links, OwnerId)> = LazyLock::new(|| {
    let clock = Clock::test(Timestamp::from_micros(1_000_000));
    let owner = OwnerId::new(clock.now());
    (Links::new(Vault::generate().0, clock, GATEWAY), owner)
});

/// The first line is the target of the call; each further one a `Location`, a `Content-Location` and a `Link`.
///
/// # Panics
///
/// Where a property does not hold.
pub fn location(data: &[u8]) {
    let target = lines(data).next().unwrap_or_default();
    let Ok(request) = Request::builder().uri(target).header("host", "gw.example.com").body(body::empty())
    else {
        return;
    };
    let here = request.uri().path_and_query().map_or_else(String::new, |target| format!("{GATEWAY}{target}"));
    let Some((asked, _)) = outgoing(request) else { return };
    let (links, owner) = &*LINKS;
    let context = answer::Context {
        gateway_url: GATEWAY,
        links,
        owner: *owner,
        asked: &asked,
        credential: &STAGE.credential,
    };
    let Ok(here) = Url::parse(&here) else { return };
    for line in data.split(|byte| *byte == b'\n').skip(1) {
        let Ok(value) = HeaderValue::from_bytes(line) else { continue };
        for name in [LOCATION, CONTENT_LOCATION, LINK] {
            let mut headers = HeaderMap::from_iter([(name.clone(), value.clone())]);
            answer::translate(&mut headers, &context);
            let Some(out) = headers.get(&name) else { continue };
            let out = String::from_utf8_lossy(out.as_bytes());
            if name == LINK {
                // What a quoted parameter holds is no target, and neither is what is never closed.
                let targets = out.split('<').skip(1).filter_map(|rest| Some(rest.split_once('>')?.0));
                let plain = !out.contains('"');
                targets.for_each(|target| assert!(!plain || !shows_the_secret(target), "{target}"));
            } else {
                assert!(!shows_the_secret(&out), "{out}");
                // An upstream may mention whom it likes: only Location is followed with a key at hand.
                if name == LOCATION || !names_us(line) {
                    leads_home(&here, &out, name == LOCATION);
                }
            }
        }
    }
}

/// Whether the upstream itself named this gateway.
fn names_us(target: &[u8]) -> bool {
    let upstream = Url::parse("https://api.acme.example/base/x");
    let named = upstream.and_then(|upstream| upstream.join(&String::from_utf8_lossy(target)));
    named.is_ok_and(|url| url.host_str() == Some("gw.example.com"))
}

/// Where browsers would go from `here`: to this app at this gateway, or, unless `sealed`, to another host.
fn leads_home(here: &Url, out: &str, sealed: bool) {
    let Ok(url) = here.join(out) else { return };
    if !matches!(url.scheme(), "http" | "https") {
        return;
    }
    if url.host_str() == Some("gw.example.com") {
        let path = url.path();
        let home = ["/acme/", "/~/"].iter().any(|start| path.starts_with(start)) || path == "/acme";
        assert!(home, "{out} leads from {here} to {url}");
    } else {
        assert!(!sealed, "{out} leads from {here} to {url}");
    }
}

fn shows_the_secret(text: &str) -> bool {
    let decoded: Vec<u8> = percent_decode_str(text).collect();
    text.contains(SECRET) || String::from_utf8_lossy(&decoded).contains(SECRET)
}
