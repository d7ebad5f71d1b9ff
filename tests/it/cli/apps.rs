//! `keyferry app`: a file of one's own from the first line to the first answer.

use super::Place;
use crate::harness::upstream::Upstream;

#[test]
fn an_app_is_made_checked_and_listed() {
    let (place, _) = Place::initialised();
    place.run(&["app", "add", "acme", "--base", "https://api.acme.test"]).failed(2, &["catalog.dir"]);
    place.settings("\n[catalog]\ndir = \"apps\"\n");
    let add = ["app", "add", "acme", "--base", "https://${tenant}.acme.test", "--display-name", "Acme"];
    let told = place.run(&[&add[..], &["--header", "X-Acme-Key"]].concat()).succeeded();
    assert!(told.out.contains("Made ") && told.out.contains("keyferry app test acme"), "{told:?}");
    place.run(&["check"]).succeeded();
    let shown = place.run(&["app", "show", "acme"]).succeeded();
    assert!(shown.out.contains("${tenant}.acme.test") && shown.out.contains("(tenant)"), "{shown:?}");
    place.run(&add).failed(2, &["is there already"]);
    assert_eq!(place.run(&["app", "list", "acme", "--json"]).succeeded().json()["apps"][0]["name"], "acme");
}

#[test]
fn what_would_be_no_good_app_is_not_written() {
    let (place, _) = Place::initialised();
    place.settings("\n[catalog]\ndir = \"apps\"\n");
    for (arguments, told) in [
        (["app", "add", "Acme", "--base", "https://api.acme.test"], "no app name"),
        (["app", "add", "acme", "--base", "http://api.acme.test"], "http is refused"),
        (["app", "add", "keys", "--base", "https://api.acme.test"], "control API"),
    ] {
        place.run(&arguments).failed(2, &[told]);
    }
    place.run(&["app", "add", "acme"]).failed(2, &["--base is missing"]);
    assert!(!place.path("apps").exists(), "nothing was made");
}

#[test]
fn a_file_can_start_from_a_built_in_one() {
    let (place, _) = Place::initialised();
    place.settings("\n[catalog]\ndir = \"apps\"\n");
    place.run(&["app", "add", "my-gmail", "--like", "gmail"]).succeeded();
    let made = place.run(&["app", "show", "my-gmail", "--json"]).succeeded().json();
    assert_eq!(made["hosts"], serde_json::json!(["gmail.googleapis.com"]));
    let file = place.run(&["app", "show", "stripe", "--file"]).succeeded();
    assert!(file.out.contains("name = \"stripe\"") && file.out.contains("[probe]"), "{file:?}");
}

#[test]
fn what_nobody_has_tried_is_told() {
    let (place, _) = Place::initialised();
    let shown = place.run(&["app", "show", "stripe"]).succeeded();
    assert!(shown.out.contains("nobody has tried") && shown.out.contains("probe.label"), "{shown:?}");
    let json = place.run(&["app", "show", "stripe", "--json"]).succeeded().json();
    assert!(json["unverified"].as_array().unwrap().contains(&"probe.label".into()), "{json}");
    let schema = place.run(&["app", "schema"]).succeeded().json();
    assert_eq!(schema["title"], "A keyferry app file");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_dials_every_url_and_tells_which_one_fails() {
    let upstream = Upstream::start().await;
    let (place, _) = Place::initialised();
    place.settings("\n[catalog]\ndir = \"apps\"\n[egress]\nplain_http = true\nallow = [\"127.0.0.0/8\"]\n");
    let port = upstream.address.port().to_string();
    let oauth = ["--authorize", "http://127.0.0.1:1/authorize", "--token"];
    let token = format!("{}/token", upstream.url());
    let base = upstream.url();
    let made = [&["app", "add", "acme", "--base", &base], &oauth[..], &[&token]].concat();
    place.run(&made).succeeded();
    let tested = tokio::task::block_in_place(|| place.run(&["app", "test", "acme"]));
    assert_eq!(tested.code, 1, "{tested:?}");
    assert!(tested.out.contains(&port) && tested.out.contains("answers 200"), "{tested:?}");
    assert!(tested.err.contains("1 of 3 can't be reached"), "{tested:?}");
    let sent = upstream.seen();
    assert!(sent.iter().all(|seen| seen.method() == "GET" && seen.header("authorization").is_none()));
    assert_eq!(sent.len(), 2);
}
