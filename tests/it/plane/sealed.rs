//! Sealed links: what is fetched behind them, by whom, and from which addresses.

use http::Method;

use crate::harness::{
    http::Reply,
    tls::Internet,
    upstream::{Answer, Seen},
    world::World,
};

const HOME: &str = "things.example.com";
const FILES: &str = "files.example.com";

/// `/go?<target>` redirects there; everything else is a file of ten bytes.
fn script(seen: &Seen) -> Answer {
    if let Some((_, target)) = seen.target().split_once("go?") {
        return Answer::with("302 Found", &format!("location: {target}\r\n"), "");
    }
    match (seen.method(), seen.header("range")) {
        ("HEAD", _) => Answer::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\netag: \"e\"\r\n\r\n".into()),
        (_, Some("bytes=2-4")) => {
            Answer::with("206 Partial Content", "content-range: bytes 2-4/10\r\netag: \"e\"\r\n", "234")
        }
        (_, Some(_)) => Answer::with("416 Range Not Satisfiable", "content-range: bytes */10\r\n", ""),
        _ if seen.header("if-none-match") == Some("\"e\"") => {
            Answer::Bytes(b"HTTP/1.1 304 Not Modified\r\netag: \"e\"\r\n\r\n".into())
        }
        _ => Answer::with("200 OK", "content-disposition: attachment\r\n", "0123456789"),
    }
}

async fn stage() -> (Internet, World) {
    let internet = Internet::answering(script).await;
    let world = internet.plan().key_app("things", &format!("https://{HOME}")).start().await;
    world.connect("things", "sk_real").await;
    (internet, world)
}

/// The path at the gateway of the sealed link for a redirect to `target`.
async fn sealed(world: &World, target: &str) -> String {
    path(&world.get(&format!("/things/go?{target}")).await)
}

fn path(reply: &Reply) -> String {
    assert_eq!(reply.status, 302, "{reply:?}");
    format!("/~/{}", reply.header("location").unwrap().split_once("/~/").expect("a sealed link").1)
}

#[tokio::test]
async fn ranges_conditions_and_head_reach_the_target() {
    let (_internet, world) = stage().await;
    let link = sealed(&world, &format!("https://{FILES}/a")).await;
    let whole = world.get(&link).await;
    assert_eq!((whole.status.as_u16(), whole.text()), (200, "0123456789"));
    assert_eq!(whole.header("content-disposition"), Some("attachment"));
    let part = world.call(Method::GET, &link, &[("range", "bytes=2-4")], "").await;
    assert_eq!((part.status.as_u16(), part.text()), (206, "234"));
    assert_eq!(part.header("content-range"), Some("bytes 2-4/10"));
    let beyond = world.call(Method::GET, &link, &[("range", "bytes=20-")], "").await;
    assert_eq!((beyond.status.as_u16(), beyond.header("content-range")), (416, Some("bytes */10")));
    let same = world.call(Method::GET, &link, &[("if-none-match", "\"e\"")], "").await;
    assert_eq!((same.status.as_u16(), same.text(), same.header("etag")), (304, "", Some("\"e\"")));
    let head = world.call(Method::HEAD, &link, &[], "").await;
    assert_eq!((head.status.as_u16(), head.text(), head.header("content-length")), (200, "", Some("10")));
}

#[tokio::test]
async fn a_redirect_of_a_target_is_sealed_again_as_often_as_it_takes() {
    let (internet, world) = stage().await;
    let far = format!("https://{FILES}/go?https://mirror.example.com/go?/deep/go?//{HOME}/end");
    let mut link = sealed(&world, &far).await;
    for host in [FILES, "mirror.example.com", "mirror.example.com"] {
        let reply = world.get(&link).await;
        assert_eq!(internet.newest().header("host"), Some(host));
        link = path(&reply);
    }
    assert_eq!(world.get(&link).await.text(), "0123456789");
    let last = internet.newest();
    assert_eq!((last.header("host"), last.target()), (Some(HOME), "/end"));
    for seen in internet.seen().iter().skip(2) {
        // Also where the chain comes home: it is a link, and no call of the app.
        assert!(!seen.head.contains("authorization") && !seen.head.contains("kf_"), "{}", seen.head);
    }
}

#[tokio::test]
async fn rt_8_a_redirect_of_a_public_upstream_is_not_followed_to_a_private_address() {
    let (internet, world) = stage().await;
    let port = internet.port();
    let link = sealed(&world, &format!("https://{FILES}/a")).await;
    assert_eq!(world.get(&link).await.status, 200, "from a private upstream: the ranges of egress.allow");
    let mut links = vec![link];
    for host in ["127.0.0.1", "2130706433", "0x7f.1", "localhost", "[::ffff:127.0.0.1]", "127.0.0.1."] {
        links.push(sealed(&world, &format!("https://{host}:{port}/a")).await);
    }
    let before = internet.seen().len();
    internet.moves(HOME, "93.184.216.34");
    // The connection to the first one is still open for those who may use it.
    let problem = world.get(&links[0]).await.assert_problem(400, "bad_request");
    assert!(problem["detail"].as_str().unwrap().contains("private"), "{problem}");
    for link in &links {
        // Odd spellings of addresses are no names for TLS either, which some of them get to hear first.
        let reply = world.get(link).await;
        assert!(matches!(reply.status.as_u16(), 400 | 502), "{reply:?}");
    }
    assert_eq!(internet.seen().len(), before);
}

#[tokio::test]
async fn rt_8_no_redirect_is_followed_to_what_apps_may_not_dial() {
    let (internet, world) = stage().await;
    for target in
        ["10.0.0.1", "169.254.169.254", "[fd00::1]", "[::ffff:10.0.0.1]", "0.0.0.0", "100.100.100.200"]
    {
        let link = sealed(&world, &format!("https://{target}/latest/meta-data")).await;
        world.get(&link).await.assert_problem(400, "bad_request");
        let name = sealed(&world, &format!("https://{FILES}/latest/meta-data")).await;
        internet.moves(FILES, target.trim_matches(['[', ']']));
        world.get(&name).await.assert_problem(400, "bad_request");
    }
    assert!(internet.seen().iter().all(|seen| seen.target().contains("go?")), "{:#?}", internet.seen());
}
