//! `mcpctl jobs wait ID...`, and how every wait for jobs ends.

use std::time::Duration;

use shared::job::JobId;

use super::ids;
use super::progress::Progress;
use super::track::{self, Tracker};
use crate::args::Format;
use crate::args::jobs::Wait;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::session::Session;

/// Failed jobs that are told one by one.
const MAX_TOLD: usize = 10;

pub(super) async fn run(args: &Wait, session: &Session<'_>) -> Result<Exit> {
    let mut tracker = Tracker::new(ids::parse(&args.ids)?);
    let (client, output) = (session.client()?, session.output);
    let limit = args.timeout.and_then(|flag| flag.own());
    let mut progress = Progress::new(output, &client);
    let end = {
        let work = track::to_the_end(&client, &mut tracker, &mut progress);
        ended(work, limit).await
    };
    progress.clear();
    drop(progress);
    if output.format == Format::Name {
        for job in tracker.each() {
            print_id(output, &job.id)?;
        }
    }
    report(&tracker, end, output, |_| None)
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Ended,
    TimedOut,
    Interrupted,
}

/// Waits for `work`, for `limit` and for Ctrl-C, whichever comes first.
pub(super) async fn ended(
    work: impl Future<Output = Result<()>>,
    limit: Option<Duration>,
) -> Result<End> {
    let timeout = async {
        match limit {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        _ = tokio::signal::ctrl_c() => Ok(End::Interrupted),
        end = work => end.map(|()| End::Ended),
        () = timeout => Ok(End::TimedOut),
    }
}

/// Says how the jobs stand at the end of a wait; `place` says where a job came from.
pub(super) fn report(
    tracker: &Tracker,
    end: Result<End>,
    output: &Output,
    place: impl Fn(usize) -> Option<String>,
) -> Result<Exit> {
    let counts = tracker.tally().counts();
    let end = end.map_err(|why| why.cause(format!("the jobs as last seen: {counts}")))?;
    match output.format {
        Format::Json | Format::Yaml => output.document(&tracker.document())?,
        Format::Name => {}
        Format::Table | Format::Wide if ids_only(output) => {}
        Format::Table | Format::Wide if end == End::Ended => output.line(&counts)?,
        Format::Table | Format::Wide => {}
    }
    tell_failed(tracker, output, place);
    match end {
        End::Ended => Ok(tracker.exit()),
        End::TimedOut => Err(
            Failure::new(Exit::Unavailable, "the jobs did not end in time")
                .cause(counts)
                .hint("they go on: wait longer with --timeout, or `mcpctl jobs top` shows why"),
        ),
        End::Interrupted => {
            output.note(&format!(
                "The jobs go on ({counts}). Wait again: the same command; take them back: mcpctl \
                 jobs cancel ID..."
            ));
            Ok(Exit::Interrupted)
        }
    }
}

fn tell_failed(tracker: &Tracker, output: &Output, place: impl Fn(usize) -> Option<String>) {
    let mut more = 0;
    for (at, (index, job)) in tracker.failed().enumerate() {
        if at >= MAX_TOLD {
            more += 1;
            continue;
        }
        let place = place(index).map(|place| format!(" ({place})"));
        let why = job.error.as_deref().map(|why| format!(": {why}"));
        output.warning(&format!(
            "job {}{} ended as {}{}",
            job.id,
            place.unwrap_or_default(),
            job.standing.as_str(),
            why.unwrap_or_default()
        ));
    }
    if more > 0 {
        output.warning(&format!("{more} more; -o json lists all"));
    }
    if tracker.failed().next().is_some() {
        output.note("See why: mcpctl describe job ID; once more: mcpctl jobs retry ID...");
    }
}

/// Whether nothing but ids is wanted: `-q`.
pub(super) fn ids_only(output: &Output) -> bool {
    output.is_quiet() && matches!(output.format, Format::Table | Format::Wide)
}

pub(super) fn print_id(output: &Output, id: &JobId) -> Result<()> {
    if output.format == Format::Name {
        output.line(&format!("job/{id}"))
    } else {
        output.line(id.as_str())
    }
}
