//! Many callers at once, some of whom leave in the middle: nobody gets what is another's.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use serde_json::json;
use tokio::{task::JoinSet, time::timeout};

use crate::harness::{
    upstream::{Answer, Upstream},
    world::{Plan, World},
};

const CALLS: usize = 600;
/// Of callers who stay.
const PATIENCE: Duration = Duration::from_mins(1);

/// A connection and whose it is.
struct Line {
    key: String,
    app: &'static str,
    id: String,
    token: String,
}

/// Connections of both owners at three apps.
async fn lines(world: &World) -> Vec<Line> {
    let mut lines = Vec::new();
    for (owner, key) in [("root", &world.admin_key), ("sam", &world.key)] {
        for app in ["red", "green", "blue"] {
            for number in 0..3 {
                let token = format!("sk-{owner}-{app}-{number}");
                let body = json!({"app": app, "method": "API_KEY", "credentials": {"api_key": token}});
                let made = world.api(key, Method::POST, "/connections", Some(body)).await.json();
                let id = made["connection_id"].as_str().unwrap().to_owned();
                lines.push(Line { key: key.clone(), app, id, token });
            }
        }
    }
    lines
}

fn request(world: &World, line: &Line, call: usize) -> Request<Full<Bytes>> {
    Request::builder()
        .uri(world.at_gateway(&format!("/{}/call/{call}", line.app)))
        .header("authorization", format!("Bearer {}", line.key))
        .header("maton-connection", &line.id)
        .body(Full::default())
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ci_4_every_call_bears_its_own_token_and_gets_its_own_answer() {
    let upstream = Upstream::answering(|seen| {
        Answer::ok(&format!("{} {}", seen.target(), seen.header("authorization").unwrap()))
    })
    .await;
    let url = upstream.url();
    let plan = Plan::default().key_app("red", &url).key_app("green", &url).key_app("blue", &url);
    let all = 10_000.try_into().unwrap();
    let world = plan.set(|settings| settings.limits.key_concurrency = all).start().await;
    let lines = Arc::new(lines(&world).await);
    let mut calls = JoinSet::new();
    for call in 0..CALLS {
        let (http, lines) = (world.http.clone(), Arc::clone(&lines));
        let request = request(&world, &lines[call % lines.len()], call);
        calls.spawn(async move {
            let line = &lines[call % lines.len()];
            // Three of ten leave after a moment, wherever the call is then.
            let patience =
                if call % 10 < 3 { Duration::from_micros(call as u64 * 37 % 5000) } else { PATIENCE };
            let Ok(reply) = timeout(patience, http.send(request)).await else { return false };
            assert_eq!(reply.text(), format!("/call/{call} Bearer {}", line.token));
            assert_eq!(reply.header("maton-connection"), Some(line.id.as_str()));
            true
        });
    }
    let answered = calls.join_all().await.into_iter().filter(|is_answered| *is_answered).count();
    assert!((CALLS * 7 / 10..CALLS).contains(&answered), "{answered}");
    let mut seen = BTreeMap::new();
    for request in upstream.seen() {
        seen.insert(request.target().to_owned(), request.header("authorization").unwrap().to_owned());
    }
    assert!(seen.len() >= answered);
    for (target, token) in seen {
        let call: usize = target.rsplit('/').next().unwrap().parse().unwrap();
        assert_eq!(token, format!("Bearer {}", lines[call % lines.len()].token), "{target}");
    }
}
