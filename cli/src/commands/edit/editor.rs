//! The person's editor, and the file that it works on.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::Command;

use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::prompt;
use crate::session::variable;

/// Where neither variable names one.
const DEFAULT: &str = "vi";

/// An editor, with a file of its own that goes when this does.
pub(super) struct Editor {
    /// A command of the shell: it may have arguments.
    command: String,
    path: PathBuf,
    /// The file was made, by nobody but us.
    made: bool,
    kept: bool,
}

impl Editor {
    /// The one of $VISUAL, of $EDITOR, or vi.
    ///
    /// Errors: a usage failure where there is none, or nobody to use it.
    pub(super) fn find() -> Result<Self> {
        let named = variable("VISUAL").or_else(|| variable("EDITOR"));
        let command = match named {
            Some(command) => command,
            None if !prompt::can_ask() => {
                return Err(Failure::usage("nobody is there to edit it")
                    .cause("stdin is no terminal, and neither $VISUAL nor $EDITOR is set")
                    .hint(
                        "`mcpctl get TYPE NAME -o yaml`, change it, then `mcpctl apply -f FILE`",
                    ));
            }
            None if !is_there(DEFAULT) => {
                return Err(Failure::usage(format!("there is no editor `{DEFAULT}`"))
                    .cause("neither $VISUAL nor $EDITOR names another")
                    .hint("EDITOR=nano mcpctl edit TYPE/NAME"));
            }
            None => DEFAULT.into(),
        };
        let name = format!("mcpctl-edit-{:012x}.yaml", fastrand::u64(..1 << 48));
        Ok(Self {
            command,
            path: std::env::temp_dir().join(name),
            made: false,
            kept: false,
        })
    }

    /// Opens a text, and gives back what was saved.
    pub(super) fn edit(&mut self, text: &str) -> Result<String> {
        self.write(text).map_err(|why| self.unusable(&why))?;
        let shell = format!("{} \"$@\"", self.command);
        let mut editor = Command::new("sh");
        editor.args(["-c", &shell, &self.command]).arg(&self.path);
        let ended = editor.status().map_err(|why| {
            Failure::failed(format!("the editor `{}` can't be started", self.command))
                .caused_by(&why)
        })?;
        let saved = fs::read_to_string(&self.path).map_err(|why| self.unusable(&why))?;
        if ended.success() {
            return Ok(saved);
        }
        let failure = Failure::failed(format!("the editor `{}` failed", self.command));
        let failure = match ended.code() {
            Some(127) => failure
                .cause("there is no such command")
                .hint("set $VISUAL or $EDITOR to one that is there"),
            Some(code) => failure.cause(format!("it ended with {code}; nothing was stored")),
            None => failure.cause("a signal ended it; nothing was stored"),
        };
        match saved == text {
            true => Err(failure),
            false => Err(self.keep(&saved, failure)),
        }
    }

    /// Leaves the text in its file, and says where.
    pub(super) fn keep(&mut self, text: &str, why: Failure) -> Failure {
        match self.write(text) {
            Ok(()) => {
                self.kept = true;
                let path = self.path.display();
                let why = why.cause(format!("your text is kept in {path}"));
                match why.exit() {
                    Exit::Conflict | Exit::Unavailable => why.hint(format!(
                        "mcpctl diff -f {path}, then mcpctl apply -f {path}"
                    )),
                    _ => why.hint(format!("mend it, then mcpctl apply -f {path}")),
                }
            }
            // The text itself is worth more than a tidy message.
            Err(lost) => why.cause(format!("your text could not be kept ({lost}):\n{text}")),
        }
    }

    /// Only its owner may read it, and nobody can have put another in its place.
    fn write(&mut self, text: &str) -> io::Result<()> {
        let mut options = fs::OpenOptions::new();
        options.write(true).mode(0o600);
        match self.made {
            false => options.create_new(true),
            true => options.create(true).truncate(true),
        };
        let mut file = options.open(&self.path)?;
        self.made = true;
        file.write_all(text.as_bytes())
    }

    fn unusable(&self, why: &io::Error) -> Failure {
        Failure::failed(format!("{} can't be used", self.path.display())).caused_by(why)
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        if self.made && !self.kept {
            // The editor may have taken it away.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}
