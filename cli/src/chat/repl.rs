//! A conversation at the terminal. All but the answers goes to stderr.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use shared::name::Name;

use super::ask::ask;
use super::conversation::{Conversation, Speaker};
use super::editor::{Editor, Input};
use super::slash::{self, COMMANDS, Setting, Slash};
use crate::args::chat::ChatLlm;
use crate::client::{Client, Target, name_of};
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::output::columns::{active, target, text};
use crate::resource;
use crate::session::Session;

/// The rule above and below the header, in characters.
const RULE: usize = 40;

/// A conversation while it runs.
struct Repl<'a> {
    client: Client,
    output: &'a Output,
    llm: Name,
    stream: bool,
    conversation: Conversation,
    /// The last question that got no whole answer, for `/retry`.
    unanswered: Option<String>,
}

pub(super) async fn run(name: &Name, args: &ChatLlm, session: &Session<'_>) -> Result<Exit> {
    let (client, output) = (session.client()?, session.output);
    let models = client.models().await?;
    let target = models.get(name.as_str())?;
    let names = models.names().into_iter().map(Into::into).collect();
    let history = session.home.history_path();
    let mut editor = Editor::start(history, names, output.colour_on_err())?;
    let mut repl = Repl {
        client,
        output,
        llm: name.clone(),
        stream: !args.no_stream,
        conversation: Conversation::new(args),
        unanswered: None,
    };
    output.note(&header(name, &target));
    let mut warned = false;
    loop {
        match editor.read().await? {
            Input::Leave => return Ok(Exit::Done),
            Input::Interrupt { typed: false } if warned => return Ok(Exit::Done),
            Input::Interrupt { typed } => {
                warned = !typed;
                if warned {
                    output.note("Ctrl-C once more, or Ctrl-D, leaves");
                }
            }
            Input::Line(line) => {
                warned = false;
                if !repl.take(line.trim()).await? {
                    return Ok(Exit::Done);
                }
            }
        }
    }
}

fn header(name: &Name, to: &Target<'_>) -> String {
    let rule = "─".repeat(RULE);
    let field = |of: &Value, pointer| of.pointer(pointer).map(text).unwrap_or_default();
    let (who, how) = match *to {
        Target::Llm(llm) => {
            let at = |pointer| field(llm, pointer);
            (
                format!("LLM: {name}  {} → {}", at("/spec/type"), at("/spec/model")),
                format!(
                    "Kind: {}    Status: {}",
                    at("/spec/kind"),
                    at("/status/phase")
                ),
            )
        }
        Target::Alias(alias) => (
            format!(
                "Alias: {name}  {} → {}",
                field(alias, "/spec/policy"),
                target(alias)
            ),
            format!("Active: {}", active(alias)),
        ),
        Target::Pool(ref llms) => {
            let phases = llms.iter().map(|llm| field(llm, "/status/phase"));
            let active = phases.filter(|phase| phase == "active").count();
            let names: Vec<_> = llms.iter().map(|llm| name_of(llm)).collect();
            (
                format!("Model: {name} → {}", names.join(",")),
                format!("Active: {active}/{}", llms.len()),
            )
        }
    };
    format!("{rule}\n{who}\n{how}\n{rule}")
}

impl Repl<'_> {
    /// Does what a line asks for; whether the conversation goes on.
    async fn take(&mut self, line: &str) -> Result<bool> {
        if line.is_empty() {
            return Ok(true);
        }
        if !line.starts_with('/') {
            self.ask(line.to_owned()).await?;
            return Ok(true);
        }
        match slash::parse(line) {
            Ok(Slash::Exit) => return Ok(false),
            Ok(command) => {
                if let Err(why) = self.obey(command).await {
                    self.survive(why)?;
                }
            }
            Err(why) => self.output.failure(&Failure::usage(why)),
        }
        Ok(true)
    }

    /// Shows a failure and goes on, but for those that end everything.
    fn survive(&self, why: Failure) -> Result<()> {
        if why.exit() == Exit::ClosedPipe {
            return Err(why);
        }
        self.output.failure(&why);
        Ok(())
    }

    async fn ask(&mut self, question: String) -> Result<()> {
        self.conversation.say(Speaker::User, question.clone());
        let body = self.conversation.request(self.llm.as_str(), self.stream);
        let asked = ask(&self.client, &self.llm, &body, self.output).await;
        match asked.end {
            Ok(complete) => {
                self.conversation.say(Speaker::Assistant, asked.text);
                self.unanswered = None;
                if !complete {
                    self.output.note("(stopped)");
                }
                Ok(())
            }
            Err(why) => {
                // A question without an answer would confuse the model at the next one.
                self.conversation.take_back();
                self.unanswered = Some(question);
                self.survive(why.hint("/retry asks again"))
            }
        }
    }

    async fn obey(&mut self, command: Slash) -> Result<()> {
        match command {
            Slash::Help => self.output.note(&help()),
            Slash::Clear => {
                self.conversation.turns.clear();
                self.unanswered = None;
                self.output.note("Forgotten");
            }
            Slash::System(text) => self.system(text),
            Slash::Set(setting) => self.set(setting),
            Slash::Model(name) => self.model(name).await?,
            Slash::Save(file) => self.save(&file)?,
            Slash::Load(file) => self.load(&file)?,
            Slash::Retry => self.retry().await?,
            Slash::Copy => self.copy()?,
            Slash::Exit => {}
        }
        Ok(())
    }

    fn system(&mut self, text: Option<String>) {
        match text.as_deref() {
            None => {
                let text = self.conversation.system.as_deref();
                self.output.note(text.unwrap_or("No system prompt is set"));
            }
            Some("off") => {
                self.conversation.system = None;
                self.output.note("System prompt removed");
            }
            Some(_) => {
                self.conversation.system = text;
                self.output.note("System prompt set");
            }
        }
    }

    fn set(&mut self, setting: Option<Setting>) {
        match setting {
            Some(Setting::Temperature(value)) => self.conversation.temperature = value,
            Some(Setting::MaxTokens(value)) => self.conversation.max_tokens = value,
            None => {}
        }
        let shown = |value: Option<String>| value.unwrap_or_else(|| "the model's default".into());
        let temperature = self.conversation.temperature.map(|t| t.to_string());
        let max_tokens = self.conversation.max_tokens.map(|count| count.to_string());
        self.output
            .note(&format!("temperature: {}", shown(temperature)));
        self.output
            .note(&format!("max-tokens:  {}", shown(max_tokens)));
    }

    async fn model(&mut self, name: Option<String>) -> Result<()> {
        let name = match name {
            Some(name) => resource::name(&name)?,
            None => self.llm.clone(),
        };
        let models = self.client.models().await?;
        self.output
            .note(&header(&name, &models.get(name.as_str())?));
        self.llm = name;
        Ok(())
    }

    fn save(&self, file: &str) -> Result<()> {
        let text = format!("{:#}\n", self.conversation.to_file(self.llm.as_str()));
        std::fs::write(file, text)
            .map_err(|why| Failure::failed(format!("can't write {file}")).caused_by(&why))?;
        self.output.note(&format!("Saved to {file}"));
        Ok(())
    }

    fn load(&mut self, file: &str) -> Result<()> {
        let failed = || Failure::failed(format!("can't load {file}"));
        let text = std::fs::read_to_string(file).map_err(|why| failed().caused_by(&why))?;
        let value: Value = serde_json::from_str(&text).map_err(|why| failed().caused_by(&why))?;
        self.conversation
            .load(&value)
            .map_err(|why| failed().cause(why))?;
        let turns = self.conversation.turns.len();
        self.output.note(&format!("Loaded {turns} messages"));
        Ok(())
    }

    async fn retry(&mut self) -> Result<()> {
        let question = match self.unanswered.take() {
            Some(question) => Some(question),
            None => self.conversation.take_back(),
        };
        match question {
            Some(question) => self.ask(question).await,
            None => Err(Failure::failed("nothing was asked yet")),
        }
    }

    /// By OSC 52: the terminal owns the clipboard, also over ssh.
    fn copy(&self) -> Result<()> {
        let answer = self
            .conversation
            .last_answer()
            .ok_or_else(|| Failure::failed("there is no answer to copy"))?;
        let sequence = format!("\u{1b}]52;c;{}\u{7}", STANDARD.encode(answer));
        let mut err = std::io::stderr().lock();
        err.write_all(sequence.as_bytes())
            .and_then(|()| err.flush())
            .map_err(|why| Failure::failed("the terminal can't be written").caused_by(&why))?;
        drop(err);
        self.output
            .note("Copied, where the terminal allows it (OSC 52)");
        Ok(())
    }
}

fn help() -> String {
    let mut lines: Vec<String> = COMMANDS
        .iter()
        .map(|(name, argument, about)| format!("  {:<38}{about}", format!("{name} {argument}")))
        .collect();
    lines.push(String::new());
    lines.push(
        "  \"\"\" begins and ends a message of many lines; pasted lines stay together".into(),
    );
    lines.push("  Tab completes, Ctrl-R searches the history, Ctrl-C stops an answer".into());
    lines.join("\n")
}
