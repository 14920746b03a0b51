//! One throwaway PostgreSQL server for all test processes of this user, a database per test.
//!
//! A runner may start each test in a process of its own, so the server can't belong to one of
//! them. Each process holds a shared lock on the lease file for as long as it lives. A supervisor
//! (the shell script beside) starts the server, waits for the exclusive lock, which it gets when
//! the last process is gone, however that ended, and then stops the server and removes its files.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use kit::random::{SystemRandom, base32};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{Connection, Executor, PgConnection};

/// The longest wait for the server to answer: `initdb` and a start on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(60);
const SUPERVISOR: &str = include_str!("postgres.sh");

/// A running server, and the lease that keeps it so.
struct Server {
    socket_dir: PathBuf,
    _lease: File,
}

/// The URL of a new, empty database; `None` where PostgreSQL is not installed and not required.
pub(crate) fn new_database() -> Option<SecretString> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let server = SERVER.get_or_init(|| match find_bin_dir() {
        Some(bin) => Some(attach(&bin)),
        None => {
            let required = std::env::var_os("MCPCTL_REQUIRE_POSTGRES").is_some_and(|v| v == "1");
            assert!(
                !required,
                "PostgreSQL is required, but there is no `initdb`"
            );
            None
        }
    });
    let Some(server) = server else {
        eprintln!("SKIPPED: no `initdb` on this machine, so PostgreSQL was NOT tested");
        return None;
    };
    let database = format!("t_{}", base32(&SystemRandom, 10));
    let create = format!("create database {database} template template0");
    super::block_on(run(&server.url("postgres"), create));
    Some(server.url(&database))
}

/// Runs `sql` on the database at `url`.
pub(crate) async fn execute(url: &SecretString, sql: &'static str) {
    run(url, sql.into()).await;
}

async fn run(url: &SecretString, sql: String) {
    let mut connection = PgConnection::connect(url.expose_secret()).await.unwrap();
    connection.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    connection.close().await.unwrap();
}

impl Server {
    fn url(&self, database: &str) -> SecretString {
        let dir = self.socket_dir.display();
        format!("postgres://postgres@localhost/{database}?host={dir}").into()
    }
}

/// Joins the server that runs, or starts one.
fn attach(bin: &Path) -> Server {
    let user = fs::metadata("/proc/self").unwrap().uid();
    // Short: the path of a socket may have 107 bytes.
    let base = std::env::temp_dir().join(format!("mcpctl-pg-{user}"));
    fs::create_dir_all(&base).unwrap();
    let socket_dir = base.join("server");
    // One at a time, so that only one starts it.
    let turn = open(&base.join("turn"));
    turn.lock().unwrap();
    let lease = open(&base.join("lease"));
    lease.lock_shared().unwrap();
    if !answers(&socket_dir) {
        start(bin, &base, user == 0);
        wait_for(&socket_dir, &base.join("log"));
    }
    Server {
        socket_dir,
        _lease: lease,
    }
}

fn open(path: &Path) -> File {
    let mut options = OpenOptions::new();
    options.create(true).append(true).open(path).unwrap()
}

fn answers(socket_dir: &Path) -> bool {
    let is_ready = socket_dir.join("ready").exists();
    is_ready && UnixStream::connect(socket_dir.join(".s.PGSQL.5432")).is_ok()
}

/// Starts the supervisor in a session of its own: a runner that ends a test's process group must
/// not end the server of the others.
#[expect(clippy::zombie_processes, reason = "it outlives this process")]
fn start(bin: &Path, base: &Path, as_root: bool) {
    let log = File::create(base.join("log")).unwrap();
    Command::new("setsid")
        .args(["sh", "-c", SUPERVISOR, "supervisor"])
        .args([bin, base])
        // The server refuses to run as root.
        .arg(if as_root { "postgres" } else { "" })
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap();
}

fn wait_for(socket_dir: &Path, log: &Path) {
    const STEP: Duration = Duration::from_millis(20);
    for _ in 0..START_TIMEOUT.as_millis() / STEP.as_millis() {
        if answers(socket_dir) {
            return;
        }
        thread::sleep(STEP);
    }
    panic!(
        "PostgreSQL did not start: {}",
        fs::read_to_string(log).unwrap_or_default()
    );
}

fn find_bin_dir() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).collect::<Vec<_>>();
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let debian = debian.flatten().map(|version| version.path().join("bin"));
    let programs = ["initdb", "postgres", "pg_isready"];
    debian
        .chain(on_path)
        .find(|dir| programs.iter().all(|program| dir.join(program).exists()))
}
