//! A recipe that is a command: no shell, a process group of its own, bounded output.
//!
//! What it starts must have an output of its own (`systemctl start`, `docker start` give it one):
//! once the command itself has ended, nobody reads its pipes any more.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

use crate::publish::Failed;

/// What is kept of the end of either output, in bytes.
const TAIL_BYTES: usize = 4096;
/// What is told of it, in characters.
const LINE_CHARS: usize = 200;
/// After its end, what it wrote last may take so long to arrive.
const LAST_WORDS: Duration = Duration::from_millis(200);
/// All that a command gets of our environment: no credential is among it. The last three are
/// how `systemctl --user` and `ssh` find what they need.
const ENVIRONMENT: [&str; 9] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "SSH_AUTH_SOCK",
];

/// Runs `command`, a program and its arguments, to its end.
pub(super) async fn run(command: &[String]) -> Result<(), Failed> {
    let mut group = Group::start(command)?;
    let (mut output, mut errors) = (Tail::default(), Tail::default());
    let (stdout, stderr) = (group.child.stdout.take(), group.child.stderr.take());
    let ended = {
        let mut reading = std::pin::pin!(async {
            tokio::join!(output.read(stdout), errors.read(stderr));
        });
        tokio::select! {
            biased;
            ended = group.child.wait() => {
                let _ = tokio::time::timeout(LAST_WORDS, reading).await;
                ended
            }
            // Its outputs are closed; it may still run.
            () = &mut reading => group.child.wait().await,
        }
    };
    group.ended = true;
    match ended {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => {
            let said = errors.last_line().or(output.last_line());
            let said = said.map(|line| format!(": {line}")).unwrap_or_default();
            // What a command prints may name an address, a path or a key: its owner alone sees it.
            Err(Failed {
                for_owner: format!("its command ended with {status}{said}"),
                ..Failed::said(format!("its command ended with {status}"))
            })
        }
        Err(failed) => Err(Failed::said(format!("its command was lost: {failed}"))),
    }
}

/// A command and all that it started. Dropped before its end, all of it is killed.
struct Group {
    child: Child,
    ended: bool,
}

impl Group {
    fn start(command: &[String]) -> Result<Self, Failed> {
        let Some((program, arguments)) = command.split_first() else {
            return Err(Failed::said("its command is empty"));
        };
        let ours = |name: &'static str| Some((name, std::env::var_os(name)?));
        let child = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(ENVIRONMENT.into_iter().filter_map(ours))
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn();
        let child = child.map_err(|failed| Failed {
            for_owner: format!("its command `{program}` can't be started: {failed}"),
            ..Failed::said("its command can't be started on its publisher's machine")
        })?;
        let ended = false;
        Ok(Self { child, ended })
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Not waited for yet, so the number is still its own.
        let id = self.child.id().filter(|_| !self.ended);
        let group = id.and_then(|id| Pid::from_raw(id.cast_signed()));
        if let Some(group) = group {
            // Gone already is fine.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// The end of an output.
#[derive(Default)]
struct Tail(Vec<u8>);

impl Tail {
    /// Reads to the end, however much comes; keeps the last of it.
    async fn read(&mut self, from: Option<impl AsyncRead + Unpin>) {
        let Some(mut from) = from else { return };
        let mut piece = [0; TAIL_BYTES];
        while let Ok(read @ 1..) = from.read(&mut piece).await {
            self.0.extend_from_slice(&piece[..read]);
            let surplus = self.0.len().saturating_sub(TAIL_BYTES);
            self.0.drain(..surplus);
        }
    }

    fn last_line(&self) -> Option<String> {
        let text = String::from_utf8_lossy(&self.0);
        let line = text.lines().map(str::trim).rfind(|line| !line.is_empty())?;
        let printable = line.chars().filter(|c| !c.is_control());
        Some(printable.take(LINE_CHARS).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn sh(script: &str) -> Result<(), Failed> {
        run(&["sh".into(), "-c".into(), script.into()]).await
    }

    async fn why(script: &str) -> String {
        let failed = sh(script).await.unwrap_err();
        assert!(failed.for_owner.starts_with(&failed.for_server));
        failed.for_owner
    }

    #[tokio::test]
    async fn what_a_command_prints_is_told_to_its_owner_only() {
        let failed = sh("echo 'curl: key sk-1 at 10.0.0.7:11434' >&2; exit 7").await;
        let failed = failed.unwrap_err();
        assert!(failed.for_owner.contains("sk-1 at 10.0.0.7:11434"));
        assert_eq!(failed.for_server, "its command ended with exit status: 7");
    }

    #[tokio::test]
    async fn a_command_that_fails_is_told_by_its_last_line() {
        sh("echo fine").await.unwrap();
        let told = why("echo first; echo 'no \u{1b}power' >&2; echo >&2; exit 3").await;
        assert_eq!(told, "its command ended with exit status: 3: no power");
        let told = why("yes | head -c 1000000; echo; echo x | tr x y; exit 1").await;
        assert!(told.ends_with("1: y"), "{told}");
        let long = why("printf '%09999d' 0; exit 1").await;
        assert!(long.len() < 300, "{}", long.len());
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_named_to_its_owner_only() {
        let failed = run(&["/no/such/program".into()]).await.unwrap_err();
        assert!(failed.for_owner.contains("/no/such/program"));
        assert!(!failed.for_server.contains("/no/such"));
    }

    #[tokio::test]
    async fn what_it_leaves_running_is_not_waited_for_and_not_killed() {
        let file = std::env::temp_dir().join(format!("mcplocal-left-{}", std::process::id()));
        let script = format!("(sleep 0.3; echo done > {}) &", file.display());
        let start = tokio::time::Instant::now();
        sh(&script).await.unwrap();
        assert!(start.elapsed() < Duration::from_secs(5));
        until("the rest ran on", || file.exists()).await;
        std::fs::remove_file(file).unwrap();
    }

    #[tokio::test]
    async fn one_that_is_given_up_is_killed_with_all_that_it_started() {
        let file = std::env::temp_dir().join(format!("mcplocal-kill-{}", std::process::id()));
        let script = format!("sleep 600 & echo $! > {}; wait", file.display());
        let pid = || {
            std::fs::read_to_string(&file)
                .ok()?
                .trim()
                .parse::<i32>()
                .ok()
        };
        let mut running = Box::pin(sh(&script));
        tokio::select! {
            ended = &mut running => panic!("{ended:?}"),
            () = until("it runs", || pid().is_some()) => {}
        }
        let grandchild = Pid::from_raw(pid().unwrap()).unwrap();
        drop(running);
        until("it is dead", || is_dead(grandchild)).await;
        std::fs::remove_file(file).unwrap();
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn it_inherits_neither_sockets_nor_secrets() {
        let _socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let told = why("ls -l /proc/$$/fd | grep -c socket >&2; exit 1").await;
        assert!(told.ends_with("1: 0"), "{told}");
        let told = why("env | grep -c CARGO >&2; exit 1").await;
        assert!(std::env::vars().any(|(name, _)| name.contains("CARGO")));
        assert!(told.ends_with("1: 0"), "{told}");
    }

    /// Gone, or a zombie that nobody of us can wait for.
    fn is_dead(pid: Pid) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
        match stat {
            Ok(stat) => stat.contains(") Z "),
            Err(_) => rustix::process::test_kill_process(pid).is_err(),
        }
    }

    async fn until(what: &str, it_is: impl Fn() -> bool) {
        let wait = async {
            while !it_is() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(10), wait).await;
        assert!(waited.is_ok(), "{what}: not within 10 s");
    }
}
