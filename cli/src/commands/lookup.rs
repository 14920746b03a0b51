//! One resource, or all of a type, whatever API they stand behind: jobs have one of their own.

use serde_json::{Value, json};
use shared::name::Name;

use super::jobs::hand::not_ended;
use super::jobs::pages::pages;
use crate::args::usage::Ask;
use crate::client::Client;
use crate::failure::Result;
use crate::resource::{Resource, job_id};

/// All of a type.
pub(super) struct Listing {
    /// The server's list object.
    pub(super) list: Value,
    /// There are more than were asked for.
    pub(super) more: bool,
}

/// One resource; a job with its attempts.
pub(super) async fn one(client: &Client, resource: Resource, name: &Name) -> Result<Value> {
    match resource {
        Resource::Job => client.job(&job_id(name.as_str())?).await,
        _ => client.get(resource, name).await,
    }
}

/// All of a type that `keep` wants; of jobs the newest, as far as `ask` says.
pub(super) async fn all(
    client: &Client,
    resource: Resource,
    ask: &Ask,
    keep: impl Fn(&Value) -> bool,
) -> Result<Listing> {
    if resource == Resource::Job {
        let (jobs, more) = pages(client, ask, keep).await?;
        let list = json!({ "jobs": jobs });
        return Ok(Listing { list, more });
    }
    let mut list = client.list(resource).await?;
    if let Some(Value::Array(items)) = list.get_mut(resource.items()) {
        items.retain(keep);
    }
    Ok(Listing { list, more: false })
}

/// Deletes one. The answer is what it was, or at least its name.
pub(super) async fn delete(client: &Client, resource: Resource, name: &Name) -> Result<Value> {
    if resource == Resource::Job {
        let id = job_id(name.as_str())?;
        client.delete_job(&id).await.map_err(not_ended)?;
        return Ok(json!({ "id": id }));
    }
    let document = client.delete(resource, name).await?;
    // An answer of an older server may be empty; the name is known all the same.
    Ok(match resource.name_in(&document) {
        "" => json!({"metadata": {"name": name}}),
        _ => document,
    })
}
