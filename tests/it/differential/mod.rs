//! The same bytes to the gateway and to nginx: never do more requests arrive through the gateway, and never does a
//! request that was hidden in another one.
//!
//! Where nginx is laxer, as with bare LF, the comparison is one-sided. Every case is made from the family's seed and its
//! own number, so a failure names what makes it again.

mod cases;
mod nginx;

use std::{collections::HashMap, net::SocketAddr, sync::Arc, time::Duration};

use futures_util::{StreamExt as _, stream};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use self::{cases::Case, nginx::Nginx};
use crate::harness::{
    recorder::{Kept, Recorder},
    world::{Plan, World},
};

/// So many connections are open at the same time, to each side.
const AT_ONCE: usize = 128;
/// How long a test waits for a connection that must end by itself.
const PATIENCE: Duration = Duration::from_mins(1);

/// The gateway with the app `things`. It ends silent connections after a second.
async fn gateway(upstream: &Recorder) -> World {
    let second = Duration::from_secs(1);
    let world = Plan::default()
        .key_app("things", &upstream.url())
        .set(|settings| {
            settings.bounds.head_timeout = second;
            settings.bounds.idle_timeout = second;
            settings.limits.key_concurrency = 10_000.try_into().unwrap();
        })
        .start()
        .await;
    world.connect("things", "sk_real").await;
    world
}

/// Sends everything and reads until the other side has had enough.
async fn send(address: SocketAddr, bytes: &[u8]) {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let _ = socket.write_all(bytes).await;
    let mut answers = Vec::new();
    let ended = timeout(PATIENCE, socket.read_to_end(&mut answers)).await;
    assert!(ended.is_ok(), "kept open: {:?}", String::from_utf8_lossy(bytes));
}

/// How many requests arrived of each case, and whether the hidden one did.
fn arrived(kept: &Kept) -> HashMap<usize, (usize, bool)> {
    let mut found = HashMap::<usize, (usize, bool)>::new();
    for message in &kept.whole {
        // The case's number stands in the path as `/c12/`, wherever the path itself was moved to.
        let number = message.target.split('/').find_map(|part| part.strip_prefix('c')?.parse().ok());
        let entry = found.entry(number.unwrap_or(usize::MAX)).or_default();
        *entry = (entry.0 + 1, entry.1 || message.target.contains("marker"));
    }
    found
}

/// Sends every case of a family to both. `some`: whether a few of the odd requests are good ones and have to arrive.
async fn compare(family: &str, cases: Vec<Case>, some: bool) {
    let (ours, theirs) = (Recorder::start().await, Recorder::start().await);
    let (world, nginx) = (gateway(&ours).await, Nginx::start(theirs.address).await);
    let key = Arc::new(world.key.clone());
    stream::iter(&cases)
        .for_each_concurrent(AT_ONCE, |case| {
            let bytes = case.bytes(&key);
            async move {
                tokio::join!(send(world.gateway, &bytes), send(nginx.address, &bytes));
            }
        })
        .await;
    let (ours, theirs) = (ours.take(), theirs.take());
    let odd = ours.whole.iter().filter(|message| message.target.ends_with("/1")).count();
    assert!(!some || odd > 10, "{family}: {odd} good requests among the odd ones");
    assert!(ours.wrong.is_empty(), "{family}: what left the gateway: {:#?}", ours.wrong);
    let (ours, theirs) = (arrived(&ours), arrived(&theirs));
    assert!(!ours.contains_key(&usize::MAX), "{family}: a request of no case arrived");
    let total = |found: &HashMap<usize, (usize, bool)>| found.values().map(|found| found.0).sum::<usize>();
    let mut wrong = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let of = |found: &HashMap<usize, (usize, bool)>| found.get(&number).copied().unwrap_or_default();
        let ((here, hidden), (there, known)) = (of(&ours), of(&theirs));
        if here > there.max(case.lawful) || (hidden && !known) {
            wrong.push(format!("{number}: {here} here, {there} there, hidden {hidden}/{known}: {case:?}"));
        }
    }
    println!("{family}: {} cases, {} requests here, {} there", cases.len(), total(&ours), total(&theirs));
    assert!(total(&ours) >= cases.len() / 3, "{family}: the good requests before the odd ones arrive");
    assert!(wrong.is_empty(), "{family}: {} cases\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rp_1_a_length_beside_chunked_hides_no_request() {
    compare("both", cases::both(), false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rp_2_no_spelling_of_a_coding_hides_a_request() {
    compare("codings", cases::codings(), false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rp_3_no_spelling_of_a_length_hides_a_request() {
    compare("lengths", cases::lengths(), true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rp_4_no_oddity_of_a_chunk_hides_a_request() {
    compare("chunks", cases::chunks(), true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rp_5_rp_6_rp_8_rp_10_no_oddity_of_a_head_hides_a_request() {
    compare("heads", cases::heads(), true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rp_1_rp_2_rp_3_rp_4_rp_5_no_mixture_of_oddities_hides_a_request() {
    compare("mixtures", cases::mixtures(), true).await;
}
