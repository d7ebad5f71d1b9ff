//! keyferry itself: `init`, a settings file, `serve`, on free ports and in a folder that goes away.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::Command,
    sync::atomic::{AtomicU16, Ordering},
    time::Duration,
};

use tempfile::TempDir;

use super::process::Running;

/// A running gateway with one owner and an admin key.
pub(crate) struct Gateway {
    process: Running,
    folder: TempDir,
    ports: Ports,
    key: String,
}

/// The ports of its three doors.
pub(super) struct Ports {
    gateway: u16,
    control: u16,
    admin: u16,
}

impl Gateway {
    /// Starts one that knows these apps beside the built-in ones, with `settings` added to its file.
    pub(crate) fn start(apps: &[(&str, String)], settings: &str) -> Self {
        let (folder, ports) = (TempDir::new().unwrap(), Ports::free());
        let key = init(folder.path());
        std::fs::create_dir_all(folder.path().join("apps")).unwrap();
        for (name, text) in apps {
            std::fs::write(folder.path().join(format!("apps/{name}.toml")), text).unwrap();
        }
        std::fs::write(folder.path().join("keyferry.toml"), ports.settings() + settings).unwrap();
        let mut process =
            Running::start(keyferry(folder.path()).arg("serve"), folder.path().join("serve.log"));
        process.until("keyferry serve", |_| answers(ports.admin, "/readyz").then_some(()));
        Self { process, folder, ports, key }
    }

    /// The base URL of the gateway door.
    pub(crate) fn url(&self) -> String {
        format!("http://localhost:{}", self.ports.gateway)
    }

    /// The base URL of the control door.
    pub(crate) fn control(&self) -> String {
        format!("http://localhost:{}", self.ports.control)
    }

    /// The base URL of the admin door.
    pub(crate) fn admin(&self) -> String {
        format!("http://localhost:{}", self.ports.admin)
    }

    /// Where it keeps everything.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What `serve` has printed so far.
    pub(crate) fn printed(&self) -> String {
        self.process.printed()
    }

    /// The admin key.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Its process.
    pub(super) fn process(&self) -> u32 {
        self.process.id()
    }

    /// Runs a client that is told where the gateway is, and expects it to end well; what it printed.
    pub(super) fn serves(&self, client: &mut Command) -> String {
        let name = client.get_args().last().unwrap().to_string_lossy().into_owned();
        client
            .env("KEYFERRY_GATEWAY", self.url())
            .env("KEYFERRY_CONTROL", self.control())
            .env("KEYFERRY_KEY", &self.key)
            .env("HOME", self.folder.path())
            .env("NO_PROXY", "*");
        let client = Running::start(client, self.folder.path().join("client.log"));
        client
            .finish()
            .unwrap_or_else(|said| panic!("{name}: {said}\nThe gateway:\n{}", self.process.printed()))
    }
}

impl Ports {
    /// Three that nobody listens on. Taken below the range the system hands out by itself, so that no outgoing
    /// connection can get one between this look and the start; each process of tests begins somewhere else.
    fn free() -> Self {
        Self { gateway: free_port(), control: free_port(), admin: free_port() }
    }

    fn settings(&self) -> String {
        let Self { gateway, control, admin } = self;
        format!(
            r#"
            vault.key_file = "master.key"
            store.url = "sqlite:keyferry.db"
            catalog.dir = "apps"
            egress.allow = ["127.0.0.0/8"]
            egress.plain_http = true
            gateway = {{ listen = "127.0.0.1:{gateway}", url = "http://localhost:{gateway}" }}
            admin = {{ listen = "127.0.0.1:{admin}" }}
            control.listen = "127.0.0.1:{control}"
            control.url = "http://localhost:{control}"
            "#
        )
    }
}

/// A port that nobody listens on.
pub(super) fn free_port() -> u16 {
    const FIRST: u16 = 12_000;
    const COUNT: u16 = 18_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    loop {
        let start = std::process::id().wrapping_mul(101) % u32::from(COUNT);
        let step = NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
        let port = FIRST + (u16::try_from(start).unwrap() + step) % COUNT;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// The binary, about to run in this folder and with nothing of the machine's own settings.
fn keyferry(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyferry"));
    command.current_dir(folder).env_remove("KEYFERRY_CONFIG").env("NO_COLOR", "1");
    command
}

/// Runs `init` and picks the key out of what it prints.
fn init(folder: &Path) -> String {
    let log = folder.join("init.log");
    let printed = Running::start(keyferry(folder).arg("init"), log).finish().expect("keyferry init");
    let key = printed.split_whitespace().find(|word| word.starts_with("kf_"));
    key.unwrap_or_else(|| panic!("init printed no key:\n{printed}")).to_owned()
}

/// Whether a GET is answered with 200.
pub(super) fn answers(port: u16, path: &str) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes(),
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}
