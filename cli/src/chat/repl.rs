//! A conversation at the terminal. All but what was said goes to stderr.

use std::io::IsTerminal;

use shared::name::Name;

use super::ask::{ask, summarise};
use super::attachment::Attachment;
use super::conversation::{Conversation, Question, Speaker};
use super::editor::{Editor, Input, Parts};
use super::header::{header, may_see};
use super::rendered::whole;
use super::saved::Saved;
use super::settings::Settings;
use super::show::renders;
use super::slash::{self, Slash};
use super::statistics::Sums;
use crate::args::chat::ChatLlm;
use crate::client::Client;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::session::{Session, variable};

/// The width where no terminal tells one.
const WIDTH: usize = 80;

/// A conversation while it runs.
pub(super) struct Repl<'a> {
    pub(super) client: Client,
    pub(super) output: &'a Output,
    pub(super) llm: Name,
    /// It may take images.
    pub(super) sees: bool,
    pub(super) settings: Settings,
    pub(super) talk: Conversation,
    /// Files for the next question.
    pub(super) files: Vec<Attachment>,
    /// The last question that got no whole answer, for `/retry`.
    pub(super) unanswered: Option<Question>,
    pub(super) saved: Saved,
    /// What the conversation is kept as.
    pub(super) name: Option<String>,
    pub(super) sums: Sums,
}

/// How it goes on after a line.
pub(super) enum Next {
    Read,
    /// With a text in the person's own editor.
    Compose(String),
    Leave,
}

pub(super) async fn run(name: &Name, args: &ChatLlm, session: &Session<'_>) -> Result<Exit> {
    let (client, output) = (session.client()?, session.output);
    let saved = Saved::of(&session.home);
    let talk = match args.go_on {
        true => {
            let last = saved.last()?;
            let system = args.system.clone().or(last.system);
            Conversation { system, ..last }
        }
        false => Conversation::new(args.system.clone()),
    };
    let models = client.models().await?;
    let target = models.get(name.as_str())?;
    let mut editor = Editor::start(Parts {
        history: session.home.history_path(),
        scratch: session.home.cache_dir().join("message.md"),
        names: models.names().into_iter().map(Into::into).collect(),
        saved: saved.clone(),
        colour: output.colour_on_err(),
        can_draw: can_edit(),
    })?;
    output.note(&header(name, &target, width(output)));
    let mut repl = Repl {
        client,
        output,
        llm: name.clone(),
        sees: may_see(&target),
        settings: Settings::new(args, session.global.verbose),
        talk,
        files: Vec::new(),
        unanswered: None,
        saved,
        name: None,
        sums: Sums::default(),
    };
    repl.show_turns()?;
    repl.talk_with(&mut editor).await
}

/// Whether a line can be edited: the editor draws on stderr.
fn can_edit() -> bool {
    std::io::stderr().is_terminal() && variable("TERM").is_some_and(|term| term != "dumb")
}

/// The width of the terminal.
pub(super) fn width(output: &Output) -> usize {
    output.width().map_or(WIDTH, usize::from)
}

impl Repl<'_> {
    async fn talk_with(&mut self, editor: &mut Editor) -> Result<Exit> {
        let (mut warned, mut composed) = (false, None);
        loop {
            let input = match composed.take() {
                None => editor.read().await?,
                Some(text) => match editor.compose(text).await {
                    Ok(input) => input,
                    Err(why) => {
                        self.survive(why)?;
                        continue;
                    }
                },
            };
            match input {
                Input::Leave => return Ok(Exit::Done),
                Input::Interrupt { typed: false } if warned => return Ok(Exit::Done),
                Input::Interrupt { typed } => {
                    warned = !typed;
                    if warned {
                        self.output.note("Ctrl-C once more, or Ctrl-D, leaves");
                    }
                }
                Input::Line(line) => {
                    warned = false;
                    match self.take(line.trim()).await? {
                        Next::Read => {}
                        Next::Compose(text) => composed = Some(text),
                        Next::Leave => return Ok(Exit::Done),
                    }
                }
            }
        }
    }

    /// Does what a line asks for.
    async fn take(&mut self, line: &str) -> Result<Next> {
        if line.is_empty() {
            return Ok(Next::Read);
        }
        if !slash::is_command(line) {
            let question = Question {
                text: line.to_owned(),
                files: std::mem::take(&mut self.files),
            };
            self.ask(question).await?;
            return Ok(Next::Read);
        }
        match slash::parse(line) {
            Ok(Slash::Exit) => return Ok(Next::Leave),
            Ok(Slash::Edit(text)) => return Ok(Next::Compose(text)),
            Ok(command) => {
                if let Err(why) = self.obey(command).await {
                    self.survive(why)?;
                }
            }
            Err(why) => self.output.failure(&Failure::usage(why)),
        }
        Ok(Next::Read)
    }

    /// Shows a failure and goes on, but for those that end everything.
    fn survive(&self, why: Failure) -> Result<()> {
        if why.exit() == Exit::ClosedPipe {
            return Err(why);
        }
        self.output.failure(&why);
        Ok(())
    }

    /// Asks, and keeps what was said; whether an answer came.
    pub(super) async fn ask(&mut self, question: Question) -> Result<bool> {
        self.talk.ask(question);
        let body = self.talk.request(self.llm.as_str(), &self.settings);
        let asked = ask(&self.client, &self.llm, &body, &self.settings, self.output).await;
        if asked.statistics.has_begun() || asked.statistics.usage.is_some() {
            self.sums.add(&asked.statistics);
        }
        let sums = self.settings.verbose;
        let sums = sums.then(|| format!("session: {}", self.sums.shown()));
        summarise(&asked.statistics, sums, self.output);
        let why = match asked.end {
            Ok(complete) => {
                if !complete {
                    self.output.note("(stopped)");
                }
                if complete || !asked.text.is_empty() {
                    self.talk.answer(asked.text);
                    self.unanswered = None;
                    self.saved.keep_last(&self.talk, self.llm.as_str());
                    return Ok(true);
                }
                None
            }
            Err(why) => Some(why),
        };
        // A question without an answer would confuse the model at the next one.
        self.unanswered = self.talk.take_back();
        if let Some(why) = why {
            self.survive(why.hint("/retry asks again"))?;
        }
        Ok(false)
    }

    /// Shows what was said before.
    pub(super) fn show_turns(&self) -> Result<()> {
        for turn in &self.talk.turns {
            match turn.speaker {
                Speaker::User => {
                    for file in &turn.files {
                        self.output.line(&format!("[file: {}]", file.shown()))?;
                    }
                    let text = turn.text.replace('\n', "\n. ");
                    self.output.line(&format!("> {text}"))?;
                }
                Speaker::Assistant if renders(&self.settings, self.output) => {
                    self.output.raw(whole(&turn.text, self.output).as_bytes())?;
                }
                Speaker::Assistant => self.output.line(turn.text.trim_end())?,
            }
        }
        Ok(())
    }
}
