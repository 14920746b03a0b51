//! `mcpctl logout`: forget the token of a server. The context stays.

use home::credentials::{Credentials, TOKEN_VARIABLE};

use crate::exit_code::Exit;
use crate::failure::Result;
use crate::session::{Session, variable};

pub(super) fn run(session: &Session<'_>) -> Result<Exit> {
    let server = session.server()?;
    let forgotten = Credentials::of(&session.home).forget(&server)?;
    if forgotten {
        session.output.note(&format!("Logged out of {server}"));
    } else {
        session
            .output
            .note(&format!("There was no token for {server}"));
    }
    if variable(TOKEN_VARIABLE).is_some() {
        session
            .output
            .warning("MCPCTL_TOKEN is still set in the environment");
    }
    Ok(Exit::Done)
}
