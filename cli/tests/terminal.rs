//! `chat-llm` in a real terminal: `tmux` holds one, and shows what a person would see.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "test code: a failure is a panic"
)]

mod support;

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use support::{FakeServer, Sandbox, TOKEN};

/// How long a screen may take to become as expected, on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);

/// A terminal of its own, closed with the test.
struct Terminal {
    socket: String,
}

impl Terminal {
    /// Runs `mcpctl` in a terminal of 70 by 14; `None` where there is no tmux.
    fn start(sandbox: &Sandbox, server: &FakeServer, args: &str) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let socket = sandbox.home.join(format!("tmux{count}"));
        let socket = socket.display().to_string();
        let terminal = Self { socket };
        let command = format!(
            "env -i PATH=/usr/bin:/bin TERM=screen LANG=C.UTF-8 MCPCTL_HOME={} MCPCTL_SERVER={} \
             MCPCTL_TOKEN={TOKEN} {} {args}; echo \"ended $?\"; exec cat",
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
                "70",
                "-y",
                "14",
            ])
            .arg(command)
            .env("LANG", "C.UTF-8")
            .status();
        match started {
            Ok(status) => assert!(status.success()),
            Err(_) => {
                eprintln!("SKIPPED: tmux is not installed, the conversation was NOT tested");
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

    fn press(&self, keys: &[&str]) {
        let sent = self.tmux(&["send-keys"]).args(keys).status();
        assert!(sent.unwrap().success());
    }

    /// Waits until the screen shows what is wanted, and returns it.
    fn wait(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let tries = LIMIT.as_millis() / 50;
        let mut screen = String::new();
        for _ in 0..tries {
            let output = self.tmux(&["capture-pane", "-p"]).output().unwrap();
            screen = String::from_utf8(output.stdout).unwrap();
            if wanted(screen.trim_end()) {
                return screen;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the screen never showed {what}; it shows:\n{screen}");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.tmux(&["kill-server"]).status();
    }
}

fn at_prompt(screen: &str) -> bool {
    screen.ends_with("\n>")
}

#[test]
fn a_conversation_at_the_terminal() {
    let (sandbox, server) = (Sandbox::new(), FakeServer::start());
    let Some(terminal) = Terminal::start(&sandbox, &server, "chat-llm laptop") else {
        return;
    };
    let screen = terminal.wait("the header", at_prompt);
    insta::assert_snapshot!(screen.trim_end(), @"
    ────────────────────────────────────────
    LLM: laptop  ollama → llama3.2:3b
    Kind: virtual    Status: active
    ────────────────────────────────────────
    >
    ");

    terminal.press(&["hello?", "Enter"]);
    let screen = terminal.wait("the answer", |screen| {
        at_prompt(screen) && screen.contains("tokens: 5 in, 2 out")
    });
    assert!(
        screen.contains("> hello?\nyou said: hello?\nlaptop · "),
        "{screen}"
    );

    terminal.press(&["\"\"\"one", "Enter", "two\"\"\"", "Enter"]);
    terminal.wait("both lines", |screen| {
        at_prompt(screen) && screen.contains("you said: one\ntwo\n")
    });

    terminal.press(&["/mo", "Tab", "gp", "Tab", "Enter"]);
    terminal.wait("the other LLM", |screen| {
        at_prompt(screen) && screen.contains("LLM: gpt  openai → gpt-4o")
    });

    // Twice at an empty prompt leaves.
    terminal.press(&["C-c"]);
    terminal.wait("the warning", |screen| screen.contains("once more"));
    terminal.press(&["C-c"]);
    terminal.wait("the end", |screen| screen.contains("ended 0"));
    let sent = server.asked();
    let last = sent
        .iter()
        .rfind(|asked| asked.path.ends_with("/infer"))
        .unwrap();
    assert!(
        last.body.contains("you said: hello?"),
        "the model sees what was said before"
    );
}

#[test]
fn ctrl_c_stops_the_answer_and_the_conversation_goes_on() {
    let (sandbox, server) = (Sandbox::new(), FakeServer::start());
    server.put_llm("endless", "virtual", "active", "demo", "demo");
    let Some(terminal) = Terminal::start(&sandbox, &server, "chat-llm endless") else {
        return;
    };
    terminal.wait("the prompt", at_prompt);
    terminal.press(&["go", "Enter"]);
    terminal.wait("the status line", |screen| {
        screen
            .lines()
            .last()
            .is_some_and(|last| last.contains("tokens/s"))
    });
    terminal.press(&["C-c"]);
    let screen = terminal.wait("the prompt again", at_prompt);
    assert!(screen.contains("(stopped)\n>"), "{screen}");
    // Not only at the next question: the model must stop while the person thinks.
    assert!(server.wait_for_drop());
    terminal.press(&["C-d"]);
    terminal.wait("the end", |screen| screen.contains("ended 0"));
}

#[test]
fn a_terminal_sees_thinking_and_no_control_sequences() {
    let (sandbox, server) = (Sandbox::new(), FakeServer::start());
    let ask = |llm: &str| {
        let args = format!("chat-llm {llm} -m hi </dev/null");
        let terminal = Terminal::start(&sandbox, &server, &args)?;
        let screen = terminal.wait("the end", |screen| screen.contains("ended"));
        Some(screen)
    };
    if let Some(screen) = ask("dirty") {
        assert!(screen.starts_with("abyou said: hi\nlaptop · "), "{screen}");
    }
    if let Some(screen) = ask("thinks") {
        assert!(
            screen.starts_with("let me think\n\nyou said: hi\n"),
            "{screen}"
        );
    }
    if let Some(screen) = ask("cut") {
        assert!(screen.contains("you said: hi\n"), "{screen}");
        assert!(screen.contains("error: the answer broke off") && screen.contains("ended 6"));
    }
}
