//! `mcpctl`: one command line over all LLMs of an mcpd.
//!
//! `main` reads the command line, runs one command and turns its end into an exit code. Commands
//! live in [`commands`] and [`chat`], what they say to the server in [`client`], what a person
//! sees in [`output`].

use std::process::ExitCode;

mod args;
mod chat;
mod client;
mod clock;
mod commands;
mod complete;
mod duration;
mod exit_code;
mod failure;
mod near_miss;
mod output;
mod own_files;
mod patience;
mod prompt;
mod resource;
mod session;
mod yaml;

fn main() -> ExitCode {
    let cli = match args::read() {
        Ok(cli) => cli,
        Err(end) => return end,
    };
    let output = output::Output::new(&cli.global);
    match commands::run(cli, &output) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            output.failure(&failure);
            failure.exit().into()
        }
    }
}
