//! `mcpctl explain TYPE.FIELD`: what a field is for, and what may stand in it; `explain route`: see
//! [`route`].

use crate::args::gateway::{Explain, ExplainWhat};
use crate::exit_code::Exit;
use crate::failure::Result;
use crate::output::Output;
use crate::session::Session;

mod field;
pub(super) mod route;
mod schema;

/// Explains what needs no server.
pub(super) fn run(args: &Explain, output: &Output) -> Result<Exit> {
    field::explain(args, output)
}

/// Explains what the server knows, where that is asked for.
pub(super) async fn of_server(what: &ExplainWhat, session: &Session<'_>) -> Result<Exit> {
    match what {
        ExplainWhat::Route(args) => route::run(args, session).await,
    }
}
