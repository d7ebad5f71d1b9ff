//! A real PostgreSQL server for the tests: one for the whole process, a fresh database for each test.
//!
//! It listens on a socket in a folder of its own only. A shell stands guard over it and ends it when the test process
//! is gone, however that came about. `KEYFERRY_TEST_POSTGRES` names a running server to use instead, by the URL of a
//! user who may create databases; the databases are then left to whoever started it.

use std::{
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::OnceLock,
};

use sqlx::{Connection, PgConnection};
use url::Url;
use uuid::Uuid;

/// The URL of a database that nobody else uses, with nothing in it.
pub(crate) async fn database() -> String {
    static SERVER: OnceLock<Server> = OnceLock::new();
    let server = SERVER.get_or_init(Server::find_or_start);
    let name = format!("keyferry_test_{}", Uuid::new_v4().simple());
    let mut admin = PgConnection::connect(server.url.as_str()).await.expect("the PostgreSQL of the tests");
    let create = sqlx::AssertSqlSafe(format!("create database {name} template template0"));
    sqlx::query(create).execute(&mut admin).await.expect("may create databases");
    admin.close().await.expect("closes");
    let mut url = server.url.clone();
    url.set_path(&name);
    url.into()
}

struct Server {
    url: Url,
    /// Its input is open as long as this process lives.
    _guard: Option<Child>,
}

const START: &str = r#"
"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c max_connections=300 -c fsync=off \
    -c synchronous_commit=off -c full_page_writes=off </dev/null &
server=$!
cat >/dev/null
kill -INT "$server"
wait "$server"
rm -rf "$2"
"#;

impl Server {
    #[expect(clippy::disallowed_methods, reason = "the tests' own settings")]
    fn find_or_start() -> Self {
        match std::env::var("KEYFERRY_TEST_POSTGRES") {
            Ok(url) => Self { url: url.parse().expect("KEYFERRY_TEST_POSTGRES isn't a URL"), _guard: None },
            Err(_) => Self::start(),
        }
    }

    fn start() -> Self {
        let programs = programs();
        let user = User::for_server();
        let folder = tempfile::Builder::new().prefix("keyferry-pg-").tempdir().expect("a folder").keep();
        user.give(&folder);
        let data = folder.join("data");
        let mut initdb = user.command(&programs.join("initdb"));
        initdb
            .args(["-U", "keyferry", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D"])
            .arg(&data);
        succeeded(&initdb.output().expect("runs initdb"));

        let mut shell = user.command(Path::new("sh"));
        shell
            .args(["-c", START, "sh"])
            .arg(programs)
            .arg(&folder)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped());
        // Not in our group: Ctrl-C must reach us alone, and the guard by our end.
        let mut guard = shell.process_group(0).spawn().expect("starts a shell");
        await_ready(&mut guard);
        let folder = folder.to_str().expect("an ordinary name");
        let url = format!("postgres:///postgres?user=keyferry&host={folder}").parse().expect("a URL");
        Self { url, _guard: Some(guard) }
    }
}

/// Reads what the server says until it is ready, and then on, so that it never waits for a reader.
fn await_ready(guard: &mut Child) {
    let mut lines = BufReader::new(guard.stderr.take().expect("piped")).lines().map_while(Result::ok);
    let mut said = Vec::new();
    let ready = lines.by_ref().any(|line| {
        said.push(line.clone());
        line.contains("ready to accept connections")
    });
    assert!(ready, "PostgreSQL did not start:\n{}", said.join("\n"));
    std::thread::spawn(move || lines.for_each(drop));
}

fn succeeded(output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "initdb failed:\n{said}");
}

/// The folder with `initdb` and `postgres`.
fn programs() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "where programs are")]
    let path = std::env::var("PATH").unwrap_or_default();
    let packaged = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut packaged: Vec<PathBuf> = packaged.map(|version| version.path().join("bin")).collect();
    packaged.sort();
    std::env::split_paths(&path)
        .chain(packaged.into_iter().rev())
        .find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
        .expect(
            "no PostgreSQL here, which these tests need. Install it (Debian: apt-get install postgresql), or name a \
             running one by KEYFERRY_TEST_POSTGRES=postgres://USER@HOST/postgres",
        )
}

/// Who runs the server: it refuses to run as root.
struct User(Option<(u32, u32)>);

impl User {
    fn for_server() -> Self {
        if !is_root() {
            return Self(None);
        }
        let users = std::fs::read_to_string("/etc/passwd").expect("/etc/passwd");
        let ids = |name: &str| {
            let mut fields =
                users.lines().map(|line| line.split(':')).find(|f| f.clone().next() == Some(name))?;
            Some((fields.nth(2)?.parse().ok()?, fields.next()?.parse().ok()?))
        };
        let found = ids("postgres").or_else(|| ids("nobody"));
        Self(Some(found.expect("PostgreSQL doesn't run as root, and there is no user postgres or nobody")))
    }

    fn give(&self, folder: &Path) {
        if let Some((user, group)) = self.0 {
            std::os::unix::fs::chown(folder, Some(user), Some(group)).expect("gives the folder away");
        }
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env("LC_ALL", "C")
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        if let Some((user, group)) = self.0 {
            command.uid(user).gid(group);
        }
        command
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    let made = tempfile::NamedTempFile::new().expect("a file");
    made.as_file().metadata().expect("its owner").uid() == 0
}
