//! `serve` as a supervisor runs it: ready, healthy, and gone when it is told.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    os::fd::OwnedFd,
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use super::{Place, Ran};

/// How long anything here may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running gateway on ports of the system's choice; killed when dropped.
struct Serving<'p> {
    place: &'p Place,
    child: Child,
}

impl<'p> Serving<'p> {
    fn start(place: &'p Place, more: &[&str]) -> Self {
        Self::start_in(place, more, &[])
    }

    fn start_in(place: &'p Place, more: &[&str], environment: &[(&str, String)]) -> Self {
        let any_port = ["gateway", "control", "admin"].map(|door| format!("{door}.listen=127.0.0.1:0"));
        let mut arguments =
            vec!["--set", "gateway.url=http://localhost:1", "--set", "control.url=http://localhost:2"];
        for setting in &any_port {
            arguments.extend(["--set", setting]);
        }
        arguments.extend(more);
        arguments.push("serve");
        let log = fs::File::create(place.path("log")).unwrap();
        let mut command = place.command(&arguments);
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        let child = command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        Self { place, child }
    }

    /// As a supervisor does that keeps the sockets of the three doors: they are the process' own 3, 4 and 5.
    fn inheriting(place: &'p Place, sockets: &[TcpListener; 3]) -> Self {
        let script = "exec 3<&0 4<&1 5<&2 0</dev/null 1>>log 2>&1
            export LISTEN_PID=$$ LISTEN_FDS=3 LISTEN_FDNAMES=gateway:control:admin
            exec \"$0\" --set gateway.url=http://localhost:1 --set control.url=http://localhost:2 serve";
        let [stdin, stdout, stderr] =
            sockets.each_ref().map(|socket| Stdio::from(OwnedFd::from(socket.try_clone().unwrap())));
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", script, env!("CARGO_BIN_EXE_keyferry")])
            .current_dir(place.dir.path())
            .env_clear();
        let child = command.stdin(stdin).stdout(stdout).stderr(stderr).spawn().unwrap();
        fs::OpenOptions::new().create(true).append(true).open(place.path("log")).unwrap();
        Self { place, child }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.place.path("log")).unwrap()
    }

    /// Where a door listens, once it says so.
    fn door(&mut self, name: &str) -> SocketAddr {
        let line = format!("{name} door open listen=");
        self.until(|log| log.split(&line).nth(1)?.split_whitespace().next()?.parse().ok())
    }

    fn until<T>(&mut self, mut question: impl FnMut(&str) -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            let (log, ended) = (self.log(), self.child.try_wait().unwrap());
            if let Some(answer) = question(&log) {
                return answer;
            }
            assert!(
                ended.is_none() && start.elapsed() < PATIENCE,
                "{ended:?} after {:?}: {log}",
                start.elapsed()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn signal(&self, name: &str) {
        let status = Command::new("sh").args(["-c", &format!("kill -{name} {}", self.child.id())]).status();
        assert!(status.unwrap().success());
    }

    /// Waits for its end; the exit code.
    fn ends(&mut self) -> Option<i32> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("still running: {}", self.log());
    }
}

impl Drop for Serving<'_> {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// The status line's number of a GET with this key.
fn get(door: SocketAddr, path: &str, key: &str) -> u16 {
    ask(door, &format!("GET {path}"), key, "")
}

fn ask(door: SocketAddr, first: &str, key: &str, body: &str) -> u16 {
    let mut stream = TcpStream::connect(door).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = body.len();
    let head = format!(
        "{first} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{answer:?}"))
}

#[test]
fn a_served_gateway_is_healthy_knows_its_key_and_stops_when_asked() {
    let (place, key) = Place::initialised();
    let mut serving = Serving::start(&place, &[]);
    let (gateway, control, admin) = (serving.door("gateway"), serving.door("control"), serving.door("admin"));
    assert_eq!((get(gateway, "/user", &key), get(control, "/user", &key)), (200, 200));
    assert_eq!(get(admin, "/readyz", "none"), 200);
    let listen = format!("admin.listen={admin}");
    assert_eq!(place.run(&["--set", &listen, "healthcheck"]).succeeded().out, "healthy\n");
    serving.signal("TERM");
    assert_eq!(serving.ends(), Some(0));
    assert!(!serving.log().contains(&key[5..20]), "the key is in the log");
    assert_eq!(place.names(), ["keyferry.db", "keyferry.toml", "log", "master.key"], "closed in order");
    place.run(&["--set", &listen, "healthcheck"]).failed(1, &["nothing healthy"]);
}

#[test]
fn ak_3_a_key_revoked_on_the_command_line_is_refused_by_the_running_gateway() {
    let (place, _) = Place::initialised();
    let made = place.run(&["key", "create", "--owner", "admin", "--json"]).succeeded().json();
    let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    // So long that it has to look for what was changed.
    let mut serving = Serving::start(&place, &["--set", "cache.fresh=30m"]);
    let gateway = serving.door("gateway");
    assert_eq!(get(gateway, "/keys", key), 200);
    place.run(&["key", "revoke", id]).succeeded();
    serving.until(|_| (get(gateway, "/keys", key) == 401).then_some(()));
}

#[test]
fn a_role_opens_its_doors_and_no_other() {
    let (place, _) = Place::initialised();
    let mut serving = Serving::start(&place, &["--set", "role=gateway"]);
    serving.door("admin");
    assert!(serving.log().contains("gateway door open") && !serving.log().contains("control door open"));
}

const OWN_APP: &str = "name = \"mine\"\ndisplay_name = \"Mine\"\nbase = \"https://api.mine.test\"\nno_probe = \"a test\"\n\
    [[auth]]\nmethod = \"API_KEY\"\nfields = [{ name = \"api_key\", label = \"Key\", secret = true }]\n\
    inject = [{ header = \"X-Key\", value = \"${api_key}\" }]\n";

#[test]
fn app_files_are_read_again_when_they_change_and_when_a_signal_asks() {
    let (place, key) = Place::initialised();
    let folder = place.path("apps");
    fs::create_dir_all(&folder).unwrap();
    let dir = format!("catalog.dir={}", folder.display());
    let mut serving = Serving::start(&place, &["--set", &dir]);
    let control = serving.door("control");
    let read =
        |times: usize| move |log: &str| (log.matches("app files read again").count() == times).then_some(());
    fs::write(folder.join("mine.toml"), OWN_APP).unwrap();
    serving.until(read(1));
    assert_eq!(get(control, "/apps/mine", &key), 200);
    serving.signal("HUP");
    serving.until(read(2));
    fs::write(folder.join("mine.toml"), OWN_APP.replace("base", "bse")).unwrap();
    serving.until(|log| log.contains("app files stay as they were").then_some(()));
    assert!(serving.log().contains("did you mean `base`?"), "{}", serving.log());
    assert_eq!(get(control, "/apps/mine", &key), 200);
}

#[test]
fn pf_2_a_second_signal_ends_at_once() {
    for (first, second, code) in [("TERM", "TERM", 143), ("INT", "INT", 130)] {
        let (place, key) = Place::initialised();
        let mut serving = Serving::start(&place, &["--set", "shutdown.grace=10m"]);
        // A call whose body never comes keeps the gateway from ending by itself.
        let mut open = TcpStream::connect(serving.door("control")).unwrap();
        let head = format!(
            "POST /connections HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\
             Content-Type: application/json\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n"
        );
        open.write_all(head.as_bytes()).unwrap();
        // The interim answer shows that the call is under way.
        let mut interim = [0; 12];
        open.set_read_timeout(Some(PATIENCE)).unwrap();
        open.read_exact(&mut interim).unwrap();
        assert_eq!(interim, *b"HTTP/1.1 100");
        serving.signal(first);
        serving.until(|log| log.contains("stopping:").then_some(()));
        assert!(serving.child.try_wait().unwrap().is_none(), "it waits for the call");
        serving.signal(second);
        assert_eq!(serving.ends(), Some(code));
    }
}

/// An upstream that tells of each request when its head has come, and answers by its path: `/held` once it is told to,
/// `/endless` with a stream that goes on, others never.
fn upstream() -> (SocketAddr, mpsc::Receiver<String>, mpsc::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let ((tell, told), (release, released)) = (mpsc::channel(), mpsc::channel::<()>());
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for _ in 0..3 {
            let (mut socket, _) = listener.accept().unwrap();
            let mut head = Vec::new();
            while !head.windows(4).any(|window| window == b"\r\n\r\n") {
                let mut part = [0; 1024];
                let read = socket.read(&mut part).unwrap();
                head.extend_from_slice(&part[..read]);
            }
            let path = String::from_utf8(head).unwrap().split(' ').nth(1).unwrap().to_owned();
            if path == "/endless" {
                let begin = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n";
                socket.write_all(begin).unwrap();
            }
            open.push((path.clone(), socket));
            tell.send(path).unwrap();
        }
        released.recv().unwrap();
        let held = open.iter_mut().find(|(path, _)| path == "/held").unwrap();
        held.1.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone").unwrap();
        // Until the test has ended.
        let _ = released.recv();
    });
    (address, told, release)
}

const APP: &str = r#"
    name = "things"
    display_name = "Things"
    base = "http://UPSTREAM"
    no_probe = "a test's upstream"
    [[auth]]
    method = "API_KEY"
    fields = [{ name = "api_key", label = "Key", secret = true }]
    inject = [{ header = "Authorization", value = "Bearer ${api_key}" }]
"#;

/// A request that has been written to a socket of its own.
fn asked(door: SocketAddr, first: &str, key: &str, rest: &str) -> TcpStream {
    let mut socket = TcpStream::connect(door).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!("{first} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n{rest}");
    socket.write_all(head.as_bytes()).unwrap();
    socket
}

#[test]
fn pf_2_a_signal_lets_calls_finish_and_cuts_with_a_reset_what_outlives_its_grace() {
    let (place, key) = Place::initialised();
    let (address, told, release) = upstream();
    fs::create_dir(place.path("apps")).unwrap();
    place.write("apps/things.toml", &APP.replace("UPSTREAM", &address.to_string()));
    let settings =
        ["catalog.dir=apps", "egress.plain_http=true", "egress.allow=127.0.0.0/8", "shutdown.grace=2s"];
    let mut serving = Serving::start(&place, &settings.map(|setting| ["--set", setting]).concat());
    let gateway = serving.door("gateway");
    let body = r#"{"app":"things","method":"API_KEY","credentials":{"api_key":"sk"}}"#;
    let fields = format!(
        "Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut made = String::new();
    asked(gateway, "POST /connections", &key, &fields).read_to_string(&mut made).unwrap();
    assert!(made.starts_with("HTTP/1.1 200"), "{made}");

    let mut held = asked(gateway, "GET /things/held", &key, "\r\n");
    let mut endless = asked(gateway, "GET /things/endless", &key, "\r\n");
    let mut upload = asked(gateway, "POST /things/upload", &key, "Content-Length: 10\r\n\r\nhal");
    let mut arrived: Vec<String> = (0..3).map(|_| told.recv_timeout(PATIENCE).unwrap()).collect();
    arrived.sort();
    assert_eq!(arrived, ["/endless", "/held", "/upload"]);
    serving.signal("TERM");
    serving.until(|log| log.contains("stopping:").then_some(()));
    release.send(()).unwrap();
    let mut answer = String::new();
    held.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("done"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    for cut in [&mut endless, &mut upload] {
        let end = cut.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(end.kind(), std::io::ErrorKind::ConnectionReset);
    }
    assert_eq!(serving.ends(), Some(0));
}

#[test]
fn pf_2_sockets_that_are_inherited_lose_no_caller_between_two_processes() {
    let (place, key) = Place::initialised();
    let sockets = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let [gateway, control, admin] = sockets.each_ref().map(|socket| socket.local_addr().unwrap());
    let mut first = Serving::inheriting(&place, &sockets);
    assert_eq!(
        (first.door("gateway"), first.door("control"), first.door("admin")),
        (gateway, control, admin)
    );
    assert_eq!((get(gateway, "/user", &key), get(admin, "/readyz", "none")), (200, 200));
    first.signal("TERM");
    assert_eq!(first.ends(), Some(0));
    // Nobody serves now, and nobody is refused.
    let waits = std::thread::spawn(move || get(gateway, "/user", &key));
    let _second = Serving::inheriting(&place, &sockets);
    assert_eq!(waits.join().unwrap(), 200);
}

#[test]
fn a_socket_that_is_for_no_door_is_told() {
    let (place, _) = Place::initialised();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    for (names, told) in [("", "LISTEN_FDNAMES"), ("console", "\"console\"")] {
        let script = format!(
            "exec 3<&0 0</dev/null; export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES={names}; exec \"$0\" serve"
        );
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", &script, env!("CARGO_BIN_EXE_keyferry")])
            .current_dir(place.dir.path())
            .env_clear();
        let ran = Ran::of(command.stdin(OwnedFd::from(socket.try_clone().unwrap())));
        assert!(ran.code == 1 && ran.err.contains(told), "{ran:?}");
    }
}

#[test]
fn a_taken_port_is_told_with_the_setting_to_change() {
    let (place, _) = Place::initialised();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = format!("admin.listen={}", taken.local_addr().unwrap());
    let mut command = place.command(&[
        "--set",
        &listen,
        "--set",
        "role=gateway",
        "--set",
        "gateway.listen=127.0.0.1:0",
        "serve",
    ]);
    let ran = Ran::of(command.stdin(Stdio::null()));
    assert!(ran.code == 1 && ran.err.contains("admin.listen"), "{ran:?}");
}

#[test]
fn rt_9_proxies_that_the_environment_names_are_not_used() {
    let (place, key) = Place::initialised();
    let (upstream, proxy) =
        (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    let (address, url) = (upstream.local_addr().unwrap(), format!("http://{}", proxy.local_addr().unwrap()));
    let heads = std::thread::spawn(move || {
        let (mut socket, _) = upstream.accept().unwrap();
        let mut head = vec![0; 4096];
        let read = socket.read(&mut head).unwrap();
        socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
        String::from_utf8(head[..read].to_vec()).unwrap()
    });
    fs::create_dir(place.path("apps")).unwrap();
    place.write(
        "apps/things.toml",
        &format!(
            "name = \"things\"\ndisplay_name = \"Things\"\nbase = \"http://{address}\"\nno_probe = \"a test\"\n\
             [[auth]]\nmethod = \"API_KEY\"\nfields = [{{ name = \"key\", label = \"Key\", secret = true }}]\n\
             inject = [{{ header = \"X-Key\", value = \"${{key}}\" }}]\n"
        ),
    );
    place.settings("\n[catalog]\ndir = \"apps\"\n[egress]\nallow = [\"127.0.0.0/8\"]\nplain_http = true\n");
    let names = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];
    let environment = names.map(|name| (name, url.clone()));
    let mut serving = Serving::start_in(&place, &[], &environment);
    let gateway = serving.door("gateway");
    let new = r#"{"app":"things","method":"API_KEY","credentials":{"key":"k"}}"#;
    assert_eq!(ask(gateway, "POST /connections", &key, new), 200);
    assert_eq!(get(gateway, "/things/x", &key), 200);
    assert!(heads.join().unwrap().starts_with("GET /x HTTP/1.1\r\n"), "straight to the app");
    proxy.set_nonblocking(true).unwrap();
    assert!(proxy.accept().is_err(), "nobody called the proxy");
}
