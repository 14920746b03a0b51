//! Lets the person's own editor write a message.

use std::path::Path;
use std::process::Command;

use home::private_file::create_private_dir;
use home::write_private;

use crate::failure::{Failure, Result};
use crate::session::variable;

/// Where nothing says which.
const FALLBACK: &str = "vi";

/// The editor of `VISUAL` or `EDITOR`, which may have arguments.
pub(super) fn command() -> Command {
    let told = variable("VISUAL").or_else(|| variable("EDITOR"));
    let told = told.unwrap_or_else(|| FALLBACK.into());
    let mut words = told.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or(FALLBACK));
    command.args(words);
    command
}

/// Makes the file that a message is in meanwhile, private before anything is written to it.
pub(super) fn prepare(scratch: &Path) -> std::io::Result<()> {
    if let Some(dir) = scratch.parent() {
        create_private_dir(dir)?;
    }
    write_private(scratch, b"").map_err(std::io::Error::other)
}

/// Gives `text` to the editor; what it made of it.
pub(super) fn compose(text: &str, scratch: &Path) -> Result<String> {
    let failed = || Failure::failed("the message can't be edited");
    write_private(scratch, text.as_bytes()).map_err(|why| failed().caused_by(&why))?;
    let mut command = command();
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.arg(scratch).status().map_err(|why| {
        let failure = failed()
            .cause(format!("{name} can't be started"))
            .caused_by(&why);
        failure.hint("set EDITOR to the editor that you like")
    })?;
    let edited = std::fs::read_to_string(scratch).map_err(|why| failed().caused_by(&why));
    // What was written is not left behind; that it stays there changes nothing.
    let _ = write_private(scratch, b"");
    if !status.success() {
        return Err(failed().cause(format!("{name} ended with {status}")));
    }
    edited.map(|text| text.trim_end().to_owned())
}
