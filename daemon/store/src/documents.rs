//! Resources that are wanted and never seen: a name, labels and a spec. Aliases and prices are
//! such; each has a table of its own, and all tables of this kind have the same columns and verbs.
//!
//! There are few of them, and the gateway keeps all in memory: so a list is always whole, and
//! their number is bounded.

use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::document::{Document, Metadata};
use shared::name::Name;
use shared::timestamp::Timestamp;

use crate::Store;
use crate::backend::{in_tx, on_read, on_write};
use crate::bounds;
use crate::error::{During, StoreError};
use crate::ids::new_id;

/// A spec that has a table of this kind.
pub trait Kept: Serialize + DeserializeOwned {
    /// What is seen of it; not stored.
    type Status;
    /// Its table.
    const TABLE: Table;
}

/// The words and statements of one kind of resource. Made by the macro `table!`.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    pub(crate) document_kind: &'static str,
    pub(crate) one: &'static str,
    pub(crate) many: &'static str,
    pub(crate) limit: usize,
    pub(crate) storing: &'static str,
    pub(crate) changing: &'static str,
    pub(crate) deleting: &'static str,
    pub(crate) listing: &'static str,
    pub(crate) count: &'static str,
    pub(crate) count_named: &'static str,
    pub(crate) insert: &'static str,
    pub(crate) replace: &'static str,
    pub(crate) delete: &'static str,
    pub(crate) list: &'static str,
}

/// The columns of [`Row`], for a `select` or `returning`.
macro_rules! columns {
    () => {
        "id, name, owner, spec, labels, extra, created_at, updated_at, resource_version"
    };
}

/// The [`Table`] called `$many`, of at most `$limit` rows.
macro_rules! table {
    ($many:literal, $one:literal, $an:literal, $document_kind:expr, $limit:expr) => {
        $crate::documents::Table {
            document_kind: $document_kind,
            one: $one,
            many: $many,
            limit: $limit,
            storing: concat!("store ", $an, " ", $one),
            changing: concat!("change ", $an, " ", $one),
            deleting: concat!("delete ", $an, " ", $one),
            listing: concat!("list ", $many),
            count: concat!("select count(*) from ", $many),
            count_named: concat!("select count(*) from ", $many, " where name = $1"),
            insert: concat!(
                "insert into ",
                $many,
                " (id, name, owner, spec, labels, extra, created_at, updated_at)
                values ($1, $2, $3, $4, $5, $6, $7, $7)
                returning ",
                $crate::documents::columns!()
            ),
            replace: concat!(
                "update ",
                $many,
                " set spec = $2, labels = $3, extra = $4,
                    updated_at = case
                        when spec = $2 and labels = $3 and extra = $4 then updated_at
                        else $5
                    end,
                    resource_version = case
                        when spec = $2 and labels = $3 and extra = $4 then resource_version
                        else resource_version + 1
                    end
                where name = $1 and ($6 is null or resource_version = $6)
                returning ",
                $crate::documents::columns!()
            ),
            delete: concat!(
                "delete from ",
                $many,
                " where name = $1 returning ",
                $crate::documents::columns!()
            ),
            list: concat!(
                "select ",
                $crate::documents::columns!(),
                " from ",
                $many,
                " order by name"
            ),
        }
    };
}
pub(crate) use {columns, table};

/// The resources of one kind of a store.
#[derive(Debug)]
pub struct Documents<'a, Spec> {
    store: &'a Store,
    spec: PhantomData<fn() -> Spec>,
}

impl<'a, Spec: Kept> Documents<'a, Spec> {
    /// Those of `store`.
    pub fn new(store: &'a Store) -> Self {
        Self {
            store,
            spec: PhantomData,
        }
    }

    /// All of them.
    ///
    /// Shape: ordered by name in byte order; 0 up to the kind's limit. `status` is `None`.
    /// Errors: [`StoreError::Corrupt`] where one of them can't be read.
    pub async fn list(&self) -> Result<Vec<Document<Spec, Spec::Status>>, StoreError> {
        on_read!(self.store, |pool| {
            sqlx::query_as::<_, Row>(Spec::TABLE.list)
                .fetch_all(pool)
                .await
        })
        .during(Spec::TABLE.listing)?
        .into_iter()
        .map(Row::document)
        .collect()
    }

    /// Stores a new one under a new id, with version 1; the owner is taken from `document`.
    ///
    /// Errors: [`StoreError::Conflict`] where the name is taken; [`StoreError::TooMany`] where
    /// there are as many as there may be.
    pub async fn insert(
        &self,
        document: &Document<Spec, Spec::Status>,
        now: Timestamp,
    ) -> Result<Document<Spec, Spec::Status>, StoreError> {
        let owner = document.metadata.owner.as_deref();
        let new = New {
            id: new_id(now, self.store.random()),
            name: &document.metadata.name,
            owner: owner.map(bounds::principal).transpose()?,
            wanted: Wanted::of(document)?,
        };
        self.try_insert(&new, now)
            .await
            .during(Spec::TABLE.storing)?
            .document()
    }

    async fn try_insert(&self, new: &New<'_>, now: Timestamp) -> Result<Row, StoreError> {
        let row = in_tx!(self.store, |tx| {
            let row = sqlx::query_as::<_, Row>(Spec::TABLE.insert)
                .bind(&new.id)
                .bind(new.name.as_str())
                .bind(new.owner)
                .bind(&new.wanted.spec)
                .bind(&new.wanted.labels)
                .bind(&new.wanted.extra)
                .bind(now.as_millis())
                .fetch_one(&mut *tx)
                .await
                .map_err(|error| StoreError::on_insert(error, Spec::TABLE.one, new.name))?;
            // Counted after, so that a name that is taken is said so in a full table too.
            let stored: i64 = sqlx::query_scalar(Spec::TABLE.count)
                .fetch_one(&mut *tx)
                .await?;
            if stored > Spec::TABLE.limit as i64 {
                return Err(StoreError::TooMany {
                    what: Spec::TABLE.many,
                    limit: Spec::TABLE.limit,
                });
            }
            row
        });
        Ok(row)
    }

    /// Changes labels, other metadata and spec. Id and owner stay.
    ///
    /// Shape: the version counts up by one, unless nothing is different: then the row stays
    /// untouched and is answered as it is. `expected` is the version that the writer has read.
    /// Errors: [`StoreError::NotFound`]; [`StoreError::Stale`] where the row has another version.
    pub async fn replace(
        &self,
        document: &Document<Spec, Spec::Status>,
        expected: Option<u64>,
        now: Timestamp,
    ) -> Result<Document<Spec, Spec::Status>, StoreError> {
        let wanted = Wanted::of(document)?;
        let name = &document.metadata.name;
        // A version that no row can have matches none.
        let expected = expected.map(|version| i64::try_from(version).unwrap_or(i64::MAX));
        let changed = on_write!(self.store, |pool| {
            sqlx::query_as::<_, Row>(Spec::TABLE.replace)
                .bind(name.as_str())
                .bind(&wanted.spec)
                .bind(&wanted.labels)
                .bind(&wanted.extra)
                .bind(now.as_millis())
                .bind(expected)
                .fetch_optional(pool)
                .await
        })
        .during(Spec::TABLE.changing)?;
        match changed {
            Some(row) => row.document(),
            None => Err(self.missing_or_stale(name).await?),
        }
    }

    /// Deletes it, and answers it as it was last.
    ///
    /// Errors: [`StoreError::NotFound`].
    pub async fn delete(&self, name: &Name) -> Result<Document<Spec, Spec::Status>, StoreError> {
        on_write!(self.store, |pool| {
            sqlx::query_as::<_, Row>(Spec::TABLE.delete)
                .bind(name.as_str())
                .fetch_optional(pool)
                .await
        })
        .during(Spec::TABLE.deleting)?
        .ok_or_else(|| StoreError::not_found(Spec::TABLE.one, name))?
        .document()
    }

    /// Why no row changed.
    async fn missing_or_stale(&self, name: &Name) -> Result<StoreError, StoreError> {
        let there: i64 = on_read!(self.store, |pool| {
            sqlx::query_scalar(Spec::TABLE.count_named)
                .bind(name.as_str())
                .fetch_one(pool)
                .await
        })
        .during(Spec::TABLE.changing)?;
        Ok(match there {
            0 => StoreError::not_found(Spec::TABLE.one, name),
            _ => StoreError::stale(Spec::TABLE.one, name),
        })
    }
}

/// A row to be, ready to be bound.
struct New<'a> {
    id: String,
    name: &'a Name,
    owner: Option<&'a str>,
    wanted: Wanted,
}

/// The half of a row that a writer decides, as it is stored.
struct Wanted {
    spec: String,
    labels: String,
    extra: String,
}

impl Wanted {
    /// Errors: [`StoreError::TooLarge`] where a part is beyond what is stored.
    fn of<Spec: Serialize, Status>(document: &Document<Spec, Status>) -> Result<Self, StoreError> {
        Ok(Self {
            spec: bounds::json("spec", &document.spec)?,
            labels: bounds::json("labels", &document.metadata.labels)?,
            extra: bounds::json("metadata", &document.metadata.extra)?,
        })
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    name: String,
    owner: Option<String>,
    spec: String,
    labels: String,
    extra: String,
    created_at: i64,
    updated_at: i64,
    resource_version: i64,
}

impl Row {
    fn document<Spec: Kept>(self) -> Result<Document<Spec, Spec::Status>, StoreError> {
        let corrupt =
            |column| StoreError::corrupt(Spec::TABLE.one, self.name.escape_debug(), column);
        let metadata = Metadata {
            name: self.name.parse().map_err(|_| corrupt("name"))?,
            labels: serde_json::from_str(&self.labels).map_err(|_| corrupt("labels"))?,
            extra: serde_json::from_str(&self.extra).map_err(|_| corrupt("extra"))?,
            created_at: Some(Timestamp::from_millis(self.created_at)),
            updated_at: Some(Timestamp::from_millis(self.updated_at)),
            resource_version: match u64::try_from(self.resource_version) {
                Ok(version) => Some(version),
                Err(_) => return Err(corrupt("resource_version")),
            },
            id: Some(self.id),
            owner: self.owner,
        };
        let spec = serde_json::from_str(&self.spec)
            .map_err(|_| StoreError::corrupt(Spec::TABLE.one, &metadata.name, "spec"))?;
        Ok(Document {
            api_version: shared::API_VERSION.into(),
            kind: Spec::TABLE.document_kind.into(),
            metadata,
            spec,
            status: None,
        })
    }
}
