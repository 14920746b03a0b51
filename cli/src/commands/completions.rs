//! `mcpctl completions SHELL`.

use crate::args::connect::Completions;
use crate::complete::script;
use crate::exit_code::Exit;
use crate::failure::Result;
use crate::output::Output;

pub(super) fn run(args: &Completions, output: &Output) -> Result<Exit> {
    output.raw(script::of(args.shell).as_bytes())?;
    Ok(Exit::Done)
}
