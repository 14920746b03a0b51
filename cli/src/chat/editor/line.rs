//! The line editor of a real terminal: history, completion, many lines. The module that knows the
//! editor's library.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use home::private_file::create_private_dir;
use nu_ansi_term::Style;
use reedline::{
    ColumnarMenu, DefaultHinter, EditCommand, Emacs, FileBackedHistory, Highlighter, KeyCode,
    KeyModifiers, MenuBuilder, Prompt, PromptEditMode, PromptHistorySearch,
    PromptHistorySearchStatus, Reedline, ReedlineEvent, ReedlineMenu, Signal, StyledText,
    default_emacs_keybindings,
};

use super::complete::SlashCompleter;
use super::multiline::Continued;
use super::{Input, Parts, Reader, compose};
use crate::failure::{Failure, Result};

const MENU: &str = "completion";
const PROMPT: &str = "> ";
/// How many lines the history keeps.
const HISTORY_LINES: usize = 5000;
/// Letters that are typed before the rest of an older line is offered.
const HINT_CHARS: usize = 2;

/// The editor.
pub(super) struct Line {
    line: Reedline,
    typed: Arc<AtomicBool>,
    continued: Continued,
    scratch: PathBuf,
}

impl Line {
    pub(super) fn new(parts: Parts) -> Self {
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
        let (typed, continued) = (Arc::new(AtomicBool::new(false)), Continued::default());
        let menu = ColumnarMenu::default().with_name(MENU).with_marker(PROMPT);
        let completer = SlashCompleter {
            names: parts.names,
            saved: parts.saved,
        };
        let mut line = Reedline::create()
            .with_completer(Box::new(completer))
            .with_quick_completions(true)
            .with_partial_completions(true)
            .with_menu(ReedlineMenu::EngineCompleter(Box::new(menu)))
            .with_edit_mode(Box::new(Emacs::new(keys)))
            .with_validator(Box::new(continued.clone()))
            .with_highlighter(Box::new(TypedWatcher(typed.clone())))
            .with_ansi_colors(parts.colour)
            // Shift-Enter, where the terminal can tell it from Enter.
            .use_kitty_keyboard_enhancement(true)
            .use_bracketed_paste(true);
        // Without colour a hint would look like something that was typed.
        if parts.colour {
            let hinter = DefaultHinter::default()
                .with_style(Style::new().dimmed())
                .with_min_chars(HINT_CHARS);
            line = line.with_hinter(Box::new(hinter));
        }
        if compose::prepare(&parts.scratch).is_ok() {
            line = line.with_buffer_editor(compose::command(), parts.scratch.clone());
        }
        // Without a file the history lasts as long as the run.
        if let Ok(history) = open_history(&parts.history) {
            line = line.with_history(Box::new(history));
        }
        Self {
            line,
            typed,
            continued,
            scratch: parts.scratch,
        }
    }
}

impl Reader for Line {
    fn read(&mut self) -> Result<Input> {
        self.typed.store(false, Ordering::Relaxed);
        let signal = self
            .line
            .read_line(&ChatPrompt)
            .map_err(|why| Failure::failed("the terminal can't be read").caused_by(&why))?;
        // Written now: a run that is killed has not forgotten what was typed.
        let _ = self.line.sync_history();
        Ok(match signal {
            Signal::Success(text) => Input::Line(self.continued.finish(&text)),
            Signal::CtrlD => Input::Leave,
            _ => Input::Interrupt {
                typed: self.typed.load(Ordering::Relaxed),
            },
        })
    }

    fn compose(&mut self, text: &str) -> Result<()> {
        let text = compose::compose(text, &self.scratch)?;
        self.line
            .run_edit_commands(&[EditCommand::Clear, EditCommand::InsertString(text)]);
        Ok(())
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

/// Remembers whether anything was typed: the library does not tell when Ctrl-C comes.
struct TypedWatcher(Arc<AtomicBool>);

impl Highlighter for TypedWatcher {
    fn highlight(&self, line: &str, _cursor: usize) -> StyledText {
        if !line.is_empty() {
            self.0.store(true, Ordering::Relaxed);
        }
        let mut text = StyledText::new();
        text.push((Style::default(), line.to_owned()));
        text
    }
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
        Cow::Borrowed(PROMPT)
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
