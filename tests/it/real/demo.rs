//! `keyferry demo` as somebody with a terminal and a browser meets it: every call is pasted as it was printed.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use super::process::{Running, until};

/// A running demo whose temporary folder is inside one of the test's own.
struct Demo {
    process: Running,
    folder: TempDir,
}

/// What curl gave: the heads and the body.
struct Answer {
    head: String,
    body: String,
}

impl Demo {
    fn start(arguments: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("tmp")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyferry"));
        command.arg("demo").args(arguments).current_dir(folder.path());
        command.env_clear().env("TMPDIR", folder.path().join("tmp"));
        let log = folder.path().join("demo.log");
        let mut process = Running::start(&mut command, log);
        process.until("the demo's words", |printed| {
            (printed.contains("Ctrl-C") || printed.contains("\"calls\"") && printed.ends_with('\n'))
                .then_some(())
        });
        Self { process, folder }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// The lines of the page that are to be pasted.
    fn calls(&self) -> Vec<String> {
        let printed = self.process.printed();
        printed.lines().map(str::trim).filter(|line| line.starts_with("curl ")).map(str::to_owned).collect()
    }

    /// The connect link on the page.
    fn link(&self) -> String {
        let printed = self.process.printed();
        let line = printed.lines().map(str::trim).find(|line| line.contains("/connect?session_token="));
        line.expect("a connect link").to_owned()
    }

    /// Opens the link, goes on, allows it as the account offered first; the last page.
    fn connect(&self) -> String {
        let connect = self.browse(&[&self.link()]);
        assert!(connect.contains("Sandbox") && connect.contains("demo"), "{connect}");
        let consent = self.submit(&connect, &[]);
        assert!(
            consent.contains("sam@sandbox.test") && consent.contains("Create and delete items"),
            "{consent}"
        );
        self.submit(&consent, &["account=acct_sam", "decision=allow"])
    }

    /// Posts a page's form with its hidden fields and `more`, as a browser does.
    fn submit(&self, page: &str, more: &[&str]) -> String {
        let (base, page) = page.split_once('\n').unwrap();
        let action = between(page, "action=\"", "\"");
        let origin = base.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        let hidden: Vec<String> = page
            .split("<input type=\"hidden\" ")
            .skip(1)
            .map(|input| format!("{}={}", between(input, "name=\"", "\""), between(input, "value=\"", "\"")))
            .collect();
        let fields = hidden.iter().map(String::as_str).chain(more.iter().copied());
        let mut arguments = vec![format!("{origin}{action}"), "-H".to_owned(), format!("Origin: {origin}")];
        arguments.extend(fields.flat_map(|field| ["--data-urlencode".to_owned(), field.to_owned()]));
        self.browse(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// A browser without scripts: keeps cookies, follows redirects. The address it ends at, then the page.
    fn browse(&self, arguments: &[&str]) -> String {
        let jar = self.path("cookies");
        let mut curl = Command::new("curl");
        curl.args([
            "-q",
            "-sSL",
            "--noproxy",
            "*",
            "-H",
            "Sec-Fetch-Dest: document",
            "-w",
            "\n%{url_effective}",
        ]);
        curl.arg("-b").arg(&jar).arg("-c").arg(&jar).args(arguments);
        let printed = run(&mut curl);
        let (page, address) = printed.rsplit_once('\n').unwrap();
        format!("{address}\n{page}")
    }
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("{start:?} is not in {text:?}"));
    rest.split_once(end).unwrap().0
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a printed call as a shell does. A call whose head is shown gives that too.
fn paste(call: &str) -> Answer {
    let printed = run(Command::new("sh").args(["-c", &format!("{call} -sS --noproxy '*'")]));
    match printed.split_once("\r\n\r\n") {
        Some((head, body)) => Answer { head: head.to_lowercase(), body: body.to_owned() },
        None => Answer { head: String::new(), body: printed },
    }
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    fn status(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }
}

#[test]
fn the_demo_answers_every_call_it_prints_and_leaves_nothing_behind() {
    let mut demo = Demo::start(&["--token-lifetime", "2s"]);
    let calls = demo.calls();
    let [before, items, page, create, echo, events, connect, connections] = calls.as_slice() else {
        panic!("{calls:?}");
    };
    let link = demo.link();
    let refused = paste(before);
    assert_eq!(refused.status(), "400", "{}", refused.head);
    assert!(refused.head.contains("keyferry-error: connection_required"), "{}", refused.head);
    assert!(refused.json()["connections"][0]["url"].as_str().unwrap().contains("/connect?session_token="));

    let last = demo.connect();
    assert!(last.contains("sam@sandbox.test"), "the last page names the account: {last}");
    demo.process.until("the line about the account", |printed| {
        printed.contains("Connected: sam@sandbox.test").then_some(())
    });
    let since = Instant::now();
    assert!(!demo.browse(&[&link]).contains("<form"), "a link that was used is dead");

    let first = paste(items);
    assert_eq!(first.status(), "200", "{}", first.head);
    assert_eq!(first.json()["items"].as_array().unwrap().len(), 5);
    let next =
        first.head.split('<').find(|part| part.contains("rel=\"next\"")).unwrap().split('>').next().unwrap();
    assert!(
        page.contains(&format!("'{next}'")),
        "the next page is on the gateway, as the page has it: {next}"
    );
    assert_eq!(paste(page).json()["page"], 2);

    let created = paste(create);
    assert_eq!((created.status(), &created.json()["name"]), ("201", &Value::from("Torch")));
    let gateway = between(items, "'", "/sandbox");
    assert!(created.head.contains(&format!("location: {gateway}/sandbox/v1/items/")), "{}", created.head);

    let echoed = paste(echo);
    let key = between(items, "Bearer ", "'");
    assert!(!echoed.body.contains(key), "the caller's key stays here");
    assert_eq!(echoed.json()["headers"]["authorization"], "Bearer [redacted]");
    assert_eq!(
        (&echoed.json()["query"], &echoed.json()["body"]),
        (&"hello=world".into(), &"any body".into())
    );
    assert_eq!(paste(events).body.matches("event: tick").count(), 5);

    assert!(paste(connect).json()["url"].as_str().unwrap().contains("/connect?session_token="));
    let listed = paste(connections).json();
    let statuses: Vec<_> =
        listed["connections"].as_array().unwrap().iter().map(|one| &one["status"]).collect();
    assert_eq!(statuses, ["ACTIVE", "PENDING"]);
    assert_eq!(listed["connections"][0]["metadata"]["email"], "sam@sandbox.test");

    // Through more than two lifetimes of an access token no call fails.
    until("two lifetimes", || {
        assert_eq!(paste(items).status(), "200");
        (since.elapsed() > Duration::from_secs(5)).then_some(())
    });
    demo.process.signal("INT");
    demo.process.ended_well();
    assert_eq!(fs::read_dir(demo.path("tmp")).unwrap().count(), 0, "the temporary folder is gone");
}

#[test]
fn a_kept_folder_stays_and_a_second_demo_finds_other_ports() {
    let mut first = Demo::start(&["--json", "--keep", "kept"]);
    let told: Value = serde_json::from_str(first.process.printed().lines().next().unwrap()).unwrap();
    let mut second = Demo::start(&[]);
    assert!(second.process.printed().contains("is taken"), "{}", second.process.printed());
    for name in
        ["key", "gateway_url", "control_url", "admin_url", "sandbox_url", "connection_id", "connect_url"]
    {
        assert!(told[name].as_str().is_some_and(|value| !value.is_empty()), "{name} in {told}");
    }
    let call = told["calls"][0]["command"].as_str().unwrap();
    assert!(call.contains(told["key"].as_str().unwrap()));
    assert_eq!(paste(call).status(), "400");

    for demo in [&mut first, &mut second] {
        demo.process.signal("TERM");
        demo.process.ended_well();
    }
    assert_eq!(fs::read_dir(first.path("tmp")).unwrap().count(), 0);
    assert_kept(&first.path("kept"));
    let again = Command::new(env!("CARGO_BIN_EXE_keyferry"))
        .args(["demo", "--keep", "kept"])
        .current_dir(first.folder.path())
        .output()
        .unwrap();
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("not empty"));
}

/// Everything is there, and for this user only.
fn assert_kept(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    for name in ["keyferry.toml", "master.key", "keyferry.db", "apps/sandbox.toml"] {
        let mode =
            fs::metadata(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}")).permissions();
        assert_eq!(mode.mode() & 0o077, 0, "{name}");
    }
}
