//! Credentials as documents: who sees which, and their deletion.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use shared::error_body::code;
use shared::name::Name;
use shared::role::Role;
use shared::timestamp::Timestamp;
use shared::token::Token;
use store::StoreError;
use store::tokens::TokenRecord;

use crate::auth::{Auth, Credential, still_in};
use crate::http::error::ApiError;

impl Auth {
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

    /// The record of the token `name`.
    ///
    /// Errors: 404 where there is none that `viewer` may see.
    pub(super) fn visible(
        &self,
        name: &Name,
        viewer: &Credential,
    ) -> Result<TokenRecord, ApiError> {
        self.0
            .by_id
            .iter()
            .find(|found| found.record.name == *name && may_see(viewer, &found.record))
            .map(|found| found.record.clone())
            .ok_or_else(|| no_such_token(name))
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
}

/// The credential as it is shown, with what it has spent and when it was used last.
pub(super) fn document(credential: &Credential, now: Timestamp) -> Token {
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

fn may_see(viewer: &Credential, record: &TokenRecord) -> bool {
    viewer.covers(Role::Admin) || viewer.principal() == record.principal
}

pub(super) fn no_such_token(name: &Name) -> ApiError {
    ApiError::not_found(format!("there is no token `{name}`"))
        .hint("list them with `mcpctl get token`")
}
