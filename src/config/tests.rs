use std::{fs, path::Path};

use super::*;

/// Settings from the text of a file, in a folder of its own, with variables and flags over it.
struct Given {
    dir: tempfile::TempDir,
    layers: Layers,
}

impl Given {
    fn file(text: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("keyferry.toml");
        fs::write(&file, text).unwrap();
        Self { dir, layers: Layers { file: Some(file), ..Layers::default() } }
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.layers.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    fn flag(mut self, name: &str, value: &str) -> Self {
        self.layers.flags.push((name.to_owned(), value.to_owned()));
        self
    }

    fn beside(self, name: &str, text: &str) -> Self {
        fs::write(self.dir.path().join(name), text).unwrap();
        self
    }

    fn load(&self) -> Settings {
        load(&self.layers).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The error, with the folder's name taken out.
    fn error(&self) -> String {
        let told = load(&self.layers).expect_err("refused").to_string();
        told.replace(&format!("{}/", self.dir.path().display()), "")
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }
}

/// Every name of the contract, with its meaning changed from the default where it has one.
const ALL_FIXED_NAMES: &str = r#"
[gateway]
listen = "127.0.0.1:8180"
url = "http://LOCALHOST:8180/"
app_domain = "apps.example.com"
[control]
listen = "127.0.0.1:8181"
url = "https://control.example.com:443"
return_urls = ["https://app.example.com/connected"]
[admin]
listen = "[::1]:9190"
[store]
url = "sqlite:data/keyferry.db"
[redis]
url = "redis://127.0.0.1:6379"
[vault]
key_file = "keys/master.key"
[limits]
owner_rate = 7
owner_burst = 70
[egress]
allow = ["127.0.0.0/8", "fd00::1"]
plain_http = true
[catalog]
dir = "apps"
[clients.google]
client_id = "id"
client_secret_file = "google.secret"
developer_token = "dev"
[clients.stripe]
client_id = "ca_1"
client_secret = "sk_1"
"#;

#[test]
fn every_fixed_name_is_read() {
    let given = Given::file(ALL_FIXED_NAMES).beside("google.secret", "from a file\n");
    let settings = given.load();
    assert_eq!(settings.gateway.listen.to_string(), "127.0.0.1:8180");
    assert_eq!(settings.gateway.url, "http://localhost:8180");
    assert_eq!(settings.gateway.app_domain, "apps.example.com");
    assert_eq!(settings.control.url, "https://control.example.com");
    assert_eq!(settings.control.return_urls, ["https://app.example.com/connected"]);
    assert_eq!(settings.admin.listen.to_string(), "[::1]:9190");
    assert_eq!(settings.store.url.expose(), format!("sqlite:{}", given.path("data/keyferry.db").display()));
    assert_eq!(settings.redis.url.unwrap().expose(), "redis://127.0.0.1:6379");
    assert_eq!(settings.vault.key_file, given.path("keys/master.key"));
    assert_eq!((settings.limits.owner_rate.get(), settings.limits.owner_burst.get()), (7, 70));
    let allowed: Vec<String> = settings.egress.allow.iter().map(ToString::to_string).collect();
    assert_eq!(allowed, ["127.0.0.0/8", "fd00::1/128"]);
    assert!(settings.egress.plain_http);
    assert_eq!(settings.catalog.dir, Some(given.path("apps")));
    let google = &settings.clients["google"];
    assert_eq!((google.client_id.as_str(), google.client_secret.expose()), ("id", "from a file"));
    assert_eq!(google.extra["developer_token"], "dev");
    assert_eq!(settings.clients["stripe"].client_secret.expose(), "sk_1");
}

#[test]
fn the_defaults_are_those_of_the_contract() {
    let settings = load(&Layers::default()).unwrap();
    assert_eq!(settings.gateway.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.control.listen.to_string(), "127.0.0.1:8081");
    assert_eq!(settings.admin.listen.to_string(), "127.0.0.1:9090");
    assert_eq!(settings.gateway.url, "http://localhost:8080");
    assert_eq!(settings.control.url, "http://localhost:8081");
    assert_eq!((settings.limits.owner_rate.get(), settings.limits.owner_burst.get()), (50, 100));
    assert_eq!(settings.limits.key_concurrency.get(), 100);
    let bounds = settings.bounds;
    let sizes = (bounds.head_bytes.get(), bounds.head_fields.get(), bounds.target_bytes.get());
    assert_eq!(sizes, (65_536, 100, 16_384));
    assert_eq!(bounds.body_bytes, None);
    let times = [bounds.head_timeout, bounds.connect_timeout, bounds.first_byte_timeout, bounds.idle_timeout];
    assert_eq!(times.map(|time| time.as_secs()), [30, 10, 120, 300]);
    assert_eq!(settings.connect.link_lifetime.as_secs(), 900);
    assert_eq!(settings.connect.flow_lifetime.as_secs(), 600);
    assert_eq!((settings.store.grace.as_secs(), settings.cache.fresh.as_secs()), (300, 5));
    assert!(!settings.selection.strict && !settings.egress.plain_http && settings.egress.allow.is_empty());
}

#[test]
fn each_layer_lies_over_the_one_before() {
    let text = "[limits]\nowner_rate = 1\nowner_burst = 1\nkey_concurrency = 1";
    let given = Given::file(text)
        .variable("KEYFERRY_LIMITS__OWNER_BURST", "2")
        .variable("KEYFERRY_LIMITS__KEY_CONCURRENCY", "2")
        .flag("limits.key_concurrency", "3");
    let limits = given.load().limits;
    assert_eq!((limits.owner_rate.get(), limits.owner_burst.get(), limits.key_concurrency.get()), (1, 2, 3));
}

#[test]
fn a_variable_means_what_its_setting_is() {
    let given = Given::file("[redis]\nurl = 'redis://x'\n[egress]\nallow = ['10.0.0.0/8']")
        .variable("KEYFERRY_EGRESS__ALLOW", "127.0.0.0/8, 192.168.0.0/16")
        .variable("KEYFERRY_EGRESS__PLAIN_HTTP", "true")
        .variable("KEYFERRY_BOUNDS__BODY_BYTES", "1000")
        .variable("KEYFERRY_BOUNDS__HEAD_TIMEOUT", "5s")
        .variable("KEYFERRY_REDIS__URL", "")
        .variable("KEYFERRY_LOG__FORMAT", "json")
        .variable("KEYFERRY_ROLE", "control")
        .variable("KEYFERRY_CLIENTS__GOOGLE__CLIENT_ID", "123");
    let settings = given.load();
    assert_eq!(settings.egress.allow.len(), 2);
    assert!(settings.egress.plain_http);
    assert_eq!(settings.bounds.body_bytes.unwrap().get(), 1000);
    assert_eq!(settings.bounds.head_timeout.as_secs(), 5);
    assert_eq!(settings.redis.url, None);
    assert_eq!((settings.log.format, settings.role), (LogFormat::Json, Role::Control));
    assert_eq!(settings.clients["google"].client_id, "123");
}

#[test]
fn variables_that_are_not_settings_are_left_alone() {
    let given = Given::file("")
        .variable("KEYFERRY_CONFIG", "x")
        .variable("KEYFERRY_PORT_8080_TCP", "tcp://10.0.0.1:8080")
        .variable("KEYFERRY_SERVICE_HOST", "10.0.0.1")
        .variable("STORE__URL", "x");
    given.load();
}

#[test]
fn a_variable_with_one_underscore_too_few_is_told() {
    let told = Given::file("").variable("KEYFERRY_STORE_URL", "x").error();
    assert!(told.contains("did you mean KEYFERRY_STORE__URL?"), "{told}");
}

#[test]
fn an_unknown_setting_names_the_nearest_known_one() {
    for (text, expected) in [
        (
            "\n[gateway]\nlisen = 'x'",
            "keyferry.toml:3: gateway.lisen: unknown setting; the nearest known one is gateway.listen",
        ),
        (
            "[gatway]\nlisten = 'x'",
            "keyferry.toml:1: gatway: unknown setting; the nearest known one is gateway",
        ),
        (
            "[gateway]\ngrace = '5m'",
            "keyferry.toml:2: gateway.grace: unknown setting; the nearest known one is",
        ),
        (
            "owner_rate = 5",
            "keyferry.toml:1: owner_rate: unknown setting; the nearest known one is limits.owner_rate",
        ),
        (
            "gateway.tls = { cert = 'x', key_file = 'y' }",
            "keyferry.toml:1: gateway.tls.cert: unknown setting; the nearest known one is gateway.tls.cert_file",
        ),
    ] {
        let told = Given::file(text).error();
        assert!(told.starts_with(expected), "{told}");
    }
    let told = Given::file("").variable("KEYFERRY_STORE__ULR", "x").error();
    assert_eq!(
        told,
        "environment variable KEYFERRY_STORE__ULR: store.ulr: unknown setting; the nearest known one is store.url"
    );
    let told = Given::file("").flag("limits.owner_rte", "1").error();
    assert_eq!(
        told,
        "--set limits.owner_rte: limits.owner_rte: unknown setting; the nearest known one is limits.owner_rate"
    );
}

#[test]
fn a_wrong_value_is_told_with_its_path_and_line() {
    for (text, expected) in [
        (
            "[limits]\n\nowner_rate = 'fast'",
            "keyferry.toml:3: limits.owner_rate: must be a whole number, 1 or more, but is text",
        ),
        ("[limits]\nowner_rate = 0", "keyferry.toml:2: limits.owner_rate: must be a whole number, 1 or more"),
        (
            "[limits]\nowner_rate = -1",
            "keyferry.toml:2: limits.owner_rate: must be a whole number, 1 or more",
        ),
        ("gateway = 'x'", "keyferry.toml:1: gateway: must be a section, but is text"),
        (
            "[egress]\nplain_http = 'yes'",
            "keyferry.toml:2: egress.plain_http: must be true or false, but is text",
        ),
        (
            "[egress]\nallow = [\n'127.0.0.0/8',\n7]",
            "keyferry.toml:4: egress.allow.1: must be text in quotes, but is a number",
        ),
        ("[egress]\nallow = ['here']", "keyferry.toml:2: egress.allow: \"here\" is not an address range"),
        (
            "[bounds]\nhead_timeout = '30'",
            "keyferry.toml:2: bounds.head_timeout: \"30\" is not a length of time",
        ),
        (
            "[bounds]\nhead_timeout = '0s'",
            "keyferry.toml:2: bounds.head_timeout: must be longer than nothing",
        ),
        (
            "[gateway]\nlisten = 'localhost:80'",
            "keyferry.toml:2: gateway.listen: must be an IP address and a port",
        ),
        ("[log]\nformat = 'xml'", "keyferry.toml:2: log.format: must be one of text, json"),
        ("[log]\nfilter = 'a=b=c'", "keyferry.toml:2: log.filter: "),
        ("role = 'king'", "keyferry.toml:1: role: must be one of all, gateway, control"),
        ("[clients.google]\nclient_secret = 'x'", "keyferry.toml:1: clients.google: client_id is missing"),
        ("[clients]\ngoogle = 'x'", "keyferry.toml:2: clients.google: must be a section, but is text"),
        ("[gateway.tls]\ncert_file = 'x'", "keyferry.toml:1: gateway.tls: key_file is missing"),
        ("[store]\nurl = 'mysql://x'", "keyferry.toml:2: store.url: must begin with sqlite: or postgres://"),
        ("[store]\nurl = 2026-11-20", "keyferry.toml:2: store.url: must be text in quotes, but is a date"),
        ("[store\n", "keyferry.toml:1: "),
    ] {
        let told = Given::file(text).error();
        assert!(told.starts_with(expected), "{told}\nfor {text}");
    }
    let told = Given::file("").variable("KEYFERRY_LIMITS__OWNER_RATE", "fast").error();
    assert_eq!(
        told,
        "environment variable KEYFERRY_LIMITS__OWNER_RATE: limits.owner_rate: must be a whole number"
    );
}

#[test]
fn public_urls_are_origins_and_the_two_differ() {
    for url in [
        "gateway.example.com",
        "/x",
        "ftp://x",
        "https://x/path",
        "https://x/?q",
        "https://x/#f",
        "https://u:p@x",
        "",
    ] {
        let told = Given::file(&format!("[gateway]\nurl = '{url}'")).error();
        assert!(
            told.starts_with("keyferry.toml:2: gateway.url: ")
                && told.contains("https://gateway.example.com"),
            "{told}"
        );
    }
    let told = Given::file("[control]\nurl = 'http://localhost:8080/'").error();
    assert!(told.starts_with("keyferry.toml:2: control.url: must be another origin"), "{told}");
}

#[test]
fn a_url_that_nobody_set_follows_the_door() {
    let text = "[gateway]\nlisten = '0.0.0.0:80'\n[control]\nlisten = '0.0.0.0:443'\ntls = { cert_file = 'c', key_file = 'k' }";
    let settings = Given::file(text).load();
    assert_eq!(
        (settings.gateway.url.as_str(), settings.control.url.as_str()),
        ("http://localhost", "https://localhost")
    );
}

#[test]
fn two_doors_of_one_process_need_two_addresses() {
    let text = "[admin]\nlisten = '127.0.0.1:8081'";
    let told = Given::file(text).error();
    assert!(
        told.starts_with("keyferry.toml:2: admin.listen: 127.0.0.1:8081 is already control.listen"),
        "{told}"
    );
    Given::file(text).flag("role", "gateway").load();
    Given::file("[gateway]\nlisten='127.0.0.1:0'\n[control]\nlisten='127.0.0.1:0'\nurl='http://localhost:1'")
        .load();
}

#[test]
fn return_urls_and_app_domain_are_checked() {
    for url in ["/back", "javascript:alert(1)", "https://x/#f", "https://user@x/"] {
        let told = Given::file(&format!("[control]\nreturn_urls = ['{url}']")).error();
        assert!(told.starts_with("keyferry.toml:2: control.return_urls.0: must be an absolute"), "{told}");
    }
    for domain in ["", "a..b", "Example.com", "http://x", "x:80"] {
        let told = Given::file(&format!("[gateway]\napp_domain = '{domain}'")).error();
        assert!(told.starts_with("keyferry.toml:2: gateway.app_domain: "), "{told}");
    }
}

#[test]
fn any_secret_can_stand_in_a_file() {
    let text = "[store]\nurl_file = 'db.url'\n[redis]\nurl_file = 'redis.url'\n[clients.ads]\nclient_id = 'i'\ndeveloper_token_file = 'token'";
    let given = Given::file(text)
        .beside("db.url", "postgres://user:pass@host/db\r\n")
        .beside("redis.url", "redis://:pass@host")
        .beside("token", "dev\n\n");
    let settings = given.load();
    assert_eq!(settings.store.url.expose(), "postgres://user:pass@host/db");
    assert_eq!(settings.redis.url.unwrap().expose(), "redis://:pass@host");
    assert_eq!(settings.clients["ads"].extra["developer_token"], "dev");
    // A later layer's file replaces an earlier layer's value.
    let over = Given::file("[clients.a]\nclient_id = 'i'\nclient_secret = 'old'")
        .variable("KEYFERRY_CLIENTS__A__CLIENT_SECRET_FILE", "new.secret")
        .beside("new.secret", "new");
    assert_eq!(over.load().clients["a"].client_secret.expose(), "new");
}

#[test]
fn a_secret_file_that_is_of_no_use_is_told() {
    let file = "[clients.a]\nclient_id = 'i'\nclient_secret_file = 'f'";
    let told = Given::file(file).error();
    assert!(told.starts_with("keyferry.toml:3: clients.a.client_secret_file: f can't be read"), "{told}");
    let told = Given::file(file).beside("f", "\n").error();
    assert!(told.ends_with("f is empty"), "{told}");
    let told = Given::file(&format!("{file}\nclient_secret = 'x'")).beside("f", "y").error();
    assert!(told.contains("given twice, here and as client_secret"), "{told}");
}

#[test]
fn secrets_of_the_settings_never_print() {
    let text = "[store]\nurl = 'postgres://u:canary-1@h/d'\n[redis]\nurl = 'redis://:canary-2@h'\n\
                [clients.x]\nclient_id = 'visible'\nclient_secret = 'canary-3'\ndeveloper_token = 'canary-4'";
    let settings = Given::file(text).load();
    let shown = format!("{settings:?} {settings:#?}");
    assert!(
        !shown.contains("canary") && shown.contains("visible") && shown.contains("developer_token"),
        "{shown}"
    );
}

#[test]
fn no_error_quotes_a_line_that_may_hold_a_secret() {
    for text in [
        "[clients.x]\nclient_id = 'i'\nclient_secret = 'canary",
        "[clients.x]\nclient_id = 'i'\nclient_secret = ['canary']",
        "[store]\nurl = 'canary://u:canary@h'",
        "[redis]\nurl = 'canary'",
        "[limits]\nowner_rate = 'canary'",
        "role = 'canary'",
        "[log]\nformat = 'canary'",
        "[gateway]\nlisten = 'canary'",
    ] {
        let told = Given::file(text).error();
        assert!(!told.contains("canary"), "{told}");
    }
}

#[test]
fn a_missing_settings_file_says_how_to_make_one() {
    let told = load(&Layers { file: Some("/nowhere/keyferry.toml".into()), ..Layers::default() })
        .unwrap_err()
        .to_string();
    assert!(told.contains("/nowhere/keyferry.toml") && told.contains("keyferry init"), "{told}");
}

#[test]
fn a_relative_sqlite_file_is_beside_the_settings_whatever_the_folder_is_called() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("a b%c?d#e");
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("keyferry.toml"), "").unwrap();
    let settings = load(&Layers { file: Some(dir.join("keyferry.toml")), ..Layers::default() }).unwrap();
    assert!(
        settings.store.url.expose().ends_with("/a%20b%25c%3Fd%23e/keyferry.db"),
        "{}",
        settings.store.url.expose()
    );
    for (url, kept) in [
        ("sqlite::memory:", "sqlite::memory:"),
        ("sqlite:/abs/x.db", "sqlite:/abs/x.db"),
        ("sqlite:///abs/x.db", "sqlite:///abs/x.db"),
    ] {
        let settings = Given::file(&format!("[store]\nurl = '{url}'")).load();
        assert_eq!(settings.store.url.expose(), kept);
    }
    assert!(Path::new(&dir).is_absolute());
}

/// The one TOML block of the document.
fn documented() -> String {
    let text = include_str!("../../docs/settings.md");
    let (_, block) = text.split_once("```toml\n").unwrap();
    block.split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_document_shows_every_setting() {
    let mut section = String::new();
    let mut shown = Vec::new();
    for line in documented().lines() {
        let line = line.trim_start_matches("# ");
        if let Some((name, _)) = line.strip_prefix('[').and_then(|line| line.split_once(']')) {
            name.clone_into(&mut section);
        } else if let Some((name, _)) = line.split_once(" = ") {
            shown.push(format!("{section}.{}", name.split('.').next().unwrap()));
        }
    }
    let names = names::Names::collect();
    let missing: Vec<String> = names.all().filter(|name| !shown.contains(name)).collect();
    assert!(names.all().count() > 40 && missing.is_empty(), "not in docs/settings.md: {missing:?}");
}

#[test]
fn the_document_shows_the_defaults() {
    let (as_documented, empty) = (Given::file(&documented()), Given::file(""));
    let shown =
        |given: &Given| format!("{:#?}", given.load()).replace(given.dir.path().to_str().unwrap(), "DIR");
    assert_eq!(shown(&as_documented), shown(&empty));
    assert_eq!(
        as_documented.load().store.url.expose(),
        format!("sqlite:{}/keyferry.db", as_documented.dir.path().display())
    );
}
