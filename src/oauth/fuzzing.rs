//! Token answers: whatever a provider sends is a refusal, or tokens that a header can carry.

use std::{sync::LazyLock, time::Duration};

use bytes::Bytes;
use http::Response;

use super::answer;
use crate::{catalog::auth::Token, clock::Timestamp};

/// A plain provider, one that nests its tokens, one that fails inside a 200.
static PROVIDERS: LazyLock<Vec<Token>> = LazyLock::new(|| {
    let rest = [
        "",
        "path = 'authed_user.access_token'",
        "ok = ['ok', true]\nexpiry = { path = 'ends', unit = 'rfc3339' }",
    ];
    let read = |rest: &&str| toml::from_str(&format!("url = 'https://a.test/token'\n{rest}")).ok();
    let providers: Vec<Token> = rest.iter().filter_map(read).collect();
    assert_eq!(providers.len(), rest.len());
    providers
});

/// The first byte chooses provider and status, the rest is the answer's body.
///
/// # Panics
///
/// Where a property does not hold.
pub fn token_answer(data: &[u8]) {
    let Some((choice, body)) = data.split_first() else { return };
    let status = [200, 201, 400, 401, 429, 503].get(usize::from(choice / 4 % 6)).copied().unwrap_or(200);
    let mut response = Response::new(Bytes::copy_from_slice(body));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    let Some(provider) = PROVIDERS.get(usize::from(choice % 3)) else { return };
    let now = Timestamp::from_micros(1_790_000_000_000_000);
    // What a refresh asks of a refusal must not panic either.
    let _ = answer::dead(&response, &["dead".to_owned()]);
    let Ok(mut read) = answer::read(&response, provider.into(), None, now) else { return };
    // A scope may be any text, the token's too.
    assert!(read.scopes.take().is_none_or(|scopes| !scopes.is_empty()));
    assert!(status < 300, "tokens out of a {status}");
    for token in std::iter::once(&read.access_token).chain(&read.refresh_token) {
        let text = token.expose();
        assert!(!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}");
        assert!(http::HeaderValue::try_from(format!("Bearer {text}")).is_ok());
        let long = text.len() > 20;
        assert!(!long || !format!("{read:?}").contains(text), "a token is printed");
    }
    let bounds = Duration::from_secs(1)..=Duration::from_hours(10 * 365 * 24);
    assert!(read.lifetime.is_none_or(|lifetime| bounds.contains(&lifetime)), "{:?}", read.lifetime);
}
