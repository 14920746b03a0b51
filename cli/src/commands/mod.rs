//! One verb per file. This one only finds the file.

use std::future::Future;

use serde_json::Value;

use crate::args::{Cli, Command, Format};
use crate::client::name_of;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::resource::Resource;
use crate::session::Session;

mod api_resources;
mod apply;
mod completions;
mod console;
mod context;
mod create;
mod delete;
mod describe;
mod explain;
mod get;
mod help;
pub(crate) mod jobs;
mod live;
mod local;
mod login;
mod logout;
mod manifest;
mod markdown_help;
mod set;
mod top;
mod unpublished;
mod usage;
mod version;
mod watch;
mod whoami;
mod worker;

pub(crate) use help::TOPICS;

/// Runs the command that the line asks for.
pub(crate) fn run(cli: Cli, output: &Output) -> Result<Exit> {
    match cli.command {
        // These work without a folder of our own.
        Command::Completions(args) => return completions::run(&args, output),
        Command::Help(args) => return help::run(&args, output),
        Command::MarkdownHelp => return markdown_help::run(output),
        Command::ApiResources(args) => return api_resources::run(&args, output),
        Command::Complete(args) => return crate::complete::names::run(&args, &cli.global, output),
        _ => {}
    }
    let session = Session::new(&cli.global, output)?;
    match cli.command {
        Command::Context(args) => context::run(&args, &session),
        Command::Logout(_) => logout::run(&session),
        Command::Local(args) => local::run(&args, &session),
        Command::Login(args) => wait_for(login::run(&args, &session)),
        Command::Whoami(_) => wait_for(whoami::run(&session)),
        Command::Get(args) => wait_for(get::run(&args, &session)),
        Command::Describe(args) => wait_for(describe::run(&args, &session)),
        Command::Create(args) => wait_for(create::run(&args, &session)),
        Command::Apply(args) => wait_for(apply::run(&args, &session)),
        Command::Delete(args) => wait_for(delete::run(&args, &session)),
        Command::Set(args) => wait_for(set::run(&args, &session)),
        Command::Explain(args) => wait_for(explain::run(&args, &session)),
        Command::Top(args) => wait_for(top::run(&args, &session)),
        Command::Console(args) => wait_for(console::run(&args, &session)),
        Command::Jobs(args) => wait_for(jobs::run(&args, &session)),
        Command::Version(args) => wait_for(version::run(&args, &session)),
        Command::Worker(args) => wait_for(worker::run(&args, &session)),
        Command::ChatLlm(args) => wait_for(crate::chat::run(args, &session)),
        Command::Completions(_)
        | Command::Help(_)
        | Command::MarkdownHelp
        | Command::ApiResources(_)
        | Command::Complete(_) => Ok(Exit::Done),
    }
}

/// Runs what talks to the server. One thread is enough, and is there at once.
pub(crate) fn wait_for(work: impl Future<Output = Result<Exit>>) -> Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|why| Failure::failed("the program can't start").caused_by(&why))?;
    let end = runtime.block_on(work);
    // A name lookup or a connection that nobody waits for must not hold the end up.
    runtime.shutdown_background();
    end
}

/// Prints what became of a resource: `llm/x created`, or the document where one was asked for.
fn report(output: &Output, resource: Resource, document: &Value, done: &str) -> Result<()> {
    let name = name_of(document);
    match output.format {
        Format::Json | Format::Yaml => output.document(document),
        Format::Name => output.line(&format!("{}/{name}", resource.singular())),
        Format::Table | Format::Wide => {
            output.line(&format!("{}/{name} {done}", resource.singular()))
        }
    }
}
