use super::{Place, Ran};

#[test]
fn init_makes_three_files_for_their_owner_only_and_shows_the_key_once() {
    let place = Place::empty();
    let ran = place.run(&["init"]).succeeded();
    assert_eq!(place.names(), ["keyferry.db", "keyferry.toml", "master.key"]);
    for name in place.names() {
        assert_eq!(place.mode(&name), 0o600, "{name}");
    }
    let key = ran.out.split_whitespace().find(|word| word.starts_with("kf_")).expect("a key");
    assert!(ran.out.contains("keyferry serve\n") && ran.out.contains("curl -H 'Authorization: Bearer kf_"));
    for name in place.names() {
        let held = place.read(&name);
        assert!(!held.windows(12).any(|part| part == &key.as_bytes()[3..15]), "the key is in {name}");
    }
    let listed = place.run(&["key", "list"]).succeeded();
    assert!(listed.out.contains("admin") && !listed.out.contains(key));
}

#[test]
fn a_second_init_is_refused_and_touches_nothing() {
    let (place, _) = Place::initialised();
    let before = place.names().into_iter().map(|name| place.read(&name)).collect::<Vec<_>>();
    place.run(&["init"]).failed(2, &["keyferry.toml is there already", "keyferry serve"]);
    let after = place.names().into_iter().map(|name| place.read(&name)).collect::<Vec<_>>();
    assert_eq!(before, after);
}

#[test]
fn init_overwrites_none_of_its_files_even_if_only_one_is_there() {
    for name in ["master.key", "keyferry.db"] {
        let place = Place::empty();
        place.write(name, "precious");
        place.run(&["init"]).failed(2, &[name, "is there already"]);
        assert_eq!(place.names(), [name]);
        assert_eq!(place.read(name), b"precious");
    }
}

#[test]
fn an_init_that_fails_half_way_leaves_nothing() {
    let place = Place::empty();
    place.run(&["init", "--owner", " no name "]).failed(1, &["a name has 1 to 100 characters"]);
    assert_eq!(place.names(), Vec::<String>::new());
    place.run(&["init"]).succeeded();
}

#[test]
fn init_goes_where_it_is_told() {
    let place = Place::empty();
    let file = place.path("deep/er/my.toml");
    let ran = place.run(&["--config", file.to_str().unwrap(), "init", "--owner", "ada"]).succeeded();
    assert!(ran.out.contains(&format!("keyferry serve --config {}", file.display())), "{ran:?}");
    assert_eq!(place.names(), ["deep"]);
    let mut command = place.command(&["owner", "list", "--json"]);
    let owners = Ran::of(command.env("KEYFERRY_CONFIG", &file)).succeeded().json();
    assert_eq!(owners["owners"][0]["name"], "ada");
}

#[test]
fn what_init_wrote_passes_the_check() {
    let (place, _) = Place::initialised();
    let ran = place.run(&["check"]).succeeded();
    assert!(ran.out.contains("settings    ok") && ran.out.contains("app files   ok"), "{ran:?}");
}
