//! `mcpctl jobs watch ID...` and `jobs logs ID`: what jobs tell, as it comes.

use std::collections::VecDeque;
use std::sync::Arc;

use shared::job::JobId;
use shared::timestamp::Timestamp;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{Sender, channel};
use tokio::task::JoinSet;

use super::create::failed;
use super::event::{JobEvent, What};
use super::follow::{Follow, Told};
use super::ids;
use super::lines::Lines;
use super::many::Many;
use crate::args::jobs::{Logs, Watch};
use crate::client::Client;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::session::Session;

/// Streams that are open at once; further jobs are followed as others end.
const MAX_STREAMS: usize = 32;
/// What several jobs told and is not shown yet.
const MAX_WAITING: usize = 256;

pub(super) async fn run(args: &Watch, session: &Session<'_>) -> Result<Exit> {
    let ids = ids::parse(&args.ids)?;
    let (client, output) = (session.client()?, session.output);
    let watch = async {
        match &ids[..] {
            [id] => one(&client, id, Follow::new(client.clone(), id.clone()), output).await,
            ids => several(&client, ids, output).await,
        }
    };
    let end = tokio::select! {
        biased;
        _ = tokio::signal::ctrl_c() => None,
        end = watch => Some(end),
    };
    end.unwrap_or_else(|| {
        let (what, goes) = if ids.len() == 1 { ("job", "goes") } else { ("jobs", "go") };
        let first = &ids[0];
        output.note(&format!(
            "The {what} {goes} on. Watch again: the same command; take back: mcpctl jobs cancel {first}"
        ));
        Ok(Exit::Interrupted)
    })
}

pub(super) async fn logs(args: &Logs, session: &Session<'_>) -> Result<Exit> {
    match ids::parse(std::slice::from_ref(&args.id))?.pop() {
        Some(id) => logs_of(id, args.follow, Window::default(), session).await,
        None => Ok(Exit::Done),
    }
}

/// Which of the events that were told already are shown.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Window {
    /// At most so many of the last.
    pub(crate) tail: Option<usize>,
    pub(crate) since: Option<Timestamp>,
}

impl Window {
    const fn is_all(self) -> bool {
        self.tail.is_none() && self.since.is_none()
    }

    /// An event without a time is shown.
    fn keeps(self, event: &JobEvent) -> bool {
        let at = event.at().and_then(|at| at.parse::<Timestamp>().ok());
        match (self.since, at) {
            (Some(since), Some(at)) => at >= since,
            _ => true,
        }
    }
}

/// What a job told until now, as far as the window goes; to its end with `follow`.
pub(crate) async fn logs_of(
    id: JobId,
    follow: bool,
    window: Window,
    session: &Session<'_>,
) -> Result<Exit> {
    let (client, output) = (session.client()?, session.output);
    let work = async {
        let mut rest = Follow::new(client.clone(), id.clone());
        let mut nothing = true;
        if !window.is_all() {
            let last = told_before(Follow::new(client, id), window, output).await?;
            nothing = last.is_none();
            rest = match last {
                Some(last) if last.is_end() => return Ok(Exit::Done),
                Some(last) => rest.behind(last),
                None => rest,
            };
        }
        if follow {
            nothing &= print(rest, output).await?.nothing;
        } else if window.is_all() {
            nothing = print(rest.until_now(), output).await?.nothing;
        }
        if nothing {
            output.note("It has told nothing yet");
        }
        Ok(Exit::Done)
    };
    tokio::select! {
        biased;
        _ = tokio::signal::ctrl_c() => Ok(Exit::Interrupted),
        end = work => end,
    }
}

/// Prints the events up to now that the window keeps. Gives back the last one, kept or not.
async fn told_before(follow: Follow, window: Window, output: &Output) -> Result<Option<JobEvent>> {
    let mut follow = follow.until_now();
    // The pieces of an answer count as one.
    let mut kept: VecDeque<Vec<JobEvent>> = VecDeque::new();
    let mut last: Option<JobEvent> = None;
    loop {
        match follow.next().await? {
            Told::Event(event) => {
                let is_chunk = |event: &JobEvent| matches!(event.what, What::Chunk(_));
                let goes_on = is_chunk(&event) && last.as_ref().is_some_and(is_chunk);
                if window.keeps(&event) {
                    match kept.back_mut() {
                        Some(pieces) if goes_on => pieces.push((*event).clone()),
                        _ => kept.push_back(vec![(*event).clone()]),
                    }
                }
                if window.tail.is_some_and(|tail| kept.len() > tail) {
                    kept.pop_front();
                }
                last = Some(*event);
            }
            Told::Lost(_) | Told::Back => {}
            Told::End => break,
        }
    }
    let mut lines = Lines::new(output);
    for event in kept.iter().flatten() {
        lines.print(event)?;
    }
    lines.close()?;
    Ok(last)
}

async fn one(client: &Client, id: &JobId, follow: Follow, output: &Output) -> Result<Exit> {
    match print(follow, output).await?.error {
        None => Ok(Exit::Done),
        Some(why) => Err(failed(client, id, &why).await),
    }
}

#[derive(Default)]
struct Printed {
    nothing: bool,
    /// Why the job ended without a result.
    error: Option<String>,
}

/// Prints events until there are no more.
async fn print(mut follow: Follow, output: &Output) -> Result<Printed> {
    let mut lines = Lines::new(output);
    let mut printed = Printed {
        nothing: true,
        error: None,
    };
    loop {
        match follow.next().await? {
            Told::Event(event) => {
                lines.print(&event)?;
                printed.nothing = false;
                if let What::Error(why) = &event.what {
                    printed.error = Some(why.clone());
                }
            }
            Told::Lost(why) => {
                // Where both are on one screen; a pipe gets the answer alone.
                if output.to_terminal() {
                    lines.close()?;
                }
                output.warning(&format!("{why}; trying again until it is back"));
            }
            Told::Back => output.note("The server is back"),
            Told::End => break,
        }
    }
    lines.close()?;
    Ok(printed)
}

async fn several(client: &Client, ids: &[JobId], output: &Output) -> Result<Exit> {
    let (tell, mut told) = channel(MAX_WAITING);
    let streams = Arc::new(Semaphore::new(MAX_STREAMS));
    // Dropping the set ends them all.
    let mut followers = JoinSet::new();
    for (place, id) in ids.iter().enumerate() {
        let follow = Follow::new(client.clone(), id.clone());
        followers.spawn(follow_one(place, follow, streams.clone(), tell.clone()));
    }
    drop(tell);
    let mut view = Many::new(ids, output);
    let mut worst: Option<Failure> = None;
    while let Some((place, what)) = view.next(&mut told).await {
        match what {
            Ok(Told::Event(event)) => view.event(place, &event)?,
            Ok(Told::Lost(why)) => view.lost(&why),
            Ok(Told::Back) => view.back(),
            Ok(Told::End) => {}
            Err(why) => {
                view.failed(place, &why);
                worst = super::worse(worst, why);
            }
        }
    }
    view.end()?;
    match worst {
        // It was told already, where it happened.
        Some(why) => Ok(why.exit()),
        None if view.all_done() => Ok(Exit::Done),
        None => Ok(Exit::Failure),
    }
}

type Telling = (usize, Result<Told>);

async fn follow_one(
    place: usize,
    mut follow: Follow,
    streams: Arc<Semaphore>,
    tell: Sender<Telling>,
) {
    // The semaphore is never closed.
    let Ok(_permit) = streams.acquire_owned().await else {
        return;
    };
    loop {
        let told = follow.next().await;
        let is_last = matches!(told, Err(_) | Ok(Told::End));
        // The one who listens may have left.
        if tell.send((place, told)).await.is_err() || is_last {
            return;
        }
    }
}
