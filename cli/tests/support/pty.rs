//! A terminal for tests without any other program: a real pty, and a screen kept by `vt100`.
//!
//! Unlike [`super::terminal`] it shows colours and attributes cell by cell, and what a row was
//! broken from; it cuts rows when it becomes narrower, as xterm does.

use std::io::{Read, Write};
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pty_process::Size;
use pty_process::blocking::{Command, Pty, open};

use super::{FakeServer, Sandbox, TOKEN};

/// How long a screen may take to become as expected, on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);
const STEP: Duration = Duration::from_millis(20);

/// What the program asks the terminal: where its cursor is, and what it is.
const WHERE: &[u8] = b"\x1b[6n";
const WHAT: &[u8] = b"\x1b[c";

/// A program in a terminal; ended with the test.
pub struct Screen {
    pty: Arc<Pty>,
    parser: Arc<Mutex<vt100::Parser>>,
    child: Child,
}

impl Screen {
    /// Runs `mcpctl` with these words, in a terminal of `rows` by `columns`.
    pub fn start(
        sandbox: &Sandbox,
        server: &FakeServer,
        args: &[&str],
        (rows, columns): (u16, u16),
        environment: &[(&str, &str)],
    ) -> Self {
        let (pty, pts) = open().unwrap();
        pty.resize(Size::new(rows, columns)).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_mcpctl"))
            .args(args)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("TERM", "xterm-256color")
            .env("XTERM_VERSION", "of the tests")
            .env("LANG", "C.UTF-8")
            .env("MCPCTL_HOME", &sandbox.home)
            .env("MCPCTL_SERVER", server.url())
            .env("MCPCTL_TOKEN", TOKEN)
            .envs(environment.iter().copied())
            .current_dir(&sandbox.home)
            .spawn(pts)
            .unwrap();
        let parser = Arc::new(Mutex::new(vt100::Parser::new(rows, columns, 500)));
        let pty = Arc::new(pty);
        let (for_thread, screen) = (pty.clone(), parser.clone());
        std::thread::spawn(move || show(&for_thread, &screen));
        Self { pty, parser, child }
    }

    /// Presses keys, as the bytes that a terminal sends for them.
    pub fn press(&self, keys: &str) {
        (&*self.pty).write_all(keys.as_bytes()).unwrap();
    }

    /// Types a line and sends it.
    pub fn enter(&self, line: &str) {
        self.press(line);
        self.press("\r");
    }

    /// Pastes a text, as terminals do where the program asked for brackets.
    pub fn paste(&self, text: &str) {
        assert!(self.look(|screen| screen.bracketed_paste()));
        self.press(&format!("\u{1b}[200~{text}\u{1b}[201~"));
    }

    pub fn resize(&self, rows: u16, columns: u16) {
        self.parser
            .lock()
            .unwrap()
            .screen_mut()
            .set_size(rows, columns);
        self.pty.resize(Size::new(rows, columns)).unwrap();
    }

    /// Looks at the screen.
    pub fn look<T>(&self, at: impl FnOnce(&vt100::Screen) -> T) -> T {
        at(self.parser.lock().unwrap().screen())
    }

    /// The text on the screen.
    pub fn text(&self) -> String {
        self.look(|screen| screen.contents())
    }

    /// Waits until the screen shows what is wanted, and returns its text.
    pub fn wait(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let mut text = String::new();
        for _ in 0..LIMIT.as_millis() / STEP.as_millis() {
            text = self.text();
            if wanted(text.trim_end()) {
                return text;
            }
            std::thread::sleep(STEP);
        }
        panic!("the screen never showed {what}; it shows:\n{text}");
    }

    /// Waits for an empty prompt.
    pub fn wait_for_prompt(&self) -> String {
        self.wait("the prompt", |text| text.ends_with("\n>"))
    }

    /// Waits for the program's end.
    pub fn end(&mut self) -> ExitStatus {
        for _ in 0..LIMIT.as_millis() / STEP.as_millis() {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            std::thread::sleep(STEP);
        }
        panic!(
            "the program did not end; the screen shows:\n{}",
            self.text()
        );
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Feeds the screen with what the program writes, and answers what it asks.
fn show(pty: &Pty, screen: &Mutex<vt100::Parser>) {
    let mut bytes = vec![0; 16 << 10];
    // The end of the program is an error on Linux and an end of file elsewhere.
    while let Ok(count @ 1..) = (&*pty).read(&mut bytes) {
        let mut rest = &bytes[..count];
        while !rest.is_empty() {
            let asks = |at: &usize| rest[*at..].starts_with(WHERE) || rest[*at..].starts_with(WHAT);
            let question = (0..rest.len()).find(asks);
            let end = question.map_or(rest.len(), |at| at + WHAT.len());
            let mut parser = screen.lock().unwrap();
            parser.process(&rest[..end]);
            let (row, column) = parser.screen().cursor_position();
            drop(parser);
            if let Some(at) = question {
                let answer = match rest[at..].starts_with(WHERE) {
                    true => format!("\u{1b}[{};{}R", row + 1, column + 1),
                    false => "\u{1b}[?62c".to_owned(),
                };
                let _ = (&*pty).write_all(answer.as_bytes());
            }
            rest = &rest[end..];
        }
    }
}
