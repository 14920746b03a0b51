//! What is done once, because a key asked for it.

use console::{Kind, Target};
use shared::job::JobId;

use super::feeds::{Errand, Told};
use crate::client::Client;
use crate::failure::{Failure, Result};
use crate::output::sanitise::one_line;
use crate::resource::{self, Resource};

/// Deletes something; the person was asked.
pub(super) fn delete(target: Target) -> Errand {
    Box::new(|client| {
        Box::pin(async move {
            let end = delete_now(&client, &target).await;
            told(end, &format!("{target} deleted"))
        })
    })
}

/// Takes a job back.
pub(super) fn cancel(id: String) -> Errand {
    Box::new(|client| {
        Box::pin(async move {
            let end = match job_id(&id) {
                Ok(id) => client.cancel_job(&id).await,
                Err(why) => Err(why),
            };
            let status = end
                .as_ref()
                .ok()
                .and_then(|job| job.get("status")?.as_str());
            let what = match status {
                Some("running") => "is asked to end".into(),
                Some("canceled") | None => "taken back".into(),
                Some(ended) => format!("had ended before: {}", one_line(ended)),
            };
            told(end.map(drop), &format!("job/{id} {what}"))
        })
    })
}

/// Queues an ended job anew.
pub(super) fn retry(id: String) -> Errand {
    Box::new(|client| {
        Box::pin(async move {
            let end = match job_id(&id) {
                Ok(id) => client.retry_job(&id).await.map(drop),
                Err(why) => Err(why),
            };
            told(end, &format!("job/{id} queued anew"))
        })
    })
}

async fn delete_now(client: &Client, target: &Target) -> Result<()> {
    let Some(resource) = resource_of(target.kind) else {
        return client.delete_job(&job_id(&target.name)?).await;
    };
    let name = resource::name(&target.name)?;
    client.delete(resource, &name).await.map(drop)
}

/// The resource type of a kind; jobs are none.
pub(super) const fn resource_of(kind: Kind) -> Option<Resource> {
    Some(match kind {
        Kind::Llm => Resource::Llm,
        Kind::Alias => Resource::Alias,
        Kind::Price => Resource::Price,
        Kind::Secret => Resource::Secret,
        Kind::Token => Resource::Token,
        Kind::Job => return None,
    })
}

/// The id of a job that the server listed.
pub(super) fn job_id(id: &str) -> Result<JobId> {
    id.parse()
        .map_err(|_| Failure::failed(format!("`{id}` is no id of a job")))
}

fn told(end: Result<()>, well: &str) -> Told {
    match end {
        Ok(()) => Told::Did {
            what: well.into(),
            well: true,
        },
        Err(why) => Told::Did {
            what: in_a_line(&why),
            well: false,
        },
    }
}

/// What happened, and what to try, on one line.
fn in_a_line(why: &Failure) -> String {
    let lines = why.lines();
    let texts = lines
        .iter()
        .filter(|(label, _)| matches!(*label, "error" | "try"));
    let texts: Vec<_> = texts.map(|(_, text)| one_line(text)).collect();
    texts.join("; try: ")
}
