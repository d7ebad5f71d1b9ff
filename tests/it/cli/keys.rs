use keyferry::{id::ConnectionId, store::ConnectionRow};

use super::{Place, set_mode};
use crate::store::rows;

#[test]
fn owners_and_keys_are_made_listed_and_revoked() {
    let (place, _) = Place::initialised();
    let owner =
        place.run(&["owner", "create", "ada", "--email", "ada@example.com", "--json"]).succeeded().json();
    assert_eq!((&owner["name"], &owner["email"]), (&"ada".into(), &"ada@example.com".into()));
    let made = place.run(&["key", "create", "--owner", "ada", "--name", "ci", "--expires", "90d", "--json"]);
    let made = made.succeeded().json();
    assert!(made["key"].as_str().unwrap().starts_with("kf_"));
    assert_eq!((&made["owner"], &made["name"], &made["admin"]), (&owner["id"], &"ci".into(), &false.into()));
    assert!(made["expires_time"].as_str().unwrap().ends_with('Z'));

    let listed = place.run(&["key", "list", "--owner", "ada", "--json"]).succeeded().json();
    assert_eq!(listed["keys"].as_array().unwrap().len(), 1);
    assert_eq!(listed["keys"][0]["id"], made["id"]);
    assert!(listed["keys"][0].get("key").is_none(), "the key itself is never shown again");
    assert_eq!(place.run(&["key", "list", "--json"]).succeeded().json()["keys"].as_array().unwrap().len(), 2);

    let id = made["id"].as_str().unwrap();
    assert!(place.run(&["key", "revoke", id]).succeeded().out.contains("revoked"));
    place.run(&["key", "revoke", id]).failed(1, &["there is no key", "keyferry key list"]);
    assert_eq!(
        place.run(&["key", "list", "--owner", "ada", "--json"]).succeeded().json()["keys"],
        serde_json::json!([])
    );
}

#[test]
fn ak_5_a_key_is_made_with_rules() {
    let (place, _) = Place::initialised();
    let create = ["key", "create", "--owner", "admin", "--app", "gmail", "--app", "stripe"];
    let made = place.run(&[&create[..], &["--read-only", "--no-control", "--json"]].concat());
    let rules = serde_json::json!({"apps": ["google-mail", "stripe"], "read_only": true, "control": false});
    assert_eq!(made.succeeded().json()["rules"], rules);
    let listed = place.run(&["key", "list"]).succeeded();
    assert!(listed.out.contains("apps google-mail,stripe; read-only; no control"), "{listed:?}");
    let told = place.run(&create).succeeded();
    assert!(told.out.contains("limited to apps google-mail,stripe:"), "{told:?}");
    place.run(&[&create[..], &["--app", "strip"]].concat()).failed(1, &["apps[2]", "stripe"]);
    let unknown = "0190b3a4-0000-7000-8000-000000000000";
    let connection = ["key", "create", "--owner", "admin", "--connection", unknown];
    place.run(&connection).failed(1, &["no connection", "keyferry connection list"]);
}

#[test]
fn mistakes_are_answered_with_what_to_do() {
    let (place, _) = Place::initialised();
    place.run(&["key", "create", "--owner", "bob"]).failed(1, &["no owner \"bob\"", "keyferry owner create"]);
    place.run(&["owner", "create", "admin"]).failed(1, &["there is already an owner of this name"]);
    place.run(&["key", "create", "--owner", "admin", "--expires", "90"]).failed(2, &["90d"]);
    let endless = ["key", "create", "--owner", "admin", "--expires", "3000000d"];
    place.run(&endless).failed(1, &["at most a hundred years"]);
    place.run(&["app", "show", "strip"]).failed(1, &["did you mean stripe"]);
    place.run(&["nonsense"]).failed(2, &["--help"]);
}

#[test]
fn a_listing_makes_no_database() {
    let (place, _) = Place::initialised();
    std::fs::remove_file(place.path("keyferry.db")).unwrap();
    place.run(&["key", "list"]).failed(1, &["there is no database", "keyferry migrate"]);
    assert_eq!(place.names(), ["keyferry.toml", "master.key"]);
    place.run(&["migrate"]).succeeded();
    assert_eq!(place.mode("keyferry.db"), 0o600);
    let empty = place.run(&["key", "list"]).succeeded();
    assert!(empty.out.contains("keyferry key create"), "{empty:?}");
}

#[test]
fn apps_and_connections_are_listed() {
    let (place, _) = Place::initialised();
    let apps = place.run(&["app", "list", "--json"]).succeeded().json();
    let names: Vec<&str> =
        apps["apps"].as_array().unwrap().iter().filter_map(|app| app["name"].as_str()).collect();
    assert!(names.contains(&"stripe") && names.contains(&"google-mail"));
    let gmail = place.run(&["app", "show", "gmail", "--json"]).succeeded().json();
    assert_eq!(gmail["ways"][0]["redirect_uri"], "http://localhost:8081/callback/google-mail");
    let shown = place.run(&["app", "show", "gmail"]).succeeded();
    assert!(
        shown.out.contains("[clients.google]") && shown.out.contains("/callback/google-mail"),
        "{shown:?}"
    );
    let none = place.run(&["connection", "list", "--json"]).succeeded().json();
    assert_eq!(none, serde_json::json!({"connections": []}));
    place.run(&["connection", "list", "--app", "strip"]).failed(1, &["did you mean stripe"]);
}

#[tokio::test]
async fn connections_are_found_by_an_alias_of_their_app() {
    let (place, _) = Place::initialised();
    let url = format!("sqlite:{}", place.path("keyferry.db").display());
    let store = keyferry::store::Store::open(&url).await.unwrap();
    let mail = rows::stored_connection(&store).await;
    let mail = ConnectionRow { id: ConnectionId::new(rows::at(1)), app: "google-mail".into(), ..mail };
    store.connections().insert(&mail).await.unwrap();
    store.close().await;
    for name in ["gmail", "google-mail"] {
        let found = place.run(&["connection", "list", "--app", name, "--json"]).succeeded().json();
        let found = found["connections"].as_array().unwrap();
        assert_eq!(found.len(), 1, "{name}");
        assert_eq!(found[0]["connection_id"], mail.id.to_string(), "{name}");
    }
}

/// Commands that touch the database, and the one that only looks.
const COMMANDS: [&[&str]; 4] = [&["serve"], &["migrate"], &["key", "create", "--owner", "admin"], &["check"]];

#[test]
fn sc_3_without_a_good_master_key_nothing_starts_and_nothing_is_written() {
    let weak = "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=";
    for (text, told) in
        [(None, "keyferry init"), (Some("c2hvcnQ="), "32"), (Some(weak), "not random"), (Some(""), "no key")]
    {
        let (place, _) = Place::initialised();
        std::fs::remove_file(place.path("master.key")).unwrap();
        std::fs::remove_file(place.path("keyferry.db")).unwrap();
        if let Some(text) = text {
            place.write("master.key", text);
            set_mode(&place.path("master.key"), 0o600);
        }
        let before = place.names();
        for command in COMMANDS {
            let ran = place.run(command);
            assert!(
                ran.code == 1 && ran.err.contains(told) && ran.err.contains("master.key"),
                "{command:?} {ran:?}"
            );
            assert_eq!(place.names(), before, "{command:?} wrote something");
        }
    }
}

#[test]
fn sc_3_another_databases_master_key_is_refused_and_nothing_is_written() {
    let ((place, _), (other, _)) = (Place::initialised(), Place::initialised());
    place.write("master.key", std::str::from_utf8(&other.read("master.key")).unwrap());
    let before = place.read("keyferry.db");
    for command in &COMMANDS[..3] {
        place.run(command).failed(1, &["was sealed with master key", "nothing was written"]);
        assert_eq!(place.read("keyferry.db"), before, "{command:?}");
    }
}

#[test]
fn sc_5_key_file_and_database_that_others_may_read_are_refused() {
    let (place, _) = Place::initialised();
    for name in ["master.key", "keyferry.db"] {
        set_mode(&place.path(name), 0o644);
        for command in &COMMANDS[..3] {
            let ran = place.run(command);
            assert!(
                ran.code == 1 && ran.err.contains(name) && ran.err.contains("chmod 600"),
                "{command:?} {ran:?}"
            );
        }
        set_mode(&place.path(name), 0o600);
    }
}
