//! One verb per file. This one only finds the file.

use std::future::Future;

use serde_json::Value;

use crate::args::resources::CreateWhat;
use crate::args::{Cli, Command, Format};
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::resource::Resource;
use crate::session::Session;

mod api_resources;
mod apply;
mod changes;
mod completions;
mod console;
mod context;
mod create;
mod delete;
mod describe;
mod detect;
mod diff;
mod doctor;
mod edit;
mod explain;
mod found;
mod get;
mod help;
mod init;
pub(crate) mod jobs;
mod live;
mod local;
mod login;
mod logout;
mod logs;
mod lookup;
mod man;
mod manifest;
mod markdown_help;
mod mcplocal;
mod set;
mod top;
mod unpublished;
mod usage;
mod version;
mod wait;
mod wanted;
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
        Command::Man(args) => return man::run(&args, output),
        Command::MarkdownHelp => return markdown_help::run(output),
        Command::ApiResources(args) => return api_resources::run(&args, output),
        Command::Explain(ref args) if args.what.is_none() => return explain::run(args, output),
        Command::Complete(args) => return crate::complete::names::run(&args, &cli.global, output),
        _ => {}
    }
    let visibly = output.with_spinner();
    let output = if draws(&cli.command) {
        output
    } else {
        &visibly
    };
    let session = Session::new(&cli.global, output)?;
    match cli.command {
        Command::Context(args) => context::run(&args, &session),
        Command::Logout(_) => logout::run(&session),
        Command::Local(args) => local::run(&args, &session),
        Command::Init(args) => wait_for(init::run(&args, &session)),
        Command::Doctor(args) => wait_for(doctor::run(&args, &session)),
        Command::Login(args) => wait_for(login::run(&args, &session)),
        Command::Whoami(_) => wait_for(whoami::run(&session)),
        Command::Get(args) => wait_for(get::run(&args, &session)),
        Command::Describe(args) => wait_for(describe::run(&args, &session)),
        Command::Create(args) => wait_for(create::run(&args, &session)),
        Command::Apply(args) => wait_for(apply::run(&args, &session)),
        Command::Diff(args) => wait_for(diff::run(&args, &session)),
        Command::Edit(args) => wait_for(edit::run(&args, &session)),
        Command::Delete(args) => wait_for(delete::run(&args, &session)),
        Command::Wait(args) => wait_for(wait::run(&args, &session)),
        Command::Logs(args) => logs::run(&args, &session),
        Command::Set(args) => wait_for(set::run(&args, &session)),
        Command::Explain(args) => match &args.what {
            Some(what) => wait_for(explain::of_server(what, &session)),
            None => explain::run(&args, output),
        },
        Command::Top(args) => wait_for(top::run(&args, &session)),
        Command::Console(args) => wait_for(console::run(&args, &session)),
        Command::Jobs(args) => wait_for(jobs::run(&args, &session)),
        Command::Version(args) => wait_for(version::run(&args, &session)),
        Command::Worker(args) => wait_for(worker::run(&args, &session)),
        Command::ChatLlm(args) => wait_for(crate::chat::run(args, &session)),
        Command::Completions(_)
        | Command::Help(_)
        | Command::Man(_)
        | Command::MarkdownHelp
        | Command::ApiResources(_)
        | Command::Complete(_) => Ok(Exit::Done),
    }
}

/// Whether a command draws on the terminal itself, so that nothing else may.
fn draws(command: &Command) -> bool {
    match command {
        Command::Get(args) => args.watch,
        Command::Create(args) => matches!(args.what, CreateWhat::Job(_)),
        Command::Top(_)
        | Command::Jobs(_)
        | Command::Worker(_)
        | Command::ChatLlm(_)
        | Command::Console(_)
        | Command::Init(_)
        | Command::Doctor(_)
        | Command::Wait(_)
        | Command::Logs(_) => true,
        _ => false,
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

/// Of two failures the worse, by its exit code, and the other.
fn by_weight(one: Failure, other: Failure) -> (Failure, Failure) {
    if other.exit().code() > one.exit().code() {
        (other, one)
    } else {
        (one, other)
    }
}

/// Prints what became of a resource: `llm/x created`, or the document where one was asked for.
fn report(output: &Output, resource: Resource, document: &Value, done: &str) -> Result<()> {
    let name = resource.name_in(document);
    match output.format {
        Format::Json | Format::Yaml => output.document(document),
        Format::Name => output.line(&format!("{}/{name}", resource.singular())),
        Format::Table | Format::Wide => {
            output.line(&format!("{}/{name} {done}", resource.singular()))
        }
    }
}
