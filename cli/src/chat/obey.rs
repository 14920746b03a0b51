//! What the commands of a conversation do.

use super::attachment::Attachment;
use super::clipboard::{choose, copy};
use super::conversation::Conversation;
use super::header::{header, may_see};
use super::help::help;
use super::repl::{Repl, width};
use super::slash::{Copy, Slash};
use crate::failure::{Failure, Result};
use crate::output::paint::cut;
use crate::output::sanitise::one_line;
use crate::resource;

/// Files that go with one message.
const MAX_FILES: usize = 20;
/// The widest name in a list.
const LISTED_NAME: usize = 30;

impl Repl<'_> {
    /// Does what a command asks for.
    pub(super) async fn obey(&mut self, command: Slash) -> Result<()> {
        match command {
            Slash::Help => self.output.note(&help(width(self.output))),
            Slash::Clear => self.clear(),
            Slash::System(text) => self.system(text),
            Slash::Set(setting) => self.set(setting)?,
            Slash::Show => self.show(),
            Slash::Model(name) => self.model(name).await?,
            Slash::File(paths) => self.attach(&paths)?,
            Slash::Save(name) => self.save(name)?,
            Slash::Load(name) => self.load(name)?,
            Slash::List => self.list(),
            Slash::Delete(name) => self.delete(&name)?,
            Slash::Retry => self.retry().await?,
            Slash::Undo(count) => self.undo(count)?,
            Slash::Copy(what) => self.copy(what)?,
            // These two are the loop's.
            Slash::Edit(_) | Slash::Exit => {}
        }
        Ok(())
    }

    fn clear(&mut self) {
        self.talk.turns.clear();
        self.files.clear();
        self.unanswered = None;
        self.name = None;
        self.output.note("Forgotten");
    }

    fn system(&mut self, text: Option<String>) {
        match text.as_deref() {
            None => {
                let text = self.talk.system.as_deref();
                self.output.note(text.unwrap_or("No system prompt is set"));
            }
            Some("off") => {
                self.talk.system = None;
                self.output.note("System prompt removed");
            }
            Some(_) => {
                self.talk.system = text;
                self.output.note("System prompt set");
            }
        }
    }

    fn set(&mut self, setting: Option<String>) -> Result<()> {
        match setting {
            None => self.output.note(&self.settings.lines().join("\n")),
            Some(setting) => {
                let name = self.settings.change(&setting).map_err(Failure::usage)?;
                self.output
                    .note(&format!("{name}: {}", self.settings.shown(name)));
            }
        }
        Ok(())
    }

    fn show(&self) {
        let mut lines = vec![format!("{:<13}{}", "asks:", self.llm)];
        let system = self.talk.system.as_deref().unwrap_or("none");
        lines.push(format!("{:<13}{system}", "system:"));
        lines.extend(self.settings.lines());
        for file in &self.files {
            lines.push(format!("{:<13}{}", "attached:", file.shown()));
        }
        if let Some(name) = &self.name {
            lines.push(format!("{:<13}{name}", "kept as:"));
        }
        lines.push(format!("{:<13}{}", "messages:", self.talk.turns.len()));
        lines.push(format!("{:<13}{}", "tokens:", self.sums.shown()));
        self.output.note(&lines.join("\n"));
    }

    async fn model(&mut self, name: Option<String>) -> Result<()> {
        let name = match name {
            Some(name) => resource::name(&name)?,
            None => self.llm.clone(),
        };
        let models = self.client.models().await?;
        let target = models.get(name.as_str())?;
        self.output
            .note(&header(&name, &target, width(self.output)));
        self.sees = may_see(&target);
        self.llm = name;
        Ok(())
    }

    /// Attaches all of the files or none.
    fn attach(&mut self, paths: &[String]) -> Result<()> {
        if paths.iter().any(|path| path == "off") && paths.len() == 1 {
            self.files.clear();
            self.output.note("No files are attached any more");
            return Ok(());
        }
        if self.files.len() + paths.len() > MAX_FILES {
            let why = format!("{MAX_FILES} files are the most for one message");
            return Err(Failure::usage(why));
        }
        let files: Result<Vec<_>> = paths.iter().map(|path| Attachment::read(path)).collect();
        let files = files?;
        if let Some(image) = files.iter().find(|file| file.is_image() && !self.sees) {
            let why = Failure::failed(format!("can't attach {}", image.name))
                .cause(format!("{} takes no images", self.llm));
            return Err(why.hint("`/model NAME` asks another one"));
        }
        self.files.extend(files);
        if self.files.is_empty() {
            self.output
                .note("No files are attached; `/file PATH...` attaches some");
        } else {
            let shown = self.files.iter().map(|file| format!("  {}", file.shown()));
            let shown: Vec<_> = shown.collect();
            self.output.note(&format!(
                "With your next message (`/file off` takes them off):\n{}",
                shown.join("\n")
            ));
        }
        Ok(())
    }

    fn save(&mut self, name: Option<String>) -> Result<()> {
        if self.talk.turns.is_empty() {
            return Err(Failure::failed("there is nothing to save yet"));
        }
        let known = name.or_else(|| self.name.clone());
        let name = known.unwrap_or_else(|| self.saved.free_name(&self.talk));
        self.saved.save(&name, &self.talk, self.llm.as_str())?;
        self.output.note(&format!("Saved as {name}"));
        self.name = Some(name);
        Ok(())
    }

    fn load(&mut self, name: String) -> Result<()> {
        let talk = self.saved.load(&name)?;
        self.take_up(talk)?;
        let messages = self.talk.turns.len();
        self.output
            .note(&format!("Loaded {name}: {messages} messages"));
        self.name = Some(name);
        Ok(())
    }

    fn take_up(&mut self, talk: Conversation) -> Result<()> {
        self.talk = talk;
        self.unanswered = None;
        self.show_turns()
    }

    fn list(&self) {
        let entries = self.saved.list();
        if entries.is_empty() {
            self.output
                .note("None are kept; `/save NAME` keeps this one");
            return;
        }
        let names = entries.iter().map(|entry| entry.name.chars().count());
        let wide = names.max().unwrap_or(0).min(LISTED_NAME);
        let cells = u16::try_from(width(self.output)).unwrap_or(u16::MAX);
        for entry in entries {
            let line = format!(
                "{:<wide$}  {:>4}  {:>3} asked  {}: {}",
                entry.name,
                entry.age,
                entry.questions,
                entry.model,
                one_line(&entry.first)
            );
            self.output.note(&cut(&line, cells));
        }
    }

    fn delete(&mut self, name: &str) -> Result<()> {
        self.saved.delete(name)?;
        if self.name.as_deref() == Some(name) {
            self.name = None;
        }
        self.output.note(&format!("Deleted {name}"));
        Ok(())
    }

    /// Asks again. The old answer goes when a new one came.
    async fn retry(&mut self) -> Result<()> {
        let before = self.talk.turns.clone();
        let old = self.unanswered.is_none();
        let question = match self.unanswered.take() {
            Some(question) => Some(question),
            None => self.talk.take_back(),
        };
        let question = question.ok_or_else(|| Failure::failed("nothing was asked yet"))?;
        if !self.ask(question).await? && old {
            self.talk.turns = before;
            self.unanswered = None;
        }
        Ok(())
    }

    fn undo(&mut self, count: usize) -> Result<()> {
        let mut done = 0;
        while done < count && self.talk.take_back().is_some() {
            done += 1;
        }
        if done == 0 {
            return Err(Failure::failed("nothing was asked yet"));
        }
        self.unanswered = None;
        let plural = if done == 1 { "" } else { "s" };
        let left = self.talk.turns.len();
        self.output.note(&format!(
            "Took back {done} question{plural}; {left} messages are left"
        ));
        Ok(())
    }

    fn copy(&self, what: Copy) -> Result<()> {
        let answer = self.talk.last_answer();
        let answer = answer.ok_or_else(|| Failure::failed("there is no answer to copy"))?;
        let (text, what) = choose(answer, what)?;
        copy(&text, &what, self.output)
    }
}
