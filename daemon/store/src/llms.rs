//! The rows of the registry: what can be called by name.
//!
//! A row has two halves. What is *wanted* (metadata and spec) changes by a writer's hand or a
//! publisher's offer and counts up `resourceVersion`. What is *seen* (phase, session, heartbeat)
//! changes all the time and does not. Live numbers (in flight, queued) are not stored at all.

mod phase;
mod register;
mod row;

use shared::llm::{Llm, Phase};
use shared::name::Name;
use shared::timestamp::Timestamp;

use crate::Store;
use crate::backend::{on_read, on_write, on_write_many};
use crate::bounds::{self, MAX_PAGE};
use crate::error::{During, StoreError};
use crate::ids::new_id;
use row::{LlmRow, Wanted, columns};

pub use phase::Expected;
pub use register::{
    HeldBy, MAX_OFFERS, MAX_VIRTUAL_PER_PRINCIPAL, NameConflict, Offered, Registered,
};

/// The aggregate's name in errors.
pub(crate) const KIND: &str = "LLM";

/// The LLM rows of a store.
#[derive(Clone, Copy, Debug)]
pub struct Llms<'a> {
    store: &'a Store,
}

impl<'a> Llms<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self { store }
    }

    /// Stores a new row under a new id, with version 1; owner and phase are taken from `llm`.
    ///
    /// Errors: [`StoreError::Conflict`] where the name is taken.
    pub async fn insert(self, llm: &Llm, now: Timestamp) -> Result<Llm, StoreError> {
        let wanted = Wanted::of(llm)?;
        let owner = llm.metadata.owner.as_deref();
        let owner = owner.map(bounds::principal).transpose()?;
        let phase = llm.status.as_ref().map_or(Phase::Active, |seen| seen.phase);
        let inactive_since = (phase == Phase::Inactive).then_some(now.as_millis());
        let id = new_id(now, self.store.random());
        on_write!(self.store, |pool| {
            sqlx::query_as::<_, LlmRow>(concat!(
                "insert into llms (
                    id, name, kind, owner, spec, labels, extra, secret_name,
                    phase, inactive_since, created_at, updated_at
                )
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
                returning ",
                columns!()
            ))
            .bind(&id)
            .bind(llm.metadata.name.as_str())
            .bind(llm.spec.kind.as_str())
            .bind(owner)
            .bind(&wanted.spec)
            .bind(&wanted.labels)
            .bind(&wanted.extra)
            .bind(&wanted.secret_name)
            .bind(phase.as_str())
            .bind(inactive_since)
            .bind(now.as_millis())
            .fetch_one(pool)
            .await
        })
        .map_err(|error| StoreError::on_insert(error, KIND, &llm.metadata.name))
        .during("store an LLM")?
        .try_into()
    }

    /// The row called `name`.
    pub async fn find(self, name: &Name) -> Result<Option<Llm>, StoreError> {
        on_read!(self.store, |pool| {
            sqlx::query_as::<_, LlmRow>(concat!(
                "select ",
                columns!(),
                " from llms where name = $1"
            ))
            .bind(name.as_str())
            .fetch_optional(pool)
            .await
        })
        .during("read an LLM")?
        .map(Llm::try_from)
        .transpose()
    }

    /// The row called `name`, which is expected to be there.
    ///
    /// Errors: [`StoreError::NotFound`].
    pub async fn get(self, name: &Name) -> Result<Llm, StoreError> {
        let found = self.find(name).await?;
        found.ok_or_else(|| StoreError::not_found(KIND, name))
    }

    /// A page of rows.
    ///
    /// Shape: ordered by name in byte order, those after `after`, at most `limit` and never more
    /// than 1000.
    pub async fn list(self, after: Option<&Name>, limit: u32) -> Result<Vec<Llm>, StoreError> {
        let after = after.map_or("", Name::as_str);
        let limit = i64::from(limit.min(MAX_PAGE));
        on_read!(self.store, |pool| {
            sqlx::query_as::<_, LlmRow>(concat!(
                "select ",
                columns!(),
                " from llms where name > $1 order by name limit $2"
            ))
            .bind(after)
            .bind(limit)
            .fetch_all(pool)
            .await
        })
        .during("list LLMs")?
        .into_iter()
        .map(Llm::try_from)
        .collect()
    }

    /// Every row, ordered by name; for the registry's memory at boot.
    pub async fn list_all(self) -> Result<Vec<Llm>, StoreError> {
        let mut all: Vec<Llm> = Vec::new();
        loop {
            let after = all.last().map(|llm| llm.metadata.name.clone());
            let page = self.list(after.as_ref(), MAX_PAGE).await?;
            let is_last = page.len() < MAX_PAGE as usize;
            all.extend(page);
            if is_last {
                return Ok(all);
            }
        }
    }

    /// The names of the rows whose key is kept in the secret `secret`, in order; at most 1000.
    pub async fn referring_to(self, secret: &Name) -> Result<Vec<Name>, StoreError> {
        let names: Vec<String> = on_read!(self.store, |pool| {
            sqlx::query_scalar(
                "select name from llms
                where secret_name = $1
                order by name
                limit 1000",
            )
            .bind(secret.as_str())
            .fetch_all(pool)
            .await
        })
        .during("find the LLMs of a secret")?;
        names.into_iter().map(row::name).collect()
    }

    /// Changes what is wanted: labels, other metadata and spec. Id, owner and what is seen stay.
    ///
    /// Shape: the version counts up by one, unless nothing is different: then the row stays
    /// untouched and is answered as it is. `expected` is the version that the writer has read.
    /// Errors: [`StoreError::NotFound`]; [`StoreError::Stale`] where the row has another version.
    pub async fn replace(
        self,
        llm: &Llm,
        expected: Option<u64>,
        now: Timestamp,
    ) -> Result<Llm, StoreError> {
        let wanted = Wanted::of(llm)?;
        let name = &llm.metadata.name;
        let changed = on_write!(self.store, |pool| {
            sqlx::query_as::<_, LlmRow>(concat!(
                "update llms
                set kind = $2, spec = $3, labels = $4, extra = $5, secret_name = $6,
                    updated_at = case
                        when spec = $3 and labels = $4 and extra = $5 then updated_at
                        else $7
                    end,
                    resource_version = case
                        when spec = $3 and labels = $4 and extra = $5 then resource_version
                        else resource_version + 1
                    end
                where name = $1 and ($8 is null or resource_version = $8)
                returning ",
                columns!()
            ))
            .bind(name.as_str())
            .bind(llm.spec.kind.as_str())
            .bind(&wanted.spec)
            .bind(&wanted.labels)
            .bind(&wanted.extra)
            .bind(&wanted.secret_name)
            .bind(now.as_millis())
            .bind(expected.map(as_version))
            .fetch_optional(pool)
            .await
        })
        .during("change an LLM")?;
        match changed {
            Some(row) => row.try_into(),
            None => Err(self.missing_or_stale(name).await?),
        }
    }

    /// Deletes the row, and answers it as it was last.
    ///
    /// `id` guards against a namesake: give the id of the row that was looked at.
    /// Errors: [`StoreError::NotFound`]; [`StoreError::Stale`] where the name is another row's by
    /// now.
    pub async fn delete(self, name: &Name, id: Option<&str>) -> Result<Llm, StoreError> {
        let deleted = on_write!(self.store, |pool| {
            sqlx::query_as::<_, LlmRow>(concat!(
                "delete from llms
                where name = $1 and ($2 is null or id = $2)
                returning ",
                columns!()
            ))
            .bind(name.as_str())
            .bind(id)
            .fetch_optional(pool)
            .await
        })
        .during("delete an LLM")?;
        match deleted {
            Some(row) => row.try_into(),
            None => Err(self.missing_or_stale(name).await?),
        }
    }

    /// Deletes the virtual rows that have been inactive since before `inactive_before`, and
    /// answers them, ordered by name.
    pub async fn delete_expired(self, inactive_before: Timestamp) -> Result<Vec<Llm>, StoreError> {
        let deleted = on_write_many!(self.store, |pool| {
            sqlx::query_as::<_, LlmRow>(concat!(
                "delete from llms
                where kind = 'virtual' and phase = 'inactive' and inactive_since < $1
                returning ",
                columns!()
            ))
            .bind(inactive_before.as_millis())
            .fetch_all(pool)
            .await
        })
        .during("delete expired LLMs")?;
        row::by_name(deleted)
    }

    /// Why no row changed.
    async fn missing_or_stale(self, name: &Name) -> Result<StoreError, StoreError> {
        Ok(match self.find(name).await? {
            Some(_) => StoreError::stale(KIND, name),
            None => StoreError::not_found(KIND, name),
        })
    }
}

/// A version as it is stored. One that no row can have matches none.
fn as_version(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}
