//! RP-15: HTTP/2 frames that cost their sender nothing. Each kind ends the connection within a bounded number of frames,
//! is counted as what it is, and others are served meanwhile.

use crate::harness::{
    frames::{self, END_STREAM, Frames, frame, headers},
    upstream::{Answer, Upstream},
    world::{Plan, World},
};

async fn stage() -> (Upstream, World) {
    let upstream = Upstream::answering(|seen| match seen.target() {
        "/hang" => Answer::Hang,
        _ => Answer::ok("x"),
    })
    .await;
    let world = Plan::default().key_app("things", &upstream.url()).start().await;
    world.connect("things", "sk_real").await;
    (upstream, world)
}

fn request<'a>(path: &'a str, bearer: &'a str) -> [(&'a str, &'a str); 5] {
    [
        (":method", "POST"),
        (":scheme", "http"),
        (":authority", "localhost"),
        (":path", path),
        ("authorization", bearer),
    ]
}

fn counted(world: &World, kind: &str) -> u32 {
    let text = world.metrics.render();
    let name = format!("keyferry_http2_floods_total{{kind=\"{kind}\"}} ");
    text.lines().find_map(|line| line.strip_prefix(&name)).unwrap().parse().unwrap()
}

/// Sends what `next` gives until the connection ends, which has to be within `most` sends; then looks at the numbers.
async fn ends(
    world: &World,
    kind: &str,
    most: usize,
    mut frames: Frames,
    mut next: impl FnMut(u32) -> Vec<u8>,
) {
    let before = counted(world, kind);
    let mut sent = 0;
    while frames.send(next(u32::try_from(sent).unwrap())).await && !frames.skim() {
        sent += 1;
        assert!(sent < most, "{kind}: nobody minds {sent} of them");
        if sent % 100 == 0 {
            tokio::task::yield_now().await;
        }
    }
    let counts = async {
        while counted(world, kind) == before {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), counts).await.expect("it is counted");
    assert_eq!(world.get("/things/x").await.status, 200, "others are served");
}

#[tokio::test]
async fn rp_15_rapid_reset_ends_the_connection() {
    let (_upstream, world) = stage().await;
    let bearer = format!("Bearer {}", world.key);
    let frames = Frames::connect(world.gateway).await;
    ends(&world, "rapid_reset", 20_000, frames, |at| {
        let stream = at * 2 + 1;
        let ask = headers(stream, END_STREAM, &request("/things/hang", &bearer));
        [ask, frame(frames::RST_STREAM, 0, stream, &8_u32.to_be_bytes())].concat()
    })
    .await;
}

/// Slow enough that each call is under way when it is given up, which the library takes for an ordinary change of mind.
#[tokio::test]
async fn rp_15_calls_that_are_begun_and_given_up_end_the_connection_too() {
    let (upstream, world) = stage().await;
    let bearer = format!("Bearer {}", world.key);
    let mut frames = Frames::connect(world.gateway).await;
    let mut given_up = 0;
    for stream in (1..).step_by(2) {
        let seen = upstream.seen().len();
        if !frames.send(headers(stream, END_STREAM, &request("/things/hang", &bearer))).await {
            break;
        }
        while upstream.seen().len() == seen && !frames.skim() {
            tokio::task::yield_now().await;
        }
        if !frames.send(frame(frames::RST_STREAM, 0, stream, &8_u32.to_be_bytes())).await || frames.skim() {
            break;
        }
        given_up += 1;
        assert!(given_up < 5_000, "nobody minds {given_up} of them");
    }
    assert!(given_up >= 100, "who changes its mind now and then is left alone");
    assert_eq!(counted(&world, "rapid_reset"), 1);
    upstream.until_open(0).await;
}

#[tokio::test]
async fn rp_15_made_you_reset_ends_the_connection() {
    let (_upstream, world) = stage().await;
    let bearer = format!("Bearer {}", world.key);
    let frames = Frames::connect(world.gateway).await;
    ends(&world, "made_you_reset", 20_000, frames, |at| {
        let stream = at * 2 + 1;
        let ask = headers(stream, END_STREAM, &request("/things/hang", &bearer));
        // More window than there can be: the server has to reset the stream.
        [ask, frame(frames::WINDOW_UPDATE, 0, stream, &0x7fff_ffff_u32.to_be_bytes())].concat()
    })
    .await;
}

#[tokio::test]
async fn rp_15_endless_heads_end_the_connection() {
    let (upstream, world) = stage().await;
    let bearer = format!("Bearer {}", world.key);
    for payload in [Vec::new(), frames::block(&[("x", "y")])] {
        let mut frames = Frames::connect(world.gateway).await;
        let first = frames::block(&request("/things/x", &bearer));
        frames.send(frame(frames::HEADERS, END_STREAM, 1, &first)).await;
        ends(&world, "continuation", 20_000, frames, |_| frame(frames::CONTINUATION, 0, 1, &payload)).await;
    }
    assert_eq!(upstream.seen().len(), 2, "only those of the others");
}

#[tokio::test]
async fn rp_15_frames_about_the_connection_end_it() {
    let (_upstream, world) = stage().await;
    for (kind, bytes) in [
        ("settings", frame(frames::SETTINGS, 0, 0, &[])),
        ("ping", frame(frames::PING, 0, 0, &[0; 8])),
        ("ping", frame(frames::PING, 1, 0, &[0; 8])),
        ("priority", frame(frames::PRIORITY, 0, 1, &[0, 0, 0, 0, 16])),
        ("window_update", frame(frames::WINDOW_UPDATE, 0, 0, &1_u32.to_be_bytes())),
        ("unknown", frame(0x20, 0, 0, b"grease")),
    ] {
        let frames = Frames::connect(world.gateway).await;
        ends(&world, kind, 20_000, frames, |_| bytes.clone()).await;
    }
}

#[tokio::test]
async fn rp_15_data_without_data_ends_the_connection() {
    let (_upstream, world) = stage().await;
    let bearer = format!("Bearer {}", world.key);
    for (flags, payload) in [(0, &[][..]), (8, &[0][..])] {
        let mut frames = Frames::connect(world.gateway).await;
        frames.send(headers(1, 0, &request("/things/x", &bearer))).await;
        ends(&world, "empty_data", 100_000, frames, |_| frame(frames::DATA, flags, 1, payload)).await;
    }
}

#[tokio::test]
async fn who_never_opens_its_window_holds_no_call() {
    let (send, more) = tokio::sync::mpsc::unbounded_channel::<Vec<u8>>();
    let more = std::sync::Mutex::new(Some(more));
    let upstream = Upstream::answering(move |_| {
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\nbegin".to_vec();
        Answer::Stream(head, more.lock().unwrap().take().unwrap())
    })
    .await;
    let plan = Plan::default().key_app("things", &upstream.url());
    let patience = std::time::Duration::from_millis(300);
    let world = plan.set(|settings| settings.bounds.idle_timeout = patience).start().await;
    world.connect("things", "sk_real").await;
    let bearer = format!("Bearer {}", world.key);
    let mut frames = Frames::connect(world.gateway).await;
    // SETTINGS_INITIAL_WINDOW_SIZE = 0
    frames.send(frame(frames::SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0])).await;
    frames.send(headers(1, END_STREAM, &request("/things/x", &bearer))).await;
    assert_eq!(frames.outcome(1).await, frames::Outcome::Status(200));
    // Nothing else is sent: the stream is reset, the connection stays, and the upstream is let go.
    assert!(matches!(frames.outcome(1).await, frames::Outcome::Reset(_)));
    while send.send(b"x".to_vec()).is_ok() {
        tokio::task::yield_now().await;
    }
}
