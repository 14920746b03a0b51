//! A PostgreSQL server of a test's own, to be stopped, started and ill-treated. It waits for the disk, as a real one
//! does; what many tests share is [`super::postgres`].

use super::postgres::{base_dir, find_bin_dir_or_say, open};
use super::process::Process;
use super::scratch::Scratch;
use super::wait::until;
use rustix::process::Signal;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The server refuses to run as root.
const USER: &str = "postgres";
const START_LIMIT: Duration = Duration::from_secs(30);
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// The server; gone when dropped.
#[derive(Debug)]
pub struct OwnPostgres {
    process: Option<Process>,
    bin: PathBuf,
    data: PathBuf,
    options: Vec<String>,
    is_root: bool,
    // Last, so that the process is gone before its files.
    dir: Scratch,
}

impl OwnPostgres {
    /// A new server with these settings (`name=value`); `None` where PostgreSQL is not installed and not required.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(options: &[&str]) -> Option<Self> {
        Self::start_in(options, |_| {}).await
    }

    /// The same; `prepare` is given the folder that will hold its data, to mount something there.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start_in(options: &[&str], prepare: impl FnOnce(&Path)) -> Option<Self> {
        let bin = find_bin_dir_or_say()?;
        let dir = Scratch::new("postgres");
        let room = dir.path().join("room");
        std::fs::create_dir(&room).expect("a folder in one of ours can be made");
        prepare(&room);
        let is_root = rustix::process::geteuid().is_root();
        if is_root {
            for path in [dir.path(), &room] {
                run(Command::new("chown").arg(USER).arg(path));
            }
        }
        let mut server = Self {
            process: None,
            bin,
            data: room.join("data"),
            options: options.iter().map(|&option| option.to_owned()).collect(),
            is_root,
            dir,
        };
        server.make_data();
        server.launch().await;
        for text in ["create role mcpd login", "create database mcpd owner mcpd"] {
            let made = server.ask("postgres", text);
            made.unwrap_or_else(|why| panic!("{text}: {why}"));
        }
        Some(server)
    }

    /// What `MCPD_DATABASE_URL` takes: the database `mcpd`, which belongs to an ordinary role of that name.
    #[must_use]
    pub fn url(&self) -> String {
        let dir = self.dir.path().display();
        format!("postgres://mcpd@localhost/mcpd?host={dir}")
    }

    /// Ends it as `signal` says (INT: it hangs up on everybody; QUIT: at once, as in a crash) and waits for its end.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn stop(&mut self, signal: Signal) {
        if let Some(mut process) = self.process.take() {
            process.signal(signal);
            process.end(STOP_LIMIT).await;
        }
    }

    /// Starts it, where it does not run, and waits until it answers.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn launch(&mut self) {
        let mut process = Process::start("postgres", Path::new("setpriv"), &self.dir, |command| {
            command
                .args(self.identity())
                // A change of the user clears what was set before it.
                .args(["--pdeathsig", "KILL", "--"])
                .arg(self.bin.join("postgres"))
                .arg("-D")
                .arg(&self.data)
                .arg("-k")
                .arg(self.dir.path())
                .args(["-c", "listen_addresses=", "-c", "shared_buffers=16MB"]);
            for option in &self.options {
                command.args(["-c", option]);
            }
        });
        let socket = self.dir.path().join(".s.PGSQL.5432");
        until("PostgreSQL to answer", START_LIMIT, async || {
            if let Some(status) = process.ended() {
                return Err(format!("it has ended: {status}; {}", process.log()));
            }
            let ready = Command::new(self.bin.join("pg_isready"))
                .arg("-q")
                .arg("-h")
                .arg(self.dir.path())
                .status();
            let is_ready = ready.is_ok_and(|status| status.success());
            match UnixStream::connect(&socket) {
                Ok(_) if is_ready => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
        self.process = Some(process);
    }

    /// A copy of an empty cluster: `initdb` takes seconds on a busy machine, so it is run once.
    fn make_data(&self) {
        let base = base_dir();
        let template = base.join(format!("template-{}", template_name(&self.bin)));
        let turn = open(&base.join("template-turn"));
        turn.lock().expect("a file can be locked");
        if !template.exists() {
            let raw = base.join("template-raw");
            // Of a run that was killed.
            let _ = std::fs::remove_dir_all(&raw);
            std::fs::create_dir(&raw).expect("a folder can be made beside the others");
            if self.is_root {
                run(Command::new("chown").arg(USER).arg(&raw));
            }
            let mut init = Command::new("setpriv");
            init.args(self.identity())
                .arg("--")
                .arg(self.bin.join("initdb"))
                .args(["--no-sync", "-A", "trust", "-U", "postgres"])
                .args(["--locale=C", "-E", "UTF8", "-D"])
                .arg(&raw);
            run(&mut init);
            std::fs::rename(&raw, &template).expect("a folder of ours can be renamed");
        }
        drop(turn);
        run(Command::new("cp").arg("-a").arg(&template).arg(&self.data));
    }

    /// Whether its process runs.
    pub fn is_alive(&mut self) -> bool {
        let process = self.process.as_mut();
        process.is_some_and(|process| process.ended().is_none())
    }

    /// Runs a statement in mcpd's database as the superuser; its rows, a line each.
    ///
    /// # Errors
    /// What the server says against it.
    pub fn sql(&self, text: &str) -> Result<String, String> {
        self.ask("mcpd", text)
    }

    fn ask(&self, database: &str, text: &str) -> Result<String, String> {
        let ran = self.client(database, text).output();
        let ran = ran.map_err(|error| error.to_string())?;
        if ran.status.success() {
            return Ok(String::from_utf8_lossy(&ran.stdout).trim().to_owned());
        }
        Err(String::from_utf8_lossy(&ran.stderr).into_owned())
    }

    /// A client that runs `text` in mcpd's database as the superuser, to be started by the test.
    #[must_use]
    pub fn psql(&self, text: &str) -> Command {
        self.client("mcpd", text)
    }

    fn client(&self, database: &str, text: &str) -> Command {
        let mut psql = Command::new(self.bin.join("psql"));
        psql.args(["-qAtX", "-U", "postgres", "-d", database, "-h"])
            .arg(self.dir.path())
            .args(["-c", text])
            .stdin(std::process::Stdio::null());
        psql
    }

    fn identity(&self) -> Vec<String> {
        let identity = ["--reuid", USER, "--regid", USER, "--clear-groups"];
        let identity = identity.iter().filter(|_| self.is_root);
        identity.map(|&word| word.to_owned()).collect()
    }
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            // Its children go with it, where a kill would leave them their last breath in a folder that is removed.
            process.signal(Signal::QUIT);
            for _ in 0..200 {
                if process.ended().is_some() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

/// Another version's cluster is of no use.
fn template_name(bin: &Path) -> String {
    let name = bin.display().to_string();
    name.chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect()
}

fn run(command: &mut Command) {
    match command.output() {
        Ok(ran) if ran.status.success() => {}
        Ok(ran) => panic!("{command:?}: {}", String::from_utf8_lossy(&ran.stderr)),
        Err(error) => panic!("{command:?}: {error}"),
    }
}
