//! A database of its own on the throwaway PostgreSQL server that the store's tests use too.
//!
//! The server belongs to no test: whoever comes first starts it through the supervisor script, every process that
//! needs it holds a shared lock on its lease file, and it goes when the last of them is gone. The script, which is the
//! protocol, lies with the store's tests; this is the second program that speaks it.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Longest wait for the server to answer: `initdb` and a start on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(20);
const SUPERVISOR: &str =
    include_str!("../../../daemon/store/tests/conformance/support/postgres.sh");

/// A database, for as long as this lives.
#[derive(Debug)]
pub struct Database {
    /// What `MCPD_DATABASE_URL` takes.
    pub url: String,
    _lease: File,
}

impl Database {
    /// A new, empty database; `None` where PostgreSQL is not installed and not required
    /// (`MCPCTL_REQUIRE_POSTGRES=1`).
    ///
    /// # Panics
    /// When it is required and missing, or does not start.
    #[must_use]
    pub fn create() -> Option<Self> {
        let bin = find_bin_dir_or_say()?;
        let (socket_dir, lease) = attach(&bin);
        let name = unique_name();
        let dir = socket_dir.display();
        let created = Command::new(bin.join("psql"))
            .args(["-q", "-U", "postgres", "-d", "postgres", "-h"])
            .arg(&socket_dir)
            .args(["-c", &format!("create database {name} template template0")])
            .status();
        let created = created.expect("psql lies beside initdb");
        assert!(created.success(), "the database {name} can't be created");
        Some(Self {
            url: format!("postgres://postgres@localhost/{name}?host={dir}"),
            _lease: lease,
        })
    }
}

fn unique_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let (pid, now) = (std::process::id(), crate::clock::monotonic_ns());
    format!("system_{pid}_{now}_{count}")
}

/// Joins the server that runs, or starts one.
fn attach(bin: &Path) -> (PathBuf, File) {
    let base = base_dir();
    let socket_dir = base.join("server");
    // One at a time, so that only one starts it.
    let turn = open(&base.join("turn"));
    turn.lock().expect("a file can be locked");
    let lease = open(&base.join("lease"));
    lease.lock_shared().expect("a file can be locked");
    if !answers(&socket_dir) {
        start(bin, &base, user() == 0);
        wait_for(&socket_dir, &base.join("log"));
    }
    (socket_dir, lease)
}

fn user() -> u32 {
    fs::metadata("/proc/self").map_or(0, |found| found.uid())
}

/// The folder of this user's throwaway clusters.
///
/// # Panics
/// When it can't be made.
pub(super) fn base_dir() -> PathBuf {
    // Short: the path of a socket may have 107 bytes.
    let base = std::env::temp_dir().join(format!("mcpctl-pg-{}", user()));
    fs::create_dir_all(&base).expect("a folder can be made in the temporary one");
    base
}

pub(super) fn open(path: &Path) -> File {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.expect("a file in a folder of ours can be opened")
}

fn answers(socket_dir: &Path) -> bool {
    let is_ready = socket_dir.join("ready").exists();
    is_ready && UnixStream::connect(socket_dir.join(".s.PGSQL.5432")).is_ok()
}

/// Starts the supervisor in a session of its own: a runner that ends a test's process group must not end the server
/// of the others.
#[expect(clippy::zombie_processes, reason = "it outlives this process")]
fn start(bin: &Path, base: &Path, as_root: bool) {
    let log = File::create(base.join("log")).expect("a log of ours can be made");
    let err = log.try_clone().expect("a log file can be shared");
    Command::new("setsid")
        .args(["sh", "-c", SUPERVISOR, "supervisor"])
        .args([bin, base])
        // The server refuses to run as root.
        .arg(if as_root { "postgres" } else { "" })
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(err)
        .stderr(log)
        .spawn()
        .expect("setsid can be started");
}

fn wait_for(socket_dir: &Path, log: &Path) {
    for _ in 0..START_LIMIT.as_millis() / LOOK.as_millis() {
        if answers(socket_dir) {
            return;
        }
        std::thread::sleep(LOOK);
    }
    let log = fs::read_to_string(log).unwrap_or_default();
    panic!("PostgreSQL did not start: {log}");
}

/// The folder of PostgreSQL's programs; where there is none it says so.
///
/// # Panics
/// When there is none and `MCPCTL_REQUIRE_POSTGRES=1`.
#[expect(clippy::print_stderr, reason = "a test that was left out must show")]
pub(super) fn find_bin_dir_or_say() -> Option<PathBuf> {
    let found = find_bin_dir();
    if found.is_none() {
        let required = std::env::var_os("MCPCTL_REQUIRE_POSTGRES").is_some_and(|v| v == "1");
        assert!(
            !required,
            "PostgreSQL is required, but there is no `initdb`"
        );
        eprintln!("SKIPPED: no `initdb` on this machine, so PostgreSQL was NOT tested");
    }
    found
}

/// Where PostgreSQL's programs are: where Debian has them, or on PATH.
pub(crate) fn find_bin_dir() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).collect::<Vec<_>>();
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let debian = debian.flatten().map(|version| version.path().join("bin"));
    let programs = ["initdb", "postgres", "pg_isready", "psql"];
    debian
        .chain(on_path)
        .find(|dir| programs.iter().all(|program| dir.join(program).exists()))
}
