//! New credentials: what they may be, and who may make them.

use secrecy::{ExposeSecret, SecretString};
use shared::error_body::code;
use shared::name::Name;
use shared::role::Role;
use shared::token::{Limits, Token, TokenSpec};
use store::credential::{Minted, SecretHash, mint};
use store::tokens::TokenRecord;

use crate::auth::{Auth, Credential, limits, still_in};
use crate::http::error::ApiError;

/// Tokens that a principal may have that makes them itself: the server's are for all.
const MAX_TOKENS_OF_ITS_OWN: usize = 100;

impl Auth {
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
            secret_hash: SecretHash::of(""),
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
}
