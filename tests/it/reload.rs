//! App files read again while the gateway runs: new ones serve, changed ones move, a bad one changes nothing.

use std::{fs, path::PathBuf};

use crate::harness::{
    upstream::Upstream,
    world::{Plan, World},
};

fn file(world: &World, name: &str) -> PathBuf {
    world.dir.path().join("apps").join(format!("{name}.toml"))
}

#[tokio::test]
async fn a_changed_file_moves_the_next_call_with_its_connection() {
    let (before, after) = (Upstream::start().await, Upstream::start().await);
    let world = Plan::default().key_app("things", &before.url()).start().await;
    world.connect("things", "sk_real").await;
    assert_eq!(world.get("/things/v1/x").await.status, 200);
    let things = file(&world, "things");
    let moved = fs::read_to_string(&things).unwrap().replace(&before.url(), &after.url());
    fs::write(&things, moved.replace("Authorization", "X-Things-Key")).unwrap();
    world.reload.ask();
    assert_eq!(world.get("/things/v1/x").await.status, 200);
    assert_eq!(before.seen().len(), 1);
    let seen = after.only();
    assert_eq!(seen.header("x-things-key"), Some("Bearer sk_real"));
    assert_eq!(
        seen.header("authorization"),
        None,
        "the caller's key is at no place of the credential any more"
    );
}

#[tokio::test]
async fn a_new_file_is_a_new_app_and_a_bad_one_leaves_all_as_they_were() {
    let upstream = Upstream::start().await;
    let world = Plan::default().key_app("things", &upstream.url()).start().await;
    world.connect("things", "sk_real").await;
    let text = fs::read_to_string(file(&world, "things")).unwrap();
    fs::write(file(&world, "more"), text.replace("\"things\"", "\"more\"")).unwrap();
    fs::write(file(&world, "broken"), "name = \"broken\"\n").unwrap();
    world.reload.look();
    world.get("/more/v1/x").await.assert_problem(404, "app_unknown");
    assert_eq!(world.get("/things/v1/x").await.status, 200, "one bad file takes nothing away");
    fs::remove_file(file(&world, "broken")).unwrap();
    world.reload.look();
    world.connect("more", "sk_more").await;
    assert_eq!(world.get("/more/v1/x").await.status, 200);
    fs::remove_file(file(&world, "more")).unwrap();
    world.reload.look();
    world.get("/more/v1/x").await.assert_problem(404, "app_unknown");
}
