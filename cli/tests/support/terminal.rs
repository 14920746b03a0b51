//! A real terminal for tests: `tmux` holds one, and shows what a person would see.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::{FakeServer, Sandbox, TOKEN};

/// How long a screen may take to become as expected, on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);
const STEP: Duration = Duration::from_millis(50);
/// Steps that a screen may take to be drawn.
const DRAWING: u32 = 5;

/// A terminal of its own, closed with the test.
pub struct Terminal {
    socket: String,
}

impl Terminal {
    /// Runs `mcpctl` in a terminal of 70 by 14; `None` where there is no tmux.
    pub fn start(sandbox: &Sandbox, server: &FakeServer, args: &str) -> Option<Self> {
        Self::start_wide(sandbox, server, args, 70)
    }

    /// The same, `width` cells wide.
    pub fn start_wide(
        sandbox: &Sandbox,
        server: &FakeServer,
        args: &str,
        width: u16,
    ) -> Option<Self> {
        Self::start_with(sandbox, server, "", args, width)
    }

    /// The same, with more variables, such as `A=1 B=2`.
    pub fn start_with(
        sandbox: &Sandbox,
        server: &FakeServer,
        env: &str,
        args: &str,
        width: u16,
    ) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let socket = sandbox.home.join(format!("tmux{count}"));
        let socket = socket.display().to_string();
        let terminal = Self { socket };
        let command = format!(
            "env -i PATH=/usr/bin:/bin TERM=screen LANG=C.UTF-8 MCPCTL_HOME={} MCPCTL_SERVER={} \
             MCPCTL_TOKEN={TOKEN} {env} {} {args}; echo \"ended $?\"; exec cat",
            sandbox.home.display(),
            server.url(),
            env!("CARGO_BIN_EXE_mcpctl"),
        );
        let started = terminal
            .tmux(&[
                "-f",
                "/dev/null",
                "new-session",
                "-d",
                "-x",
                &width.to_string(),
                "-y",
                "14",
            ])
            .arg(command)
            .env("LANG", "C.UTF-8")
            .status();
        match started {
            Ok(status) => assert!(status.success()),
            Err(_) => {
                eprintln!("SKIPPED: tmux is not installed, what it would show was NOT tested");
                return None;
            }
        }
        Some(terminal)
    }

    fn tmux(&self, args: &[&str]) -> Command {
        let mut command = Command::new("tmux");
        command.args(["-u", "-S", &self.socket]).args(args);
        command.env_remove("TMUX");
        command
    }

    /// The process that runs in it.
    pub fn pid(&self) -> String {
        let said = |command: &mut Command| {
            let output = command.output().unwrap();
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        let shell = said(&mut self.tmux(&["display-message", "-p", "#{pane_pid}"]));
        let child = said(Command::new("ps").args(["-o", "pid=", "--ppid", &shell]));
        assert!(child.parse::<u32>().is_ok(), "one child: {child}");
        child
    }

    /// Gives the terminal another width.
    pub fn resize(&self, width: u16) {
        let width = width.to_string();
        let done = self.tmux(&["resize-window", "-x", &width]).status();
        assert!(done.unwrap().success());
    }

    pub fn press(&self, keys: &[&str]) {
        let sent = self.tmux(&["send-keys"]).args(keys).status();
        assert!(sent.unwrap().success());
    }

    /// Waits until the screen shows what is wanted, and returns it: the last of it, where it is still being drawn.
    pub fn wait(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let tries = LIMIT.as_millis() / STEP.as_millis();
        let mut screen = String::new();
        for _ in 0..tries {
            screen = self.screen();
            if wanted(screen.trim_end()) {
                return self.drawn(screen, wanted);
            }
            std::thread::sleep(STEP);
        }
        panic!("the screen never showed {what}; it shows:\n{screen}");
    }

    fn screen(&self) -> String {
        let output = self.tmux(&["capture-pane", "-p"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// The screen once it has not changed for a moment. One that never rests is given as it is, and one that shows
    /// something else by now as it was.
    fn drawn(&self, mut screen: String, wanted: impl Fn(&str) -> bool) -> String {
        for _ in 0..DRAWING {
            std::thread::sleep(STEP);
            let next = self.screen();
            if next == screen || !wanted(next.trim_end()) {
                break;
            }
            screen = next;
        }
        screen
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.tmux(&["kill-server"]).status();
    }
}
