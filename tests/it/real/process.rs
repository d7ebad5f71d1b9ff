//! Child processes that never outlive their test, and waiting for them with a deadline.

use std::{
    fs::File,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

/// How long anything here may take on a slow and busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// A child in a process group of its own, killed with all its children when this is dropped.
pub(super) struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Starts it with both outputs into the file `log`. Its input stays open until it is dropped.
    pub(super) fn start(command: &mut Command, log: PathBuf) -> Self {
        let out = File::create(&log).unwrap();
        command.stdin(Stdio::piped()).stdout(out.try_clone().unwrap()).stderr(out).process_group(0);
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?} can't be started: {error}"));
        Self { child, log }
    }

    /// Its process id.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has printed so far.
    pub(super) fn printed(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Asks `question` until it has an answer; fails with what was printed if the child ends first.
    pub(super) fn until<T>(&mut self, what: &str, mut question: impl FnMut(&str) -> Option<T>) -> T {
        until(what, || {
            let (printed, ended) = (self.printed(), self.ended());
            let answer = question(&printed);
            assert!(answer.is_some() || ended.is_none(), "{what}: ended with {ended:?}\n{printed}");
            answer
        })
    }

    /// Waits for its end: what it printed, as an error unless it ended well.
    pub(super) fn finish(mut self) -> Result<String, String> {
        let status = until("the end of a child", || self.ended());
        if status.success() { Ok(self.printed()) } else { Err(format!("{status}\n{}", self.printed())) }
    }

    /// Sends a signal, as a terminal does: to all of the group.
    pub(super) fn signal(&self, name: &str) {
        let group = format!("kill -{name} -{}", self.child.id());
        assert!(Command::new("sh").args(["-c", &group]).status().unwrap().success());
    }

    /// Waits for its end, which must be a good one.
    pub(super) fn ended_well(&mut self) {
        let status = until("the end of a child", || self.ended());
        assert!(status.success(), "{status}\n{}", self.printed());
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The shell's own kill: it takes a group, and needs no package.
        let group = format!("kill -KILL -{}", self.child.id());
        let _ = Command::new("sh").args(["-c", &group]).stderr(Stdio::null()).status();
        let _ = self.child.wait();
    }
}

/// Asks again and again until there is an answer, or fails.
pub(super) fn until<T>(what: &str, mut question: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = question() {
            return answer;
        }
        assert!(Instant::now() < end, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A path inside the project.
pub(super) fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
