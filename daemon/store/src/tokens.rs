//! Access tokens: who may do what, until when. The credential itself is never stored.
//!
//! mcpd keeps all of them in memory, so a request costs no look-up here.

use shared::document::{Document, Metadata};
use shared::name::Name;
use shared::role::Role;
use shared::timestamp::Timestamp;
use shared::token::{KIND as DOCUMENT_KIND, Limits, Token, TokenSpec, TokenStatus};

use crate::Store;
use crate::backend::{in_tx, on_read, on_write, on_write_many};
use crate::bounds;
use crate::credential::SecretHash;
use crate::error::{During, StoreError};

/// Tokens that may exist at once.
pub const MAX_TOKENS: usize = 10_000;
/// The aggregate's name in errors.
const KIND: &str = "token";

/// A stored token.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenRecord {
    /// The public part of the credential.
    pub id: String,
    /// Its name, unique.
    pub name: Name,
    /// On whose behalf its bearer acts.
    pub principal: String,
    /// What its bearer may do.
    pub roles: Vec<Role>,
    /// Proves the credential's secret part.
    pub secret_hash: SecretHash,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was ended.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, as far as that was stored.
    pub last_used_at: Option<Timestamp>,
    /// What its bearer may use.
    pub limits: Limits,
}

impl TokenRecord {
    /// Whether it grants anything at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// What is shown of it: never the credential or its hash.
    pub fn document(&self) -> Token {
        Document {
            api_version: shared::API_VERSION.into(),
            kind: DOCUMENT_KIND.into(),
            metadata: Metadata {
                id: Some(self.id.clone()),
                owner: Some(self.principal.clone()),
                created_at: Some(self.created_at),
                ..Metadata::named(self.name.clone())
            },
            spec: TokenSpec {
                roles: self.roles.clone(),
                principal: Some(self.principal.clone()),
                expires_at: self.expires_at,
                limits: self.limits,
            },
            status: Some(TokenStatus {
                value: None,
                last_used_at: self.last_used_at,
                spent: None,
            }),
        }
    }
}

/// The tokens of a store.
#[derive(Clone, Copy, Debug)]
pub struct Tokens<'a> {
    store: &'a Store,
}

macro_rules! columns {
    () => {
        "id, name, principal, roles, secret_hash, created_at, expires_at, revoked_at, last_used_at,
         limits"
    };
}

impl<'a> Tokens<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self { store }
    }

    /// Stores a new token, all fields as given.
    ///
    /// Errors: [`StoreError::Conflict`] where the name is taken; [`StoreError::TooMany`] beyond
    /// [`MAX_TOKENS`].
    pub async fn insert(self, token: &TokenRecord) -> Result<(), StoreError> {
        let principal = bounds::principal(&token.principal)?;
        let roles = bounds::json("roles", &token.roles)?;
        let limits = bounds::json("limits", &token.limits)?;
        // The limit is a brake, not a promise: a race may pass it by one.
        let stored: i64 = on_read!(self.store, |pool| {
            sqlx::query_scalar("select count(*) from tokens")
                .fetch_one(pool)
                .await
        })
        .during("count tokens")?;
        if stored >= MAX_TOKENS as i64 {
            return Err(StoreError::TooMany {
                what: "tokens",
                limit: MAX_TOKENS,
            });
        }
        on_write!(self.store, |pool| {
            sqlx::query(
                "insert into tokens (
                    id, name, principal, roles, secret_hash,
                    created_at, expires_at, revoked_at, last_used_at, limits
                )
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            )
            .bind(&token.id)
            .bind(token.name.as_str())
            .bind(principal)
            .bind(&roles)
            .bind(token.secret_hash.as_bytes().as_slice())
            .bind(token.created_at.as_millis())
            .bind(token.expires_at.map(Timestamp::as_millis))
            .bind(token.revoked_at.map(Timestamp::as_millis))
            .bind(token.last_used_at.map(Timestamp::as_millis))
            .bind(&limits)
            .execute(pool)
            .await
            .map(drop)
        })
        .map_err(|error| StoreError::on_insert(error, KIND, &token.name))
        .during("store a token")
    }

    /// The token with the public id `id`.
    pub async fn find(self, id: &str) -> Result<Option<TokenRecord>, StoreError> {
        on_read!(self.store, |pool| {
            sqlx::query_as::<_, TokenRow>(concat!(
                "select ",
                columns!(),
                " from tokens where id = $1"
            ))
            .bind(id)
            .fetch_optional(pool)
            .await
        })
        .during("read a token")?
        .map(TokenRecord::try_from)
        .transpose()
    }

    /// The token called `name`.
    pub async fn find_by_name(self, name: &Name) -> Result<Option<TokenRecord>, StoreError> {
        on_read!(self.store, |pool| {
            sqlx::query_as::<_, TokenRow>(concat!(
                "select ",
                columns!(),
                " from tokens where name = $1"
            ))
            .bind(name.as_str())
            .fetch_optional(pool)
            .await
        })
        .during("read a token")?
        .map(TokenRecord::try_from)
        .transpose()
    }

    /// Every token, ordered by name, ended ones included.
    pub async fn list_all(self) -> Result<Vec<TokenRecord>, StoreError> {
        on_read!(self.store, |pool| {
            sqlx::query_as::<_, TokenRow>(concat!(
                "select ",
                columns!(),
                " from tokens order by name"
            ))
            .fetch_all(pool)
            .await
        })
        .during("list tokens")?
        .into_iter()
        .map(TokenRecord::try_from)
        .collect()
    }

    /// Changes what the token's bearer may use.
    ///
    /// Errors: [`StoreError::NotFound`].
    pub async fn set_limits(self, name: &Name, limits: Limits) -> Result<TokenRecord, StoreError> {
        let limits = bounds::json("limits", &limits)?;
        let changed = on_write!(self.store, |pool| {
            sqlx::query_as::<_, TokenRow>(concat!(
                "update tokens set limits = $2 where name = $1 returning ",
                columns!()
            ))
            .bind(name.as_str())
            .bind(&limits)
            .fetch_optional(pool)
            .await
        })
        .during("change a token's limits")?;
        found(changed, name)
    }

    /// Ends the token and keeps its row, so that its name stays taken. A second time changes
    /// nothing.
    ///
    /// Errors: [`StoreError::NotFound`].
    pub async fn revoke(self, name: &Name, at: Timestamp) -> Result<TokenRecord, StoreError> {
        let revoked = on_write!(self.store, |pool| {
            sqlx::query_as::<_, TokenRow>(concat!(
                "update tokens
                set revoked_at = coalesce(revoked_at, $2)
                where name = $1
                returning ",
                columns!()
            ))
            .bind(name.as_str())
            .bind(at.as_millis())
            .fetch_optional(pool)
            .await
        })
        .during("revoke a token")?;
        found(revoked, name)
    }

    /// Deletes the token, and answers it as it was.
    ///
    /// Errors: [`StoreError::NotFound`].
    pub async fn delete(self, name: &Name) -> Result<TokenRecord, StoreError> {
        let deleted = on_write!(self.store, |pool| {
            sqlx::query_as::<_, TokenRow>(concat!(
                "delete from tokens where name = $1 returning ",
                columns!()
            ))
            .bind(name.as_str())
            .fetch_optional(pool)
            .await
        })
        .during("delete a token")?;
        found(deleted, name)
    }

    /// Deletes the tokens that ended, revoked or by themselves, before `ended_before`, and answers
    /// how many. Their names are free again.
    pub async fn delete_ended(self, ended_before: Timestamp) -> Result<u64, StoreError> {
        on_write_many!(self.store, |pool| {
            sqlx::query("delete from tokens where revoked_at < $1 or expires_at < $1")
                .bind(ended_before.as_millis())
                .execute(pool)
                .await
                .map(|done| done.rows_affected())
        })
        .during("delete ended tokens")
    }

    /// Notes when tokens were last used, together; never moves back. Unknown ids are passed over.
    pub async fn note_used(self, uses: &[(String, Timestamp)]) -> Result<(), StoreError> {
        if uses.is_empty() {
            return Ok(());
        }
        self.try_note_used(uses)
            .await
            .during("note the use of tokens")
    }

    async fn try_note_used(self, uses: &[(String, Timestamp)]) -> Result<(), sqlx::Error> {
        in_tx!(self.store, |tx| {
            for (id, at) in uses {
                sqlx::query(
                    "update tokens
                    set last_used_at = $2
                    where id = $1 and (last_used_at is null or last_used_at < $2)",
                )
                .bind(id)
                .bind(at.as_millis())
                .execute(&mut *tx)
                .await?;
            }
        });
        Ok(())
    }
}

#[derive(sqlx::FromRow)]
struct TokenRow {
    id: String,
    name: String,
    principal: String,
    roles: String,
    secret_hash: Vec<u8>,
    created_at: i64,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
    last_used_at: Option<i64>,
    limits: String,
}

impl TryFrom<TokenRow> for TokenRecord {
    type Error = StoreError;

    fn try_from(row: TokenRow) -> Result<Self, StoreError> {
        let corrupt = |column| StoreError::corrupt(KIND, &row.id, column);
        Ok(Self {
            name: row.name.parse().map_err(|_| corrupt("name"))?,
            roles: serde_json::from_str(&row.roles).map_err(|_| corrupt("roles"))?,
            limits: serde_json::from_str(&row.limits).map_err(|_| corrupt("limits"))?,
            secret_hash: SecretHash::from_bytes(&row.secret_hash)
                .ok_or_else(|| corrupt("secret_hash"))?,
            id: row.id,
            principal: row.principal,
            created_at: Timestamp::from_millis(row.created_at),
            expires_at: row.expires_at.map(Timestamp::from_millis),
            revoked_at: row.revoked_at.map(Timestamp::from_millis),
            last_used_at: row.last_used_at.map(Timestamp::from_millis),
        })
    }
}

fn found(row: Option<TokenRow>, name: &Name) -> Result<TokenRecord, StoreError> {
    row.ok_or_else(|| StoreError::not_found(KIND, name))?
        .try_into()
}
