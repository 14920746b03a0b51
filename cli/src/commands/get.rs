//! `mcpctl get`: lists and single resources, in every format.

use super::found::{self, Wanted};
use crate::args::resources::Get;
use crate::args::usage::View;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::near_miss::nearest;
use crate::resource::{Resource, Selection, select};
use crate::session::Session;

pub(super) async fn run(args: &Get, session: &Session<'_>) -> Result<Exit> {
    let mut output = session.output.clone();
    output.no_headers = args.no_headers;
    output.show_labels = args.show_labels;
    if let Some(view) = args.what.first().and_then(|word| View::find(word)) {
        refuse_choice(args, view)?;
        return super::usage::run(view, args, session, &output).await;
    }
    let selections = select(&args.what).map_err(|why| near_view(&args.what[0], why))?;
    args.choose.check(&selections)?;
    check_flags(args, &selections)?;
    let wanted = Wanted {
        selections,
        choose: args.choose.clone(),
        ask: args.ask.clone(),
        order: args.sort_by.clone(),
    };
    let client = session.client()?;
    if args.watch {
        return super::watch::run(&client, wanted, &output).await;
    }
    let (all, missing) = wanted.find(&client).await?;
    found::print(&output, all, wanted.is_one())?;
    missing.map_or(Ok(Exit::Done), Err)
}

/// Lists of jobs have flags of their own.
fn check_flags(args: &Get, selections: &[Selection]) -> Result<()> {
    let of_jobs = |selection: &&Selection| selection.resource == Resource::Job;
    let jobs = selections.iter().find(of_jobs);
    let allowed: &[&str] = match jobs {
        Some(jobs) if jobs.names.is_empty() => &["--status", "--kind", "--limit"],
        _ => &[],
    };
    let Some(flag) = args.ask.other_than(allowed) else {
        return Ok(());
    };
    Err(match jobs {
        Some(_) => Failure::usage(format!("{flag} does not go with these jobs"))
            .hint("`get jobs` takes --status, --kind and --limit"),
        None => Failure::usage(format!(
            "{flag} goes with `get usage`, `requests`, `costs` or `jobs`, not with resources"
        )),
    })
}

/// A view has no labels, and an order of its own.
fn refuse_choice(args: &Get, view: View) -> Result<()> {
    if !args.choose.is_given() && args.sort_by.is_none() {
        return Ok(());
    }
    let word = view.word();
    Err(
        Failure::usage(format!("`{word}` takes no selector and no --sort-by"))
            .hint(format!("choose by its own flags: mcpctl get {word} --help")),
    )
}

/// Offers a view where one was probably meant.
fn near_view(word: &str, failure: Failure) -> Failure {
    match nearest(word, View::ALL.map(View::word)) {
        Some(view) if Resource::find(word).is_none() => {
            failure.hint(format!("did you mean `{view}`?"))
        }
        _ => failure,
    }
}
