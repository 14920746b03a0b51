//! Secrets: named sets of fields whose values go in and come out to mcpd alone.
//!
//! Values are sealed before they reach a statement and opened after; see `seal.rs`. Opening
//! [`Secrets`] proves the master key on a known text first, so a wrong key is noticed at start and
//! not by the first caller.

mod row;

use std::collections::BTreeMap;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use shared::name::Name;
use shared::secret::Secret;
use shared::timestamp::Timestamp;

use crate::Store;
use crate::backend::{in_tx, on_read, on_write};
use crate::bounds::{self, MAX_PAGE};
use crate::error::{During, StoreError};
use crate::ids::new_id;
use crate::master_key::{KeyFile, MasterKey};
use crate::seal::{Place, Sealed, Sealer};
use row::{FieldRow, SealedRow};

/// Fields that one secret may have.
pub const MAX_FIELDS: usize = 64;
/// The longest value, in bytes.
pub const MAX_VALUE_BYTES: usize = 64 * 1024;
/// The longest field name, in bytes: what a `secret/NAME#FIELD` reference takes.
pub const MAX_FIELD_NAME_BYTES: usize = 253;
/// The aggregate's name in errors.
const KIND: &str = "secret";
/// What the known text says.
const CANARY: &[u8] = b"mcpctl canary";

/// What is written: the whole secret.
#[derive(Debug)]
pub struct NewSecret {
    /// Its name.
    pub name: Name,
    /// Free key-value pairs of the user.
    pub labels: BTreeMap<String, String>,
    /// Field name to value; at least one.
    pub fields: BTreeMap<String, SecretString>,
}

/// What a write expects to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// Nothing of that name: else [`StoreError::Conflict`].
    New,
    /// Anything or nothing.
    Any,
    /// The version that the writer has read: else [`StoreError::Stale`] or
    /// [`StoreError::NotFound`].
    Version(u64),
}

/// The secrets of a store, with the key that opens them. Cheap to clone.
#[derive(Clone)]
pub struct Secrets {
    store: Store,
    sealer: Arc<Sealer>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets(key {})", self.sealer.key_id())
    }
}

impl Secrets {
    /// Reads the master key, makes it where that is allowed and nothing was sealed yet, and proves
    /// it on the database.
    ///
    /// Errors: [`StoreError::BadKeyFile`] where the file is missing, open to others or no key;
    /// [`StoreError::WrongKey`] where the database was sealed with another one.
    pub async fn open(store: &Store, file: &KeyFile, now: Timestamp) -> Result<Self, StoreError> {
        let path = file.path();
        if let Some(key) = MasterKey::find(path)? {
            return Self::with_key(store, &key, now).await;
        }
        let missing = |why: String| StoreError::BadKeyFile {
            path: path.into(),
            why,
            source: None,
        };
        if let Some(key_id) = stored_key_id(store).await? {
            let why = format!(
                "it is missing, and the database has secrets sealed with it (key {key_id}): \
                 put it back from your backup"
            );
            return Err(missing(why));
        }
        if let KeyFile::Given(_) = file {
            let why = "it is missing: make one with `openssl rand -base64 32`, readable by its \
                       owner alone";
            return Err(missing(why.into()));
        }
        MasterKey::generate(store.random()).create(path, store.random())?;
        // Read back what is on disk: another process may have been faster.
        let key = MasterKey::find(path)?.ok_or_else(|| missing("it has vanished".into()))?;
        Self::with_key(store, &key, now).await
    }

    /// Proves `key` on the database.
    ///
    /// Errors: [`StoreError::WrongKey`] where the database was sealed with another one.
    pub async fn with_key(
        store: &Store,
        key: &MasterKey,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let secrets = Self {
            store: store.clone(),
            sealer: Arc::new(Sealer::new(key)),
        };
        let canary = secrets.ensure_canary(now).await;
        let canary = canary.during("prove the master key")?;
        let sealed_by = canary.key_id.clone();
        match secrets.sealer.open(canary_place(), &canary) {
            Some(text) if **text == *CANARY => Ok(secrets),
            _ => Err(StoreError::WrongKey {
                given: secrets.sealer.key_id().into(),
                needed: sealed_by,
            }),
        }
    }

    /// The known text as it is stored, or as it is now for the first time.
    async fn ensure_canary(&self, now: Timestamp) -> Result<Sealed, sqlx::Error> {
        let random = self.store.random();
        let fresh = self.sealer.seal(canary_place(), CANARY, random);
        let stored = in_tx!(self.store, |tx| {
            sqlx::query(
                "insert into sealing_key (slot, key_id, nonce, sealed, created_at)
                values ('current', $1, $2, $3, $4)
                on conflict (slot) do nothing",
            )
            .bind(&fresh.key_id)
            .bind(&fresh.nonce)
            .bind(&fresh.bytes)
            .bind(now.as_millis())
            .execute(&mut *tx)
            .await?;
            sqlx::query_as::<_, SealedRow>(
                "select slot as row_id, key_id, nonce, sealed
                from sealing_key where slot = 'current'",
            )
            .fetch_one(&mut *tx)
            .await?
        });
        Ok(stored.into_parts().1)
    }

    /// Stores the whole secret: fields that it does not name are gone afterwards.
    ///
    /// Shape: the secret without its values, and whether it is new.
    /// Errors: see [`Write`]; [`StoreError::TooLarge`], [`StoreError::TooMany`],
    /// [`StoreError::BadText`] beyond the bounds above.
    pub async fn put(
        &self,
        secret: &NewSecret,
        write: Write,
        now: Timestamp,
    ) -> Result<(Secret, bool), StoreError> {
        check(secret)?;
        let labels = bounds::json("labels", &secret.labels)?;
        let stored = self.try_put(secret, &labels, write, now).await;
        let is_new = stored.during("store a secret")?;
        Ok((self.get(&secret.name).await?, is_new))
    }

    async fn try_put(
        &self,
        secret: &NewSecret,
        labels: &str,
        write: Write,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let name = secret.name.as_str();
        let random = self.store.random();
        Ok(in_tx!(self.store, |tx| {
            let found: Option<(String, i64)> =
                sqlx::query_as("select id, resource_version from secrets where name = $1")
                    .bind(name)
                    .fetch_optional(&mut *tx)
                    .await?;
            let version = found.as_ref().map(|(_, version)| *version);
            allow(write, version, &secret.name)?;
            let is_new = found.is_none();
            let id = match found {
                Some((id, _)) => id,
                None => new_id(now, random),
            };
            sqlx::query(
                "insert into secrets (id, name, labels, created_at, updated_at)
                values ($1, $2, $3, $4, $4)
                on conflict (id) do update
                set labels = excluded.labels,
                    updated_at = excluded.updated_at,
                    resource_version = secrets.resource_version + 1",
            )
            .bind(&id)
            .bind(name)
            .bind(labels)
            .bind(now.as_millis())
            .execute(&mut *tx)
            .await?;
            sqlx::query("delete from secret_fields where secret_id = $1")
                .bind(&id)
                .execute(&mut *tx)
                .await?;
            for (field, value) in &secret.fields {
                let value = value.expose_secret().as_bytes();
                let sealed = self.sealer.seal(place(&id, field), value, random);
                sqlx::query(
                    "insert into secret_fields (secret_id, field, key_id, nonce, sealed)
                    values ($1, $2, $3, $4, $5)",
                )
                .bind(&id)
                .bind(field)
                .bind(&sealed.key_id)
                .bind(&sealed.nonce)
                .bind(&sealed.bytes)
                .execute(&mut *tx)
                .await?;
            }
            is_new
        }))
    }

    /// The value of one field.
    ///
    /// Errors: [`StoreError::NotFound`]; [`StoreError::WrongKey`] where another key sealed it;
    /// [`StoreError::Corrupt`] where it was changed or moved.
    pub async fn get_field(&self, name: &Name, field: &str) -> Result<SecretString, StoreError> {
        let found = on_read!(self.store, |pool| {
            sqlx::query_as::<_, SealedRow>(
                "select s.id as row_id, f.key_id, f.nonce, f.sealed
                from secret_fields f
                join secrets s on s.id = f.secret_id
                where s.name = $1 and f.field = $2",
            )
            .bind(name.as_str())
            .bind(field)
            .fetch_optional(pool)
            .await
        })
        .during("read a secret")?;
        let Some(found) = found else {
            let field = field.escape_debug();
            return Err(StoreError::not_found(KIND, format!("{name}#{field}")));
        };
        let (id, sealed) = found.into_parts();
        if sealed.key_id != self.sealer.key_id() {
            return Err(StoreError::WrongKey {
                given: self.sealer.key_id().into(),
                needed: sealed.key_id,
            });
        }
        let value = self.sealer.open(place(&id, field), &sealed);
        let value = value.ok_or_else(|| StoreError::corrupt(KIND, name, "sealed value"))?;
        match std::str::from_utf8(&value) {
            Ok(value) => Ok(value.into()),
            Err(_) => Err(StoreError::corrupt(KIND, name, "sealed value")),
        }
    }

    /// The secret called `name`, with the names of its fields.
    pub async fn find(&self, name: &Name) -> Result<Option<Secret>, StoreError> {
        let rows = on_read!(self.store, |pool| {
            sqlx::query_as::<_, FieldRow>(
                "select s.id, s.name, s.labels, s.created_at, s.updated_at, s.resource_version,
                    f.field
                from secrets s
                left join secret_fields f on f.secret_id = s.id
                where s.name = $1
                order by f.field",
            )
            .bind(name.as_str())
            .fetch_all(pool)
            .await
        })
        .during("read a secret")?;
        Ok(row::gather(rows)?.pop())
    }

    /// The secret called `name`, which is expected to be there.
    ///
    /// Errors: [`StoreError::NotFound`].
    pub async fn get(&self, name: &Name) -> Result<Secret, StoreError> {
        let found = self.find(name).await?;
        found.ok_or_else(|| StoreError::not_found(KIND, name))
    }

    /// A page of secrets, with the names of their fields.
    ///
    /// Shape: ordered by name in byte order, those after `after`, at most `limit` and never more
    /// than 1000.
    pub async fn list(&self, after: Option<&Name>, limit: u32) -> Result<Vec<Secret>, StoreError> {
        let after = after.map_or("", Name::as_str);
        let limit = i64::from(limit.min(MAX_PAGE));
        let rows = on_read!(self.store, |pool| {
            sqlx::query_as::<_, FieldRow>(
                "select s.id, s.name, s.labels, s.created_at, s.updated_at, s.resource_version,
                    f.field
                from (
                    select * from secrets where name > $1 order by name limit $2
                ) s
                left join secret_fields f on f.secret_id = s.id
                order by s.name, f.field",
            )
            .bind(after)
            .bind(limit)
            .fetch_all(pool)
            .await
        })
        .during("list secrets")?;
        row::gather(rows)
    }

    /// Deletes the secret with its fields, and answers it as it was. Whether an LLM still refers to
    /// it is for the caller to ask: [`crate::llms::Llms::referring_to`].
    ///
    /// Errors: [`StoreError::NotFound`].
    pub async fn delete(&self, name: &Name) -> Result<Secret, StoreError> {
        let secret = self.get(name).await?;
        let deleted = on_write!(self.store, |pool| {
            sqlx::query("delete from secrets where name = $1")
                .bind(name.as_str())
                .execute(pool)
                .await
                .map(|done| done.rows_affected())
        })
        .during("delete a secret")?;
        match deleted {
            0 => Err(StoreError::not_found(KIND, name)),
            _ => Ok(secret),
        }
    }
}

/// The id of the key that the database is sealed with, where it is.
async fn stored_key_id(store: &Store) -> Result<Option<String>, StoreError> {
    on_read!(store, |pool| {
        sqlx::query_scalar("select key_id from sealing_key where slot = 'current'")
            .fetch_optional(pool)
            .await
    })
    .during("look for a master key")
}

fn place<'a>(row: &'a str, field: &'a str) -> Place<'a> {
    Place {
        table: "secret_fields",
        row,
        field,
    }
}

fn canary_place() -> Place<'static> {
    Place {
        table: "sealing_key",
        row: "current",
        field: "canary",
    }
}

/// Whether the write may go on, given the version that is stored.
fn allow(write: Write, stored: Option<i64>, name: &Name) -> Result<(), StoreError> {
    match (write, stored) {
        (Write::Any, _) | (Write::New, None) => Ok(()),
        (Write::New, Some(_)) => Err(StoreError::Conflict {
            kind: KIND,
            name: name.to_string(),
        }),
        (Write::Version(_), None) => Err(StoreError::not_found(KIND, name)),
        (Write::Version(expected), Some(stored)) if u64::try_from(stored) == Ok(expected) => Ok(()),
        (Write::Version(_), Some(_)) => Err(StoreError::stale(KIND, name)),
    }
}

fn check(secret: &NewSecret) -> Result<(), StoreError> {
    let fields = &secret.fields;
    if fields.is_empty() {
        return Err(StoreError::BadText {
            what: "secret's set of fields",
        });
    }
    if fields.len() > MAX_FIELDS {
        return Err(StoreError::TooMany {
            what: "fields of one secret",
            limit: MAX_FIELDS,
        });
    }
    for (field, value) in fields {
        bounds::checked("secret's field name", field, MAX_FIELD_NAME_BYTES)?;
        if value.expose_secret().len() > MAX_VALUE_BYTES {
            return Err(StoreError::TooLarge {
                what: "secret's value",
                limit: MAX_VALUE_BYTES,
            });
        }
    }
    Ok(())
}
