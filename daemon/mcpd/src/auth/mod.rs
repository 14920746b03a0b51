//! Who calls, and what they may do.
//!
//! All credentials are in memory, keyed by their public id; a request costs one hash and no
//! database access. A credential that is deleted or expires ends what runs on its behalf.

mod bearer;
mod ended;
mod limits;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use dashmap::DashMap;
use gateway::{Accounts, Caller, Ledger, Payer};
use http::HeaderMap;
use kit::clock::SharedClock;
use kit::random::SharedRandom;
use secrecy::SecretString;
use shared::access_token;
use shared::error_body::code;
use shared::name::Name;
use shared::role::{Role, any_covers};
use shared::timestamp::Timestamp;
use shared::token::{Limits, Token, TokenSpec};
use store::credential::{Minted, mint};
use store::tokens::TokenRecord;
use store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

use crate::auth::bearer::bearer;
use crate::auth::ended::Ended;
use crate::auth::limits::SpentSoFar;
use crate::http::error::ApiError;

/// How often expired credentials are ended and uses are noted: open streams of an ended credential
/// end within this time.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(2);
/// Said of a credential that is not here.
const UNKNOWN: &str = "the access token is not known here, deleted or expired";
/// Tokens that a principal may have that makes them itself: the server's are for all.
const MAX_TOKENS_OF_ITS_OWN: usize = 100;
/// Uses are stored to this precision.
const USE_PRECISION: Duration = Duration::from_secs(60);

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

    /// Makes a credential for `creator`, or for the server itself where there is none.
    ///
    /// Shape: the document, with the credential's text in its status.
    /// Errors: 400 without a role or with too many tokens, 401 where the creator was deleted meanwhile, 403 beyond what it holds, 409 for a name
    /// that is taken.
    pub async fn create(
        &self,
        name: Name,
        spec: TokenSpec,
        creator: Option<&Credential>,
    ) -> Result<Token, ApiError> {
        let _writing = self.0.writing.lock().await;
        still_in(creator)?;
        let record = self.plan(name, spec, creator)?;
        let minted = mint(record.roles[0], &*self.0.random);
        self.keep(record, minted).await
    }

    fn plan(
        &self,
        name: Name,
        spec: TokenSpec,
        creator: Option<&Credential>,
    ) -> Result<TokenRecord, ApiError> {
        let mut roles = spec.roles;
        roles.sort_unstable();
        roles.dedup();
        if roles.is_empty() {
            let message = "a token needs at least one role: admin, user, publisher or worker";
            return Err(ApiError::bad_request(message));
        }
        let is_admin = creator.is_none_or(|creator| creator.covers(Role::Admin));
        if !is_admin && creator.is_some_and(|creator| !creator.record.limits.is_empty()) {
            let message =
                "a token with limits can't make tokens: each would have limits of its own";
            return Err(ApiError::new(403, code::FORBIDDEN, message)
                .hint("ask an admin for the token that you need"));
        }
        limits::check(&spec.limits)?;
        if let Some(missing) = roles
            .iter()
            .find(|role| creator.is_some_and(|creator| !creator.covers(**role)))
        {
            let message = format!("you can't grant the role `{missing}`, which you don't hold");
            return Err(ApiError::new(403, code::FORBIDDEN, message));
        }
        let default = match creator {
            Some(creator) if !is_admin => creator.principal().to_owned(),
            _ => name.to_string(),
        };
        let principal = spec.principal.unwrap_or(default);
        if principal.parse::<Name>().is_err() {
            let message =
                "`principal` must be a name: 1 to 63 letters, digits, `-` `.` `_` `:` `/`";
            return Err(ApiError::bad_request(message));
        }
        if !is_admin && creator.is_some_and(|creator| creator.principal() != principal) {
            let message = "only an admin can make a token for another principal";
            return Err(ApiError::new(403, code::FORBIDDEN, message));
        }
        if !is_admin && self.tokens_of(&principal) >= MAX_TOKENS_OF_ITS_OWN {
            let message = format!(
                "the principal `{principal}` has {MAX_TOKENS_OF_ITS_OWN} tokens, which is the most that it may make itself"
            );
            return Err(ApiError::bad_request(message)
                .hint("delete those that are not used any more, or ask an admin for one"));
        }
        let now = self.0.clock.now();
        let ends = creator.and_then(|creator| creator.record.expires_at);
        let expires_at = match (spec.expires_at, ends) {
            (Some(wanted), Some(ends)) => Some(wanted.min(ends)),
            (wanted, ends) => wanted.or(ends),
        };
        if expires_at.is_some_and(|ends| ends <= now) {
            return Err(ApiError::bad_request("`expiresAt` lies in the past"));
        }
        // The credential's own parts are filled in when it is minted.
        Ok(TokenRecord {
            id: String::new(),
            name,
            principal,
            roles,
            secret_hash: store::credential::SecretHash::of(""),
            created_at: now,
            expires_at,
            revoked_at: None,
            last_used_at: None,
            limits: spec.limits,
        })
    }

    fn tokens_of(&self, principal: &str) -> usize {
        let all = self.0.by_id.iter();
        all.filter(|found| found.principal() == principal).count()
    }

    async fn keep(&self, record: TokenRecord, minted: Minted) -> Result<Token, ApiError> {
        use secrecy::ExposeSecret;
        let record = TokenRecord {
            id: minted.id,
            secret_hash: minted.hash,
            ..record
        };
        self.0.store.tokens().insert(&record).await?;
        let mut document = record.document();
        self.admit(record, 0);
        let status = document.status.get_or_insert_default();
        status.value = Some(minted.text.expose_secret().to_owned());
        Ok(document)
    }

    /// Makes the first credential, for an administrator. `write` must keep its text before it
    /// counts: a crash in between must not lock everybody out.
    pub async fn create_first(
        &self,
        name: Name,
        write: impl FnOnce(&SecretString) -> std::io::Result<()>,
    ) -> anyhow::Result<()> {
        let spec = TokenSpec {
            roles: vec![Role::Admin],
            principal: None,
            expires_at: None,
            limits: Limits::default(),
        };
        let record = self.plan(name, spec, None);
        let record = record.map_err(|error| anyhow::anyhow!(error.body.error.message))?;
        let minted = mint(Role::Admin, &*self.0.random);
        write(&minted.text)?;
        let kept = self.keep(record, minted).await;
        kept.map(drop)
            .map_err(|error| anyhow::anyhow!(error.body.error.message))
    }

    /// Deletes a credential: new requests end at once, open streams right after.
    ///
    /// Errors: 401 where `by` was deleted meanwhile, 404 where there is none that it may see, 409 for the last of an admin.
    pub async fn delete(&self, name: &Name, by: &Credential) -> Result<Token, ApiError> {
        let _writing = self.0.writing.lock().await;
        still_in(Some(by))?;
        let record = self.visible(name, by)?;
        // One that ends by itself keeps nobody in.
        let is_admin = |record: &TokenRecord| {
            record.roles.contains(&Role::Admin) && record.expires_at.is_none()
        };
        let other_admin =
            |found: &Arc<Credential>| found.record.id != record.id && is_admin(&found.record);
        if is_admin(&record) && !self.0.by_id.iter().any(|found| other_admin(found.value())) {
            let message =
                format!("`{name}` is the last token of an admin: nobody could make another");
            return Err(ApiError::new(409, code::CONFLICT, message)
                .hint("make a new one first: `mcpctl create token NAME --role admin`"));
        }
        let record = match self.0.store.tokens().delete(&record.name).await {
            // Gone from the store alone: it must not authenticate any longer.
            Err(StoreError::NotFound { .. }) => record,
            deleted => deleted?,
        };
        self.expel(&record.id);
        Ok(record.document())
    }

    /// On whose behalf the bearer of the token `id` acts; `None` once it is deleted or over.
    pub fn caller_of(&self, id: &str) -> Option<Caller> {
        let found = self.0.by_id.get(id)?;
        let is_live = found.record.is_live(self.0.clock.now());
        is_live.then(|| found.caller.clone())
    }

    /// The credentials that `viewer` may see, ordered by name.
    pub fn list(&self, viewer: &Credential) -> Vec<Token> {
        let mut found: Vec<_> = self
            .0
            .by_id
            .iter()
            .filter(|found| may_see(viewer, &found.record))
            .map(|found| document(&found, self.0.clock.now()))
            .collect();
        found.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
        found
    }

    /// One credential.
    ///
    /// Errors: 404 where there is none that `viewer` may see.
    pub fn get(&self, name: &Name, viewer: &Credential) -> Result<Token, ApiError> {
        let id = self.visible(name, viewer)?.id;
        let found = self.0.by_id.get(&id);
        let found = found.map(|found| document(&found, self.0.clock.now()));
        found.ok_or_else(|| no_such_token(name))
    }

    fn visible(&self, name: &Name, viewer: &Credential) -> Result<TokenRecord, ApiError> {
        self.0
            .by_id
            .iter()
            .find(|found| found.record.name == *name && may_see(viewer, &found.record))
            .map(|found| found.record.clone())
            .ok_or_else(|| no_such_token(name))
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

    /// Deletes the rows of ended credentials, so that their names are free.
    async fn forget_ended(&self, now: Timestamp) {
        if let Err(error) = self.0.store.tokens().delete_ended(now).await {
            tracing::warn!(%error, "ended tokens can't be deleted; tried again");
        }
    }

    fn expel(&self, id: &str) {
        if let Some((_, credential)) = self.0.by_id.remove(id) {
            let now = self.0.clock.now();
            self.0.ended.remember(&credential.record, now);
            credential.caller.revoked.cancel();
        }
    }

    /// Ends expired credentials and stores when which was used, until it is dropped. Run it once.
    pub async fn upkeep(&self) {
        let mut ticks = tokio::time::interval(UPKEEP_INTERVAL);
        let mut noted_at = self.0.clock.now();
        loop {
            ticks.tick().await;
            let now = self.0.clock.now();
            let is_over = |found: &Arc<Credential>| !found.record.is_live(now);
            let credentials = self.0.by_id.iter();
            let over: Vec<_> = credentials
                .filter(|found| is_over(found.value()))
                .map(|found| found.key().clone())
                .collect();
            over.iter().for_each(|id| self.expel(id));
            if !over.is_empty() {
                self.forget_ended(now).await;
            }
            if now.since(noted_at) < USE_PRECISION {
                continue;
            }
            let uses: Vec<_> = self
                .0
                .by_id
                .iter()
                .map(|found| (found.key().clone(), found.used_at.load(Ordering::Relaxed)))
                .filter(|(_, used_at)| *used_at > noted_at.as_millis())
                .map(|(id, used_at)| (id, Timestamp::from_millis(used_at)))
                .collect();
            match self.0.store.tokens().note_used(&uses).await {
                Ok(()) => noted_at = now,
                Err(error) => tracing::warn!(%error, "uses of tokens can't be stored; tried again"),
            }
        }
    }
}

fn document(credential: &Credential, now: Timestamp) -> Token {
    let mut document = credential.record.document();
    if !credential.record.limits.is_empty() {
        let status = document.status.get_or_insert_default();
        status.spent = Some(credential.caller.ledger.spent(now));
    }
    let used_at = credential.used_at.load(Ordering::Relaxed);
    if used_at > 0 {
        let status = document.status.get_or_insert_default();
        status.last_used_at = Some(Timestamp::from_millis(used_at));
    }
    document
}

/// Refuses who was deleted while it waited for its turn.
fn still_in(by: Option<&Credential>) -> Result<(), ApiError> {
    match by.is_some_and(|by| by.caller.revoked.is_cancelled()) {
        true => Err(gateway::Error::Revoked.into()),
        false => Ok(()),
    }
}

fn may_see(viewer: &Credential, record: &TokenRecord) -> bool {
    viewer.covers(Role::Admin) || viewer.principal() == record.principal
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

fn no_such_token(name: &Name) -> ApiError {
    ApiError::not_found(format!("there is no token `{name}`"))
        .hint("list them with `mcpctl get token`")
}
