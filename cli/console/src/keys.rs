//! What keys do.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::command::{self, Command};
use crate::console::{Action, Console, Mode};
use crate::help;
use crate::line::Line;
use crate::pane::{Pane, Showing};
use crate::target::{Kind, Target};
use crate::theme::Tone;
use crate::view::View;

/// Keys that act on the chosen row.
const ACTING: [char; 5] = ['c', 'e', 'x', 'r', 'y'];
/// The farthest that a key goes.
const TO_THE_END: isize = isize::MAX;
const TO_THE_START: isize = isize::MIN;

impl Console {
    /// Takes a key. Says what is to be done outside, if anything.
    pub fn key(&mut self, key: KeyEvent) -> Option<Action> {
        if key.kind == KeyEventKind::Release {
            return None;
        }
        self.touch();
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if let (KeyCode::Char(c), true) = (key.code, control) {
            match c.to_ascii_lowercase() {
                'c' => return Some(Action::Leave { interrupted: true }),
                'z' => return Some(Action::Suspend),
                'l' => return Some(Action::Redraw),
                _ => {}
            }
        }
        // Esc and a key in one go arrive as one key with Alt. Of such a pair only Esc and what
        // looks around is heeded: nobody deletes by accident.
        if key.modifiers.contains(KeyModifiers::ALT) {
            self.heed(&KeyEvent::from(KeyCode::Esc), false);
            return match key.code {
                KeyCode::Char(c) if !ACTING.contains(&c) => {
                    self.heed(&KeyEvent::from(key.code), false)
                }
                _ => None,
            };
        }
        self.heed(&key, control)
    }

    fn heed(&mut self, key: &KeyEvent, control: bool) -> Option<Action> {
        match std::mem::replace(&mut self.mode, Mode::Browse) {
            Mode::Browse => self.browse(key, control),
            Mode::Command(line) => self.command(line, key),
            Mode::Filter(line) => self.filter(line, key),
            Mode::Confirm(target) => self.confirm(target, key),
            Mode::Help(top) => self.help(top, key),
        }
    }

    fn command(&mut self, mut line: Line, key: &KeyEvent) -> Option<Action> {
        match key.code {
            KeyCode::Esc => return None,
            KeyCode::Backspace if line.text.is_empty() => return None,
            KeyCode::Enter => return self.run(&line.text),
            KeyCode::Tab => {
                if let Some(completed) = command::complete(&line.text) {
                    line = Line::new(&completed);
                }
            }
            _ => {
                line.key(key);
            }
        }
        self.mode = Mode::Command(line);
        None
    }

    fn run(&mut self, typed: &str) -> Option<Action> {
        match command::parse(typed) {
            Ok(Command::Go(view)) => self.go(view),
            Ok(Command::Help) => self.mode = Mode::Help(0),
            Ok(Command::Leave) => return Some(Action::Leave { interrupted: false }),
            Err(_) if typed.trim().is_empty() => {}
            Err(why) => self.say(Tone::Bad, why),
        }
        None
    }

    fn filter(&mut self, mut line: Line, key: &KeyEvent) -> Option<Action> {
        let now = self.now;
        match key.code {
            KeyCode::Enter => return None,
            KeyCode::Esc => {
                self.table_mut().set_filter("", now);
                return None;
            }
            KeyCode::Backspace if line.text.is_empty() => return None,
            // What is found can be looked through while one types.
            KeyCode::Up => self.table_mut().step(-1),
            KeyCode::Down => self.table_mut().step(1),
            _ => {
                if line.key(key) {
                    self.table_mut().set_filter(&line.text, now);
                }
            }
        }
        self.mode = Mode::Filter(line);
        None
    }

    /// It scrolls; any other key closes it.
    fn help(&mut self, top: usize, key: &KeyEvent) -> Option<Action> {
        let last = help::lines().saturating_sub(1);
        let top = match key.code {
            KeyCode::Up | KeyCode::Char('k') => top.saturating_sub(1),
            KeyCode::Down | KeyCode::Char('j') => top + 1,
            KeyCode::PageUp => top.saturating_sub(5),
            KeyCode::PageDown | KeyCode::Char(' ') => top + 5,
            _ => return None,
        };
        self.mode = Mode::Help(top.min(last));
        None
    }

    /// Only a clear yes is one.
    fn confirm(&mut self, target: Target, key: &KeyEvent) -> Option<Action> {
        match key.code {
            KeyCode::Char('y' | 'Y') | KeyCode::Enter => {
                self.say(Tone::Faint, format!("deleting {target} …"));
                Some(Action::Delete(target))
            }
            _ => {
                self.say(Tone::Faint, format!("{target} stays"));
                None
            }
        }
    }

    fn browse(&mut self, key: &KeyEvent, control: bool) -> Option<Action> {
        if let (KeyCode::Char(c), true) = (key.code, control) {
            match c.to_ascii_lowercase() {
                'd' => self.ask_to_delete(),
                'r' => return Some(Action::Refresh),
                'b' => self.page(-1),
                'f' => self.page(1),
                _ => {}
            }
            return None;
        }
        match key.code {
            KeyCode::Esc => self.back(),
            KeyCode::Char('q') => return Some(Action::Leave { interrupted: false }),
            KeyCode::Char(':') => self.mode = Mode::Command(Line::default()),
            KeyCode::Char('/') => self.begin_filter(),
            KeyCode::Char('?') | KeyCode::F(1) => self.mode = Mode::Help(0),
            KeyCode::Tab => self.go(self.view.step(1)),
            KeyCode::BackTab => self.go(self.view.step(View::ALL.len() - 1)),
            KeyCode::Char(c @ '1'..='9') => self.go(View::ALL[c as usize - '1' as usize]),
            KeyCode::Up | KeyCode::Char('k') => self.step(-1),
            KeyCode::Down | KeyCode::Char('j') => self.step(1),
            KeyCode::PageUp => self.page(-1),
            KeyCode::PageDown | KeyCode::Char(' ') => self.page(1),
            KeyCode::Home | KeyCode::Char('g') => self.step(TO_THE_START),
            KeyCode::End | KeyCode::Char('G') => self.step(TO_THE_END),
            KeyCode::Char('n') => self.next_row(1),
            KeyCode::Char('p') => self.next_row(-1),
            KeyCode::Enter | KeyCode::Char('d') => self.open(Showing::Fields),
            KeyCode::Char('l') => self.open_log(),
            KeyCode::Char('v') => self.events_shown = !self.events_shown,
            KeyCode::Char('b') if self.view == View::Usage => self.sum_by(self.by.next()),
            KeyCode::Char('s') => {
                let now = self.now;
                self.table_mut().sort_next(now);
            }
            KeyCode::Char('S') => {
                let now = self.now;
                self.table_mut().sort_reverse(now);
            }
            KeyCode::Char(c) => return self.act(c),
            _ => {}
        }
        None
    }

    /// Keys that act on the chosen row.
    fn act(&mut self, key: char) -> Option<Action> {
        if !ACTING.contains(&key) {
            return None;
        }
        let target = self.target();
        if let ('y', Some(row)) = (key, self.table().chosen_row()) {
            let name = target.map_or_else(|| row.key.clone(), |target| target.name);
            self.say(Tone::Faint, format!("copied: {name}"));
            return Some(Action::Copy(name));
        }
        if self.read_only && key != 'c' {
            self.say(Tone::Warn, "nothing is changed with --read-only".into());
            return None;
        }
        match (key, target) {
            ('c', Some(target)) if matches!(target.kind, Kind::Llm | Kind::Alias) => {
                Some(Action::Chat(target.name))
            }
            ('c', _) => self.refuse("one talks to an LLM or an alias"),
            ('e', Some(target))
                if matches!(target.kind, Kind::Job | Kind::Secret | Kind::Token) =>
            {
                self.refuse("that can't be edited")
            }
            ('e', Some(target)) => Some(Action::Edit(target)),
            ('x', Some(target)) if target.kind == Kind::Job => Some(Action::Cancel(target.name)),
            ('r', Some(target)) if target.kind == Kind::Job => Some(Action::Retry(target.name)),
            ('x' | 'r', None) if self.view == View::Jobs => self.refuse("no job is chosen"),
            ('x', _) => self.refuse("`x` takes back a job; go to `:jobs`"),
            ('r', _) => self.refuse("`r` queues an ended job anew; go to `:jobs`"),
            _ => self.refuse("there is nothing to edit here"),
        }
    }

    fn refuse(&mut self, why: &str) -> Option<Action> {
        self.say(Tone::Warn, why.into());
        None
    }

    fn ask_to_delete(&mut self) {
        match self.target() {
            _ if self.read_only => {
                self.say(Tone::Warn, "nothing is changed with --read-only".into())
            }
            Some(target) => self.mode = Mode::Confirm(target),
            None => self.say(Tone::Warn, "there is nothing to delete here".into()),
        }
    }

    /// From the pane to the table, from a filter to all, from a view to the one before.
    fn back(&mut self) {
        let now = self.now;
        if self.pane.take().is_some() {
            self.job = None;
        } else if self.table().filter().is_some() {
            self.table_mut().set_filter("", now);
        } else if let Some(view) = self.before.pop() {
            self.show(view);
        }
    }

    fn begin_filter(&mut self) {
        // What it does is seen in the table.
        self.pane = None;
        let typed = self.table().filter().map(|filter| filter.typed.clone());
        self.mode = Mode::Filter(Line::new(&typed.unwrap_or_default()));
    }

    fn step(&mut self, by: isize) {
        match &mut self.pane {
            Some(pane) => pane.scroll.step(by),
            None => self.table_mut().step(by),
        }
    }

    fn page(&mut self, pages: isize) {
        match &mut self.pane {
            Some(pane) => {
                let lines = pane.scroll.page();
                pane.scroll.step(pages.saturating_mul(lines));
            }
            None => {
                let rows = self.page.max(1).cast_signed();
                self.table_mut().step(pages.saturating_mul(rows));
            }
        }
    }

    /// Chooses another row; an open pane goes with it.
    fn next_row(&mut self, by: isize) {
        self.table_mut().step(by);
        if let Some(showing) = self.pane.as_ref().map(|pane| pane.showing) {
            self.open(showing);
        }
    }

    fn open(&mut self, showing: Showing) {
        let Some(row) = self.table().chosen_row() else {
            self.pane = None;
            return;
        };
        let key = row.key.clone();
        let same = self
            .pane
            .as_ref()
            .is_some_and(|pane| pane.key == key && pane.showing == showing);
        if !same {
            self.job = None;
            self.pane = Some(Pane::new(self.view, key, showing));
        }
    }

    fn open_log(&mut self) {
        if matches!(self.view, View::Llm | View::Jobs) {
            self.open(Showing::Log);
        } else {
            self.say(
                Tone::Warn,
                "LLMs and jobs have logs; `d` shows all fields".into(),
            );
        }
    }
}
