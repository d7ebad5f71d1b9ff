//! The published calls of the shipped apps, each through the app's own file to its provider.

use std::collections::BTreeSet;

use super::{
    expected,
    stage::Stage,
    way::{self, Way},
};
use crate::faithful::published::{Published, published};

/// What the file of an app does to a target on its way; everything else goes out as it came.
fn outgoing(call: &Published) -> String {
    let target = &call.target;
    let (path, query) = target.split_at(target.find('?').unwrap_or(target.len()));
    let sign = if query.is_empty() { '?' } else { '&' };
    match call.app {
        // Only the path is filled in.
        "quickbooks" => path.replace(":realmId", "9130357849536636") + query,
        "telegram" => target.replace(":token", "bot110201543:AAHdqTcv-_1"),
        "jira" => target
            .replace("{cloudId}", "11223344-a1b2-3b33-c444-def123456789")
            .replace(":cloudId", "11223344-a1b2-3b33-c444-def123456789"),
        "trello" => format!("{target}{sign}key=key1&token=ATTA%2F1"),
        "basecamp" => format!("/99999999{target}"),
        "wati" => format!("/10123{target}"),
        "zoho-inventory" if !query.contains("organization_id=") => {
            format!("{target}{sign}organization_id=10234695")
        }
        _ => target.clone(),
    }
}

/// Makes every published call of a way's app: how many there are.
async fn check(stage: &Stage, way: &Way, calls: &[Published]) -> usize {
    expected::provide(stage, way);
    let record =
        stage.connect(&expected::visit(way)).await.unwrap_or_else(|why| panic!("{}: {why}", way.app));
    let id = record.connection["connection_id"].as_str().unwrap();
    let calls: Vec<_> = calls.iter().filter(|call| call.app == way.app).collect();
    stage.internet.take();
    for call in &calls {
        let kind = call.content_type.map(|kind| ("content-type", kind));
        let headers: Vec<_> = kind.into_iter().chain([("maton-connection", id)]).collect();
        let path = format!("/{}{}", way.app, call.target);
        let reply = stage.world.call(call.method.parse().unwrap(), &path, &headers, &call.body).await;
        assert_eq!(reply.header("keyferry-error"), None, "{call:?}: {}", reply.text());
    }
    let seen = stage.internet.take();
    assert_eq!(seen.len(), calls.len(), "{}", way.app);
    for (seen, call) in seen.iter().zip(&calls) {
        assert_eq!((seen.method(), seen.target()), (call.method, outgoing(call).as_str()), "{}", way.app);
        assert_eq!(seen.header("content-type"), call.content_type, "{call:?}");
        assert_eq!(seen.body, call.body.as_bytes(), "{call:?}");
    }
    calls.len()
}

#[tokio::test]
async fn published_calls_reach_the_providers_of_the_shipped_apps() {
    let calls = published();
    let mut ways = way::all();
    ways.dedup_by(|second, first| second.app == first.app);
    ways.retain(|way| calls.iter().any(|call| call.app == way.app) && way.is_shipped());
    let stage = expected::stage(&ways).await;
    let mut made = 0;
    for way in &ways {
        made += check(&stage, way, &calls).await;
    }
    let apps: BTreeSet<&str> = calls.iter().map(|call| call.app).collect();
    assert_eq!((made, ways.len()), (2922, apps.len()));
}
