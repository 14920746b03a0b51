//! The input line of a conversation: history, completion, many lines. The one module that knows
//! the line editor's library.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use home::private_file::create_private_dir;
use reedline::{
    ColumnarMenu, Completer, CompletionResult, Emacs, FileBackedHistory, Highlighter, KeyCode,
    KeyModifiers, MenuBuilder, Prompt, PromptEditMode, PromptHistorySearch,
    PromptHistorySearchStatus, Reedline, ReedlineEvent, ReedlineMenu, Signal, Span, StyledText,
    Suggestion, ValidationResult, Validator, default_emacs_keybindings,
};

use super::slash::{COMMANDS, SETTINGS};
use crate::failure::{Failure, Result};

const MENU: &str = "completion";
/// How many lines the history keeps.
const HISTORY_LINES: usize = 5000;
/// Opens and closes a message of many lines.
const FENCE: &str = "\"\"\"";

/// What the person did.
pub(super) enum Input {
    Line(String),
    /// Ctrl-C, and whether something had been typed.
    Interrupt {
        typed: bool,
    },
    Leave,
}

/// The input line, on a thread of its own.
///
/// Waiting for a person must not hold up the connections: one that was dropped by Ctrl-C is closed
/// while the next line is typed, and only then does the server know.
pub(super) struct Editor {
    wanted: std::sync::mpsc::SyncSender<()>,
    inputs: tokio::sync::mpsc::Receiver<Result<Input>>,
}

impl Editor {
    /// An editor whose history is kept in `history`, and which completes `names`.
    pub(super) fn start(history: PathBuf, names: Vec<String>, colour: bool) -> Result<Self> {
        let (wanted, want) = std::sync::mpsc::sync_channel(1);
        let (input, inputs) = tokio::sync::mpsc::channel(1);
        let work = move || {
            let mut line = Line::new(&history, names, colour);
            while want.recv().is_ok() && input.blocking_send(line.read()).is_ok() {}
        };
        std::thread::Builder::new()
            .name("editor".into())
            .spawn(work)
            .map_err(|why| Failure::failed("no thread could be started").caused_by(&why))?;
        Ok(Self { wanted, inputs })
    }

    /// Waits for the next input.
    pub(super) async fn read(&mut self) -> Result<Input> {
        // A thread that ended shows as a closed channel of inputs.
        let _ = self.wanted.send(());
        self.inputs.recv().await.unwrap_or(Ok(Input::Leave))
    }
}

struct Line {
    line: Reedline,
    typed: Arc<AtomicBool>,
}

impl Line {
    fn new(history: &Path, names: Vec<String>, colour: bool) -> Self {
        let mut keys = default_emacs_keybindings();
        keys.add_binding(
            KeyModifiers::NONE,
            KeyCode::Tab,
            ReedlineEvent::UntilFound(vec![
                ReedlineEvent::Menu(MENU.into()),
                ReedlineEvent::MenuNext,
            ]),
        );
        keys.add_binding(
            KeyModifiers::SHIFT,
            KeyCode::BackTab,
            ReedlineEvent::MenuPrevious,
        );
        let typed = Arc::new(AtomicBool::new(false));
        let menu = ColumnarMenu::default().with_name(MENU);
        let mut line = Reedline::create()
            .with_completer(Box::new(SlashCompleter { names }))
            .with_quick_completions(true)
            .with_partial_completions(true)
            .with_menu(ReedlineMenu::EngineCompleter(Box::new(menu)))
            .with_edit_mode(Box::new(Emacs::new(keys)))
            .with_validator(Box::new(FenceValidator))
            .with_highlighter(Box::new(TypedWatcher(typed.clone())))
            .with_ansi_colors(colour)
            .use_bracketed_paste(true);
        // Without a file the history lasts as long as the run.
        if let Ok(history) = open_history(history) {
            line = line.with_history(Box::new(history));
        }
        Self { line, typed }
    }

    fn read(&mut self) -> Result<Input> {
        self.typed.store(false, Ordering::Relaxed);
        let signal = self
            .line
            .read_line(&ChatPrompt)
            .map_err(|why| Failure::failed("the terminal can't be read").caused_by(&why))?;
        Ok(match signal {
            Signal::Success(text) => Input::Line(unfence(&text)),
            Signal::CtrlD => Input::Leave,
            _ => Input::Interrupt {
                typed: self.typed.load(Ordering::Relaxed),
            },
        })
    }
}

/// The history holds prompts: it is made private before anything is written to it.
fn open_history(path: &Path) -> std::io::Result<FileBackedHistory> {
    use std::os::unix::fs::OpenOptionsExt;
    if let Some(dir) = path.parent() {
        create_private_dir(dir)?;
    }
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)?;
    FileBackedHistory::with_file(HISTORY_LINES, path.into()).map_err(std::io::Error::other)
}

/// Takes the fences of a message of many lines off.
fn unfence(text: &str) -> String {
    let inside = text
        .trim()
        .strip_prefix(FENCE)
        .and_then(|rest| rest.strip_suffix(FENCE));
    inside.map_or_else(
        || text.to_owned(),
        |inside| inside.trim_matches('\n').to_owned(),
    )
}

/// A message that opened a fence goes on until it is closed.
struct FenceValidator;

impl Validator for FenceValidator {
    fn validate(&self, line: &str) -> ValidationResult {
        let line = line.trim();
        let closed = line.len() >= 2 * FENCE.len() && line.ends_with(FENCE);
        if line.starts_with(FENCE) && !closed {
            ValidationResult::Incomplete
        } else {
            ValidationResult::Complete
        }
    }
}

/// Remembers whether anything was typed: the library does not tell when Ctrl-C comes.
struct TypedWatcher(Arc<AtomicBool>);

impl Highlighter for TypedWatcher {
    fn highlight(&self, line: &str, _cursor: usize) -> StyledText {
        if !line.is_empty() {
            self.0.store(true, Ordering::Relaxed);
        }
        let mut text = StyledText::new();
        text.push((Default::default(), line.to_owned()));
        text
    }
}

struct SlashCompleter {
    names: Vec<String>,
}

impl Completer for SlashCompleter {
    fn complete(&mut self, line: &str, pos: usize) -> CompletionResult {
        let before = line.get(..pos).unwrap_or(line);
        let suggestions: Vec<Suggestion> = candidates(before, &self.names)
            .into_iter()
            .map(|(start, value, about)| Suggestion {
                value,
                description: about.map(Into::into),
                span: Span::new(start, before.len()),
                append_whitespace: true,
                ..Suggestion::default()
            })
            .collect();
        CompletionResult::fresh(suggestions)
    }
}

/// What `before`, the text left of the cursor, may become: where the word starts, the word, and
/// what it does.
fn candidates(before: &str, names: &[String]) -> Vec<(usize, String, Option<&'static str>)> {
    if !before.starts_with('/') {
        return Vec::new();
    }
    let Some((command, rest)) = before.split_once(' ') else {
        let fitting = COMMANDS
            .iter()
            .filter(|(name, _, _)| name.starts_with(before));
        return fitting
            .map(|(name, _, about)| (0, (*name).to_owned(), Some(*about)))
            .collect();
    };
    let start = command.len() + 1;
    let words: Vec<&str> = match command {
        "/model" => names.iter().map(String::as_str).collect(),
        "/set" => SETTINGS.to_vec(),
        _ => Vec::new(),
    };
    let fitting = words.into_iter().filter(|word| word.starts_with(rest));
    fitting.map(|word| (start, word.to_owned(), None)).collect()
}

struct ChatPrompt;

impl Prompt for ChatPrompt {
    fn render_prompt_left(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    fn render_prompt_right(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    fn render_prompt_indicator(&self, _mode: PromptEditMode) -> Cow<'_, str> {
        Cow::Borrowed("> ")
    }

    fn render_prompt_multiline_indicator(&self) -> Cow<'_, str> {
        Cow::Borrowed(". ")
    }

    fn render_prompt_history_search_indicator(&self, search: PromptHistorySearch) -> Cow<'_, str> {
        let failing = match search.status {
            PromptHistorySearchStatus::Passing => "",
            PromptHistorySearchStatus::Failing => "nothing found for ",
        };
        Cow::Owned(format!("({failing}search: {}) ", search.term))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(before: &str) -> Vec<String> {
        let names = ["laptop".to_owned(), "llama".to_owned()];
        let candidates = candidates(before, &names);
        candidates.into_iter().map(|(_, word, _)| word).collect()
    }

    #[test]
    fn commands_names_and_settings_complete() {
        assert_eq!(words("/s"), ["/system", "/set", "/save"]);
        assert_eq!(words("/model l"), ["laptop", "llama"]);
        assert_eq!(words("/set t"), ["temperature"]);
        assert!(words("hello /s").is_empty());
        assert_eq!(candidates("/model la", &["laptop".into()])[0].0, 7);
    }

    #[test]
    fn a_fence_keeps_the_message_open_until_it_is_closed() {
        let open = |line| matches!(FenceValidator.validate(line), ValidationResult::Incomplete);
        assert!(open("\"\"\"") && open("\"\"\"one\ntwo") && open("\"\"\"\""));
        assert!(!open("\"\"\"one\ntwo\"\"\"") && !open("one") && !open("\"\"\"\"\"\""));
        assert_eq!(unfence("\"\"\"\none\ntwo\n\"\"\""), "one\ntwo");
        assert_eq!(unfence("say \"\"\" twice"), "say \"\"\" twice");
    }
}
