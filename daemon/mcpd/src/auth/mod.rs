//! Who calls, and what they may do.
//!
//! All credentials are in memory, keyed by their public id; a request costs one hash and no
//! database access. A credential that is deleted or expires ends what runs on its behalf.

mod bearer;
mod ended;
mod limits;
mod make;
mod tokens;
mod upkeep;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use dashmap::DashMap;
use gateway::{Accounts, Caller, Ledger, Payer};
use http::HeaderMap;
use kit::clock::SharedClock;
use kit::random::SharedRandom;
use shared::access_token;
use shared::error_body::code;
use shared::role::{Role, any_covers};
use shared::timestamp::Timestamp;
use store::tokens::TokenRecord;
use store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

use crate::auth::bearer::bearer;
use crate::auth::ended::Ended;
use crate::auth::limits::SpentSoFar;
use crate::http::error::ApiError;

/// Said of a credential that is not here.
const UNKNOWN: &str = "the access token is not known here, deleted or expired";

/// Every credential of the server. Cheap to clone.
#[derive(Clone)]
pub struct Auth(Arc<Inner>);

struct Inner {
    by_id: DashMap<String, Arc<Credential>>,
    /// Held by every change, so that memory and store see one order: a name stays one token's while it is
    /// looked at and deleted, and of two last admins one stays.
    writing: tokio::sync::Mutex<()>,
    ended: Ended,
    store: Store,
    accounts: Accounts,
    clock: SharedClock,
    random: SharedRandom,
}

/// A live credential.
pub struct Credential {
    /// Its row.
    pub record: TokenRecord,
    /// On whose behalf its bearer acts.
    pub caller: Caller,
    used_at: AtomicI64,
}

impl Credential {
    /// The principal's name.
    pub fn principal(&self) -> &str {
        &self.caller.payer.principal
    }

    /// Whether it covers `role`.
    pub fn covers(&self, role: Role) -> bool {
        any_covers(&self.record.roles, role)
    }
}

/// What a route asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Open,
    /// Any credential.
    Any,
    /// A credential of this role (or of an admin).
    Role(Role),
}

impl Auth {
    /// Loads every credential.
    pub async fn load(
        store: Store,
        accounts: Accounts,
        clock: SharedClock,
        random: SharedRandom,
    ) -> Result<Self, StoreError> {
        let auth = Self(Arc::new(Inner {
            by_id: DashMap::new(),
            writing: tokio::sync::Mutex::default(),
            ended: Ended::default(),
            store,
            accounts,
            clock,
            random,
        }));
        let now = auth.0.clock.now();
        auth.forget_ended(now).await;
        let mut records = auth.0.store.tokens().list_all().await?;
        records.retain(|record| record.is_live(now));
        let limits = records.iter().map(|record| record.limits);
        let spent = SpentSoFar::load(&auth.0.store, limits, now).await?;
        for record in records {
            let spent = spent.of(&record.id, &record.limits, now);
            auth.admit(record, spent);
        }
        Ok(auth)
    }

    /// Whether there is none: the server's first start.
    pub fn is_empty(&self) -> bool {
        self.0.by_id.is_empty()
    }

    /// The caller behind these headers.
    ///
    /// Errors: 401; what became of an ended credential is told to its bearer alone.
    pub fn authenticate(&self, headers: &HeaderMap) -> Result<Arc<Credential>, ApiError> {
        let Some(text) = bearer(headers) else {
            return Err(unauthorized("the request carries no access token"));
        };
        let token = access_token::parse(text).map_err(|why| unauthorized(why.to_string()))?;
        let found = self.0.by_id.get(token.id).map(|found| found.clone());
        let now = self.0.clock.now();
        let credential = found
            .filter(|found| found.record.secret_hash.proves(token.secret))
            .ok_or_else(|| {
                let ended = self.0.ended.tell(token.id, token.secret);
                unauthorized(ended.unwrap_or_else(|| UNKNOWN.into()))
            })?;
        if !credential.record.is_live(now) {
            return Err(unauthorized(ended::text(credential.record.expires_at)));
        }
        credential.used_at.store(now.as_millis(), Ordering::Relaxed);
        Ok(credential)
    }

    /// The caller, if it may do what `access` asks.
    ///
    /// Errors: 401, 403.
    pub fn authorize(
        &self,
        headers: &HeaderMap,
        access: Access,
    ) -> Result<Option<Arc<Credential>>, ApiError> {
        let credential = match access {
            Access::Open => return Ok(None),
            Access::Any | Access::Role(_) => self.authenticate(headers)?,
        };
        match access {
            Access::Role(role) if !credential.covers(role) => Err(forbidden(role)),
            _ => Ok(Some(credential)),
        }
    }

    /// On whose behalf the bearer of the token `id` acts; `None` once it is deleted or over.
    pub fn caller_of(&self, id: &str) -> Option<Caller> {
        let found = self.0.by_id.get(id)?;
        let is_live = found.record.is_live(self.0.clock.now());
        is_live.then(|| found.caller.clone())
    }

    /// Takes a token in that has spent so much of its budget, in nano-dollars.
    fn admit(&self, record: TokenRecord, spent: i64) {
        let used_at = record.last_used_at.map_or(0, Timestamp::as_millis);
        let caller = Caller {
            payer: Payer {
                principal: record.principal.as_str().into(),
                token_id: record.id.as_str().into(),
                token: record.name.as_str().into(),
            },
            ledger: Ledger::new(record.limits, spent, self.0.clock.now()),
            revoked: CancellationToken::new(),
        };
        let id = record.id.clone();
        let credential = Credential {
            caller,
            used_at: AtomicI64::new(used_at),
            record,
        };
        self.0.by_id.insert(id, Arc::new(credential));
    }

    /// Puts a changed record in the place of the one that is there; what runs goes on.
    fn readmit(
        &self,
        record: TokenRecord,
        settle: impl FnOnce(&Ledger),
    ) -> Option<Arc<Credential>> {
        let mut place = self.0.by_id.get_mut(&record.id)?;
        settle(&place.caller.ledger);
        let used_at = place.used_at.load(Ordering::Relaxed);
        *place = Arc::new(Credential {
            caller: place.caller.clone(),
            used_at: AtomicI64::new(used_at),
            record,
        });
        Some(place.clone())
    }

    /// Ends a credential and what runs on its behalf.
    fn expel(&self, id: &str) {
        if let Some((_, credential)) = self.0.by_id.remove(id) {
            let now = self.0.clock.now();
            self.0.ended.remember(&credential.record, now);
            credential.caller.revoked.cancel();
        }
    }
}

/// Refuses who was deleted while it waited for its turn.
fn still_in(by: Option<&Credential>) -> Result<(), ApiError> {
    match by.is_some_and(|by| by.caller.revoked.is_cancelled()) {
        true => Err(gateway::Error::Revoked.into()),
        false => Ok(()),
    }
}

fn unauthorized(message: impl Into<String>) -> ApiError {
    ApiError::new(401, code::INVALID_API_KEY, message)
        .hint("send `Authorization: Bearer mcp_...`, or log in with `mcpctl login URL`")
}

fn forbidden(role: Role) -> ApiError {
    let message = format!("this takes the role `{role}`, which your access token does not have");
    ApiError::new(403, code::FORBIDDEN, message).hint(format!(
        "ask an admin for one: `mcpctl create token NAME --role {role}`"
    ))
}
