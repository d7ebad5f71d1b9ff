//! The published calls of the shipped apps, each through the app's own file to its provider.

use super::{connect::Connected, google, microsoft, sign_in, typed_in, way::Way};
use crate::faithful::published::{Published, published};

/// What the file of an app does to a target on its way; everything else goes out as it came.
fn outgoing(call: &Published) -> String {
    let target = &call.target;
    match call.app {
        "quickbooks" => {
            // Only the path is filled in.
            let (path, query) = target.split_at(target.find('?').unwrap_or(target.len()));
            path.replace(":realmId", "9130357849536636") + query
        }
        "telegram" => target.replace(":token", "bot110201543%3AAAHdqTcv-_1"),
        "jira" => target
            .replace("{cloudId}", "11223344-a1b2-3b33-c444-def123456789")
            .replace(":cloudId", "11223344-a1b2-3b33-c444-def123456789"),
        "trello" => {
            let sign = if target.contains('?') { '&' } else { '?' };
            format!("{target}{sign}key=key1&token=ATTA%2F1")
        }
        _ => target.clone(),
    }
}

/// A way in, preferably the one that fills in placeholders.
fn way(app: &str) -> Way {
    let tables = [sign_in::WAYS, google::WAYS, microsoft::WAYS, typed_in::WAYS];
    *tables
        .iter()
        .copied()
        .flatten()
        .find(|way| way.app == app)
        .unwrap_or_else(|| panic!("no way into {app}"))
}

/// Makes every published call of `app`: how many there are.
async fn check(app: &str) -> usize {
    let calls: Vec<Published> = published().into_iter().filter(|call| call.app == app).collect();
    let connected = Connected::by(&way(app)).await;
    let before = connected.internet.seen().len();
    for call in &calls {
        let kind: Vec<(&str, &str)> = call.content_type.iter().map(|kind| ("content-type", *kind)).collect();
        let path = format!("/{app}{}", call.target);
        let reply = connected.world.call(call.method.parse().unwrap(), &path, &kind, &call.body).await;
        assert_eq!(reply.header("keyferry-error"), None, "{call:?}: {}", reply.text());
    }
    let seen = connected.internet.seen();
    assert_eq!(seen.len(), before + calls.len(), "{app}");
    for (seen, call) in seen[before..].iter().zip(&calls) {
        assert_eq!((seen.method(), seen.target()), (call.method, outgoing(call).as_str()), "{app}");
        assert_eq!(seen.header("content-type"), call.content_type, "{call:?}");
        assert_eq!(seen.body, call.body.as_bytes(), "{call:?}");
    }
    connected.assert_nothing_of_the_caller_left();
    connected.world.stop().await;
    calls.len()
}

#[tokio::test]
async fn published_calls_reach_the_providers_of_the_shipped_apps() {
    let catalog = keyferry::catalog::Catalog::builtin().unwrap();
    let mut made = 0;
    for app in catalog.iter() {
        made += check(&app.name).await;
    }
    assert_eq!(made, 715);
}
