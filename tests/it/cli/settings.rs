use super::{Place, Ran};

#[test]
fn an_unknown_setting_names_its_line_and_the_nearest_known_one() {
    let (place, _) = Place::initialised();
    let lines = String::from_utf8(place.read("keyferry.toml")).unwrap().lines().count();
    place.settings("\n[limits]\nowner_rat = 5\n");
    let told = format!(
        "keyferry.toml:{}: limits.owner_rat: unknown setting; the nearest known one is limits.owner_rate",
        lines + 3
    );
    for command in [["check"].as_slice(), &["serve"], &["key", "list"]] {
        place.run(command).failed(2, &[&told]);
    }
}

#[test]
fn variables_and_flags_are_told_by_their_names() {
    let (place, _) = Place::initialised();
    let mut command = place.command(&["check"]);
    Ran::of(command.env("KEYFERRY_STORE__ULR", "x")).failed(2, &["KEYFERRY_STORE__ULR", "store.url"]);
    place
        .run(&["--set", "limits.owner_rate=fast", "check"])
        .failed(2, &["--set limits.owner_rate", "whole number"]);
    place.run(&["--set", "nonsense", "check"]).failed(2, &["limits.owner_rate=100"]);
    let mut command =
        place.command(&["--set", "control.url=https://flag.example.com", "app", "show", "gmail"]);
    let ran = Ran::of(command.env("KEYFERRY_CONTROL__URL", "https://variable.example.com")).succeeded();
    assert!(ran.out.contains("https://flag.example.com/callback/google-mail"), "{ran:?}");
}

#[test]
fn a_bad_app_file_is_told_with_file_and_line() {
    let (place, _) = Place::initialised();
    std::fs::create_dir(place.path("apps")).unwrap();
    place
        .write("apps/mine.toml", "name = \"mine\"\ndisplay_name = \"Mine\"\nbas = \"https://example.com\"\n");
    place.settings("\n[catalog]\ndir = \"apps\"\n");
    let ran = place.run(&["check"]);
    assert!(ran.code == 2 && ran.err.contains("mine.toml:3"), "{ran:?}");
}

#[test]
fn rt_9_an_app_without_tls_is_refused_when_it_is_loaded() {
    let (place, _) = Place::initialised();
    std::fs::create_dir(place.path("apps")).unwrap();
    let app = |base: &str| {
        format!(
            "name = \"mine\"\ndisplay_name = \"Mine\"\nbase = \"{base}\"\nno_probe = \"a test\"\n[[auth]]\nmethod = \"API_KEY\"\n\
             fields = [{{ name = \"key\", label = \"Key\", secret = true }}]\n\
             inject = [{{ header = \"X-Key\", value = \"${{key}}\" }}]\n"
        )
    };
    place.settings("\n[catalog]\ndir = \"apps\"\n");
    place.write("apps/mine.toml", &app("https://api.example.com"));
    place.run(&["check"]).succeeded();
    for base in
        ["http://api.example.com", "http://127.0.0.1:9", "HTTP://api.example.com", "ftp://api.example.com"]
    {
        place.write("apps/mine.toml", &app(base));
        let ran = place.run(&["check"]);
        assert!(
            ran.code == 2 && ran.err.contains("mine.toml") && ran.err.contains("https"),
            "{base}: {ran:?}"
        );
    }
    place.write("apps/mine.toml", &app("http://127.0.0.1:9"));
    place.run(&["--set", "egress.plain_http=true", "check"]).succeeded();
}

#[test]
fn check_notes_what_is_probably_not_meant() {
    let (place, _) = Place::initialised();
    let plain = place.run(&["check"]).succeeded();
    assert!(!plain.out.contains("note:"), "{plain:?}");
    place.settings("\n[clients.gogle]\nclient_id = \"x\"\n");
    let ran = place.run(&["--set", "control.url=http://control.example.com", "check"]).succeeded();
    assert!(ran.out.contains("[clients.gogle] serves none") && ran.out.contains("unencrypted"), "{ran:?}");
}

#[test]
fn a_settings_file_that_was_named_must_be_there() {
    let place = Place::empty();
    place.run(&["--config", "gone.toml", "check"]).failed(2, &["gone.toml", "keyferry init"]);
}

#[test]
fn secrets_are_never_printed() {
    let (place, key) = Place::initialised();
    place.write("secret", "canary-file");
    let text = "\n[clients.google]\nclient_id = \"visible\"\nclient_secret_file = \"secret\"\ndeveloper_token = \"canary-token\"\n\
                [clients.stripe]\nclient_id = \"ca_1\"\nclient_secret = \"canary-text\"\n[redis]\nurl = \"redis://:canary-redis@localhost\"\n";
    place.settings(text);
    let master = String::from_utf8(place.read("master.key")).unwrap();
    let master = master.lines().last().unwrap();
    let commands: [&[&str]; 7] = [
        &["check"],
        &["app", "show", "google-ads"],
        &["app", "show", "stripe", "--json"],
        &["key", "list", "--json"],
        &["owner", "list"],
        &["connection", "list"],
        &["healthcheck"],
    ];
    for command in commands {
        let Ran { out, err, .. } = place.run(command);
        for secret in ["canary", &key[5..20], &master[..12]] {
            assert!(!out.contains(secret) && !err.contains(secret), "{command:?}: {out}{err}");
        }
    }
    // Also where the settings are wrong in the very line that holds one.
    for broken in
        ["client_secret = canary-bare", "client_secret = [\"canary-list\"]", "client_secret = \"canary-open"]
    {
        let place = Place::empty();
        place.write("keyferry.toml", &format!("[clients.x]\nclient_id = \"i\"\n{broken}\n"));
        let ran = place.run(&["check"]).failed(2, &["keyferry.toml:3"]);
        assert!(!ran.err.contains("canary"), "{ran:?}");
    }
}

#[test]
fn healthcheck_says_so_when_nothing_answers() {
    let (place, _) = Place::initialised();
    // A port that was free a moment ago and that nobody serves.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let listen = format!("admin.listen=127.0.0.1:{port}");
    place.run(&["--set", &listen, "healthcheck"]).failed(1, &["nothing healthy at 127.0.0.1"]);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let (place, _) = Place::initialised();
    let command = format!("{} app list --json | head -c 1", env!("CARGO_BIN_EXE_keyferry"));
    let mut shell = std::process::Command::new("sh");
    let ran =
        Ran::of(shell.args(["-c", &command]).current_dir(place.path(".")).env_remove("KEYFERRY_CONFIG"));
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
}
