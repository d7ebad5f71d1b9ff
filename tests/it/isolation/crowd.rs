//! Many callers at once, some of whom leave in the middle: nobody gets what is another's.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};
use tokio::{sync::Semaphore, task::JoinSet, time::timeout};

use crate::harness::{
    peer::{Line as Wire, Peer},
    slow_store,
    streams::Streams,
    world::{Plan, World},
};

/// Calls in flight at the same time.
const AT_ONCE: usize = 200;
/// Of callers who stay.
const PATIENCE: Duration = Duration::from_mins(2);
const APPS: [&str; 5] = ["red", "green", "blue", "pink", "grey"];

type Caller = Client<HttpConnector, Full<Bytes>>;

/// A connection and whose it is.
struct Line {
    key: String,
    app: &'static str,
    id: String,
    token: String,
}

/// Upstreams that echo target and credential: red, green and blue in HTTP/1.1, pink and grey in HTTP/2.
struct Upstreams {
    lines: Peer,
    streams: Streams,
    hits: Arc<AtomicUsize>,
    wrong: Arc<Mutex<Vec<String>>>,
}

impl Upstreams {
    async fn start() -> Self {
        let (hits, wrong) = (Arc::<AtomicUsize>::default(), Arc::<Mutex<Vec<String>>>::default());
        let (counted, noted) = (Arc::clone(&hits), Arc::clone(&wrong));
        let lines = Peer::start(move |line| echo(line, Arc::clone(&counted), Arc::clone(&noted))).await;
        Self { lines, streams: Streams::start(100).await, hits, wrong }
    }

    fn plan(&self) -> Plan {
        let mut plan = Plan::default();
        for (number, app) in APPS.into_iter().enumerate() {
            plan = plan.key_app(app, &if number < 3 { self.lines.url() } else { self.streams.url() });
        }
        let all = 100_000.try_into().unwrap();
        self.streams.known_to(plan).set(|settings| settings.limits.key_concurrency = all)
    }

    /// Asserts that no request came with a credential that its target didn't name; how many there were since.
    fn assert_right(&self) -> usize {
        for (target, bearer) in self.streams.take_seen() {
            assert_eq!(named(&target), bearer, "{target}");
            self.hits.fetch_add(1, Ordering::SeqCst);
        }
        assert_eq!(*self.wrong.lock().unwrap(), Vec::<String>::new());
        self.hits.load(Ordering::SeqCst)
    }
}

/// The `authorization` that belongs to `/call/{number}/{token}`.
fn named(target: &str) -> String {
    format!("Bearer {}", target.rsplit('/').next().unwrap())
}

async fn echo(mut line: Wire, hits: Arc<AtomicUsize>, wrong: Arc<Mutex<Vec<String>>>) {
    while let Some(head) = line.head().await {
        hits.fetch_add(1, Ordering::SeqCst);
        let target = head.split(' ').nth(1).unwrap();
        let bearers: Vec<_> = head.lines().filter_map(|line| line.strip_prefix("authorization: ")).collect();
        if bearers != [named(target)] {
            wrong.lock().unwrap().push(head.clone());
        }
        let echo = format!("{target} {}", bearers.join(", "));
        line.send(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{echo}", echo.len())).await;
    }
}

/// `each` connections of each of these owners at each app.
async fn lines(world: &World, owners: &[(&str, &str)], each: usize) -> Arc<Vec<Line>> {
    let mut lines = Vec::new();
    for (owner, key) in owners {
        for app in APPS {
            for number in 0..each {
                let token = format!("sk-{owner}-{app}-{number}");
                let body = json!({"app": app, "method": "API_KEY", "credentials": {"api_key": token}});
                let made = world.api(key, Method::POST, "/connections", Some(body)).await.json();
                let id = made["connection_id"].as_str().unwrap().to_owned();
                lines.push(Line { key: (*key).to_owned(), app, id, token });
            }
        }
    }
    Arc::new(lines)
}

/// Makes call `number` by `line` and checks that the answer is its own. False if the caller lost patience.
async fn call(http: Caller, gateway: String, line: &Line, number: usize, patience: Duration) -> bool {
    let own = format!("/call/{number}/{}", line.token);
    let request = Request::builder()
        .uri(format!("{gateway}/{}{own}", line.app))
        .header("authorization", format!("Bearer {}", line.key))
        .header("maton-connection", &line.id)
        .body(Full::default())
        .unwrap();
    let answer = async {
        let (head, body) = http.request(request).await.unwrap().into_parts();
        #[expect(clippy::disallowed_methods, reason = "tests read whole answers")]
        let body = body.collect().await.unwrap().to_bytes();
        assert_eq!(body, format!("{own} Bearer {}", line.token), "{}", head.status);
        assert_eq!(head.headers["maton-connection"], line.id.as_str());
    };
    timeout(patience, answer).await.is_ok()
}

/// Makes `calls` calls, of which `leave` of ten leave after a moment, wherever their call is then. How many were
/// answered.
async fn crowd(world: &World, lines: &Arc<Vec<Line>>, calls: usize, leave: usize) -> usize {
    let client = |http2| -> Caller { Client::builder(TokioExecutor::new()).http2_only(http2).build_http() };
    // An HTTP/2 client of this kind has one connection, and a hundred streams on it.
    let clients: Vec<Caller> = (0..8).map(|number| client(number % 2 == 1)).collect();
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    let mut answered = 0;
    for number in 0..calls {
        let place = Arc::clone(&places).acquire_owned().await.unwrap();
        let (lines, http, gateway) =
            (Arc::clone(lines), clients[number % clients.len()].clone(), world.at_gateway(""));
        let moment = Duration::from_micros(number as u64 * 7919 % 20_000);
        let patience = if number * 7 % 10 < leave { moment } else { PATIENCE };
        running.spawn(async move {
            let _place = place;
            call(http, gateway, &lines[number % lines.len()], number, patience).await
        });
        while let Some(done) = running.try_join_next() {
            answered += usize::from(done.unwrap());
        }
    }
    answered + running.join_all().await.into_iter().filter(|is_answered| *is_answered).count()
}

/// `KEYFERRY_CROWD` says how many calls; a million is for `make soak`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ci_4_every_call_bears_its_own_token_and_gets_its_own_answer() {
    #[expect(clippy::disallowed_methods, reason = "the tests' own settings")]
    let calls: usize = std::env::var("KEYFERRY_CROWD").map_or(20_000, |calls| calls.parse().unwrap());
    let upstreams = Upstreams::start().await;
    let world = upstreams.plan().start().await;
    let lines = lines(&world, &[("root", &world.admin_key), ("sam", &world.key)], 5).await;
    assert_eq!(lines.len(), 50);
    let (mut answered, mut left) = (0, calls);
    while left > 0 {
        let next = left.min(20_000);
        answered += crowd(&world, &lines, next, 3).await;
        left -= next;
        let hits = upstreams.assert_right();
        assert!(hits >= answered, "{hits} requests came for {answered} answers");
    }
    assert!((calls * 7 / 10..calls).contains(&answered), "{answered} of {calls} were answered");
    assert!(upstreams.lines.accepted() < calls / 2, "connections are shared, or this would show nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ci_8_callers_who_leave_while_the_store_is_read_mix_nothing_up() {
    let upstreams = Upstreams::start().await;
    let mut plan = upstreams.plan();
    plan.store = Some(slow_store::database(Duration::from_millis(2)).await);
    // Nothing is believed without asking the store.
    let world = plan.set(|settings| settings.cache.fresh = Duration::ZERO).start().await;
    let mut keys = Vec::new();
    for owner in 0..10 {
        let name = format!("owner-{owner}");
        let ask = async |path: String, body: Value| {
            world.api(&world.admin_key, Method::POST, &path, Some(body)).await
        };
        assert_eq!(ask("/owners".to_owned(), json!({"name": name})).await.status, 200);
        let key = ask(format!("/keys?owner={name}"), json!({"name": "first"})).await.json();
        keys.push((name, key["key"].as_str().unwrap().to_owned()));
    }
    let owners: Vec<_> = keys.iter().map(|(name, key)| (name.as_str(), key.as_str())).collect();
    let lines = lines(&world, &owners, 1).await;
    let answered = crowd(&world, &lines, 2_000, 5).await;
    assert!((1_000..2_000).contains(&answered), "{answered}");
    assert!(upstreams.assert_right() >= answered);
    // Whoever left has left nothing behind for the next one.
    assert_eq!(crowd(&world, &lines, 100, 0).await, 100);
    upstreams.assert_right();
}
