//! Verbs on durable jobs. They are no resources with a name and an envelope: an id, and `/v1`'s own
//! body.

use super::by_weight;
use crate::args::jobs::{Jobs, JobsWhat};
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::session::Session;

pub(super) mod create;
pub(super) mod describe;
pub(super) mod event;
mod file;
pub(super) mod follow;
mod glimpse;
pub(super) mod hand;
pub(crate) mod ids;
mod lines;
mod many;
pub(super) mod pages;
mod progress;
mod spinner;
mod submit;
mod tally;
mod top;
mod track;
mod wait;
pub(super) mod watch;

pub(super) async fn run(args: &Jobs, session: &Session<'_>) -> Result<Exit> {
    match &args.what {
        JobsWhat::Submit(args) => submit::run(args, session).await,
        JobsWhat::Watch(args) => watch::run(args, session).await,
        JobsWhat::Wait(args) => wait::run(args, session).await,
        JobsWhat::Logs(args) => watch::logs(args, session).await,
        JobsWhat::Cancel(args) => hand::cancel(args, session).await,
        JobsWhat::Retry(args) => hand::retry(args, session).await,
        JobsWhat::Top(args) => top::run(args, session).await,
    }
}

fn worse(one: Option<Failure>, other: Failure) -> Option<Failure> {
    match one {
        Some(one) => Some(by_weight(one, other).0),
        None => Some(other),
    }
}
