//! The state: what is shown, what is known, and what is wanted.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use ratatui::Frame;
use serde_json::Value;
use shared::timestamp::Timestamp;

use crate::columns::columns;
use crate::connection::Connection;
use crate::documents::{field, name_of};
use crate::draw;
use crate::events::Events;
use crate::feed::By;
use crate::history::History;
use crate::line::Line;
use crate::pane::Pane;
use crate::publishers;
use crate::table::Table;
use crate::target::{Kind, Target};
use crate::theme::{Theme, Tone};
use crate::view::View;

/// How long a note stays at the bottom.
const NOTE_STAYS: Duration = Duration::from_secs(6);

/// How a console begins.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The server, as it is shown.
    pub server: String,
    /// The first view.
    pub view: View,
    /// Whether the terminal takes colour, and a person wants it.
    pub colour: bool,
    /// Nothing may be changed.
    pub read_only: bool,
    /// The time.
    pub now: Timestamp,
}

/// What is to be done outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Leave; `interrupted` where Ctrl-C asked for it.
    Leave {
        /// By Ctrl-C.
        interrupted: bool,
    },
    /// Stop this process, as Ctrl-Z does.
    Suspend,
    /// Draw everything anew: the screen does not show what was drawn.
    Redraw,
    /// Fetch everything anew, now.
    Refresh,
    /// Edit this, with the terminal given away meanwhile.
    Edit(Target),
    /// Talk to this LLM or alias, with the terminal given away meanwhile.
    Chat(String),
    /// Delete this; it was confirmed.
    Delete(Target),
    /// Take this job back.
    Cancel(String),
    /// Queue this job anew.
    Retry(String),
    /// Hand this text to the terminal's clipboard.
    Copy(String),
}

/// What keys mean now.
#[derive(Debug)]
pub(crate) enum Mode {
    Browse,
    /// Typing behind `:`.
    Command(Line),
    /// Typing behind `/`.
    Filter(Line),
    /// Asking whether to delete.
    Confirm(Target),
    /// Showing the keys, so many lines scrolled.
    Help(usize),
}

/// Rows by their keys.
pub(crate) type Rows = Vec<(String, Rc<Value>)>;

/// A note at the bottom.
#[derive(Debug)]
pub(crate) struct Note {
    pub(crate) tone: Tone,
    pub(crate) text: String,
    until: Timestamp,
}

/// The live view.
#[derive(Debug)]
pub struct Console {
    pub(crate) server: String,
    pub(crate) theme: Theme,
    pub(crate) read_only: bool,
    pub(crate) now: Timestamp,
    pub(crate) view: View,
    /// The views before, for Esc.
    pub(crate) before: Vec<View>,
    pub(crate) by: By,
    pub(crate) mode: Mode,
    pub(crate) pane: Option<Pane>,
    pub(crate) events: Events,
    pub(crate) events_shown: bool,
    pub(crate) note: Option<Note>,
    tables: [Table; View::ALL.len()],
    pub(crate) connection: Connection,
    /// The LLMs by name, each with its `load`; `None` until all were told.
    pub(crate) llms: Option<BTreeMap<String, Rc<Value>>>,
    pub(crate) workers: Vec<Value>,
    /// The last look at the load, by LLM.
    pub(crate) load: BTreeMap<String, Value>,
    pub(crate) history: History,
    pub(crate) jobs_summary: Option<Value>,
    pub(crate) costs: Option<Value>,
    /// The job in the pane, in full.
    pub(crate) job: Option<Value>,
    /// Rows of the table on the screen, as the last frame had them.
    pub(crate) page: usize,
    /// LLMs, their load or workers have changed since the last frame.
    pub(crate) llms_changed: bool,
    changed: bool,
}

impl Console {
    /// A console that knows nothing yet.
    pub fn new(setup: Setup) -> Self {
        Self {
            server: setup.server,
            theme: Theme {
                colour: setup.colour,
            },
            read_only: setup.read_only,
            now: setup.now,
            view: setup.view,
            before: Vec::new(),
            by: By::default(),
            mode: Mode::Browse,
            pane: None,
            events: Events::default(),
            events_shown: false,
            note: None,
            tables: Default::default(),
            connection: Connection::default(),
            llms: None,
            workers: Vec::new(),
            load: BTreeMap::new(),
            history: History::default(),
            jobs_summary: None,
            costs: None,
            job: None,
            page: 1,
            llms_changed: false,
            changed: true,
        }
    }

    /// Takes the time, about once a second.
    pub fn tick(&mut self, now: Timestamp) {
        self.now = now;
        if self.note.as_ref().is_some_and(|note| note.until <= now) {
            self.note = None;
        }
        self.table_mut().grow_older();
        self.changed = true;
    }

    /// Takes the end of an action: what became of it, in a line.
    pub fn did(&mut self, what: String, well: bool) {
        let tone = if well { Tone::Good } else { Tone::Bad };
        // What went well is told by what it changed.
        if !well {
            self.events.add(self.now, tone, what.clone());
        }
        self.say(tone, what);
    }

    /// Whether a frame would differ from the last one. Asking makes it the last one.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Draws a frame.
    pub fn draw(&mut self, frame: &mut Frame<'_>) {
        self.settle();
        draw::draw(self, frame);
    }

    /// Shows what has come since the last frame.
    pub(crate) fn settle(&mut self) {
        if std::mem::take(&mut self.llms_changed) {
            self.fill_llms();
        }
        let now = self.now;
        self.table_mut().settle(now);
    }

    pub(crate) fn touch(&mut self) {
        self.changed = true;
    }

    pub(crate) fn say(&mut self, tone: Tone, text: String) {
        let until = self.now.plus(NOTE_STAYS);
        self.note = Some(Note { tone, text, until });
        self.changed = true;
    }

    pub(crate) fn table(&self) -> &Table {
        &self.tables[self.view.place()]
    }

    pub(crate) fn table_mut(&mut self) -> &mut Table {
        &mut self.tables[self.view.place()]
    }

    pub(crate) fn table_of(&self, view: View) -> &Table {
        &self.tables[view.place()]
    }

    /// Fills a view's table.
    pub(crate) fn fill(&mut self, view: View, values: Rows, more: bool) {
        let columns = columns(view, self.by);
        self.tables[view.place()].fill(columns, values, more);
    }

    /// Makes the table about LLMs anew, where one is looked at.
    fn fill_llms(&mut self) {
        let Some(llms) = &self.llms else {
            return;
        };
        match self.view {
            View::Llm => {
                let rows = llms.iter().map(|(name, llm)| (name.clone(), llm.clone()));
                let rows = rows.collect();
                self.fill(View::Llm, rows, false);
            }
            View::Publishers => {
                let rows = publishers::rows(llms.values().map(|llm| &**llm), &self.workers);
                self.fill(View::Publishers, rows, false);
            }
            _ => {}
        }
    }

    /// Goes to a view; the pane closes.
    pub(crate) fn go(&mut self, view: View) {
        if view == self.view {
            return;
        }
        const MAX_BEFORE: usize = 32;
        if self.before.len() == MAX_BEFORE {
            self.before.remove(0);
        }
        self.before.push(self.view);
        self.show(view);
    }

    /// Shows a view, wherever one comes from.
    pub(crate) fn show(&mut self, view: View) {
        self.pane = None;
        self.job = None;
        self.view = view;
        self.llms_changed = true;
        self.table_mut().grow_older();
    }

    /// Sums usage in another way.
    pub(crate) fn sum_by(&mut self, by: By) {
        self.by = by;
        self.pane = None;
        self.table_mut().clear();
    }

    /// What the chosen row can be acted on as.
    pub(crate) fn target(&self) -> Option<Target> {
        let (row, value) = (self.table().chosen_row()?, self.table().chosen_value()?);
        let (kind, name) = match self.view {
            View::Llm => (Kind::Llm, name_of(value)),
            View::Alias => (Kind::Alias, name_of(value)),
            View::Price => (Kind::Price, name_of(value)),
            View::Secret => (Kind::Secret, name_of(value)),
            View::Token => (Kind::Token, name_of(value)),
            View::Jobs => (Kind::Job, row.key.as_str()),
            View::Publishers | View::Usage | View::Requests => return None,
        };
        let name = name.to_owned();
        (!name.is_empty()).then_some(Target { kind, name })
    }

    /// The document that the pane shows.
    pub(crate) fn document(&self) -> Option<&Value> {
        let pane = self.pane.as_ref()?;
        let row = self.table_of(pane.view).value(&pane.key);
        match (&self.job, pane.view) {
            (Some(job), View::Jobs) if field(job, "id") == pane.key => Some(job),
            _ => row,
        }
    }
}
