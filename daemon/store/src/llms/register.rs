//! A publisher's offer becomes rows, all in one transaction.
//!
//! A name belongs to the principal that published it until the row is deleted or expires. So an
//! offer meets one of four:
//!
//! | the name is | then |
//! |---|---|
//! | free | a new row, inactive until the channel proves itself |
//! | the principal's own, served by this session | it stays in its phase |
//! | the principal's own, served by another or no session | same id, moved here, inactive |
//! | a public row, or another principal's | refused; nothing is adopted |

use std::collections::{BTreeMap, BTreeSet};

use shared::llm::{Llm, LlmKind, LlmSpec};
use shared::name::Name;
use shared::timestamp::Timestamp;

use super::Llms;
use super::row::{self, LlmRow, columns};
use crate::backend::in_tx;
use crate::bounds;
use crate::error::{During, StoreError};
use crate::ids::new_id;
use crate::sessions;

/// LLMs that one session may offer.
pub const MAX_OFFERS: usize = 256;
/// Virtual rows that one principal may own, inactive ones included.
pub const MAX_VIRTUAL_PER_PRINCIPAL: usize = 1024;

/// One LLM of an offer.
#[derive(Clone, Debug, PartialEq)]
pub struct Offered {
    /// The row's name.
    pub name: Name,
    /// What the publisher says of it. Stored as virtual, whatever its kind says.
    pub spec: LlmSpec,
}

/// What became of an offer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Registered {
    /// The rows that were made or revived, ordered by name.
    pub llms: Vec<Llm>,
    /// The rows that the session served before and did not offer again, ordered by name. They are
    /// inactive now and no longer the session's, so that its channel can't wake them.
    pub withdrawn: Vec<Llm>,
    /// The names that were refused, in order.
    pub conflicts: Vec<NameConflict>,
}

/// A name that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameConflict {
    /// The name.
    pub name: Name,
    /// What stands in the way; never whose it is.
    pub held_by: HeldBy,
}

/// What stands in the way of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldBy {
    /// A public LLM.
    PublicLlm,
    /// A virtual LLM of another principal.
    AnotherPrincipal,
}

impl Llms<'_> {
    /// Registers the whole offer of a session: see the table above. A name that the session
    /// served and that is not in the offer is withdrawn.
    ///
    /// Shape: of several offers under one name the last counts.
    /// Errors: [`StoreError::NotFound`] where the session is not the principal's;
    /// [`StoreError::TooMany`] beyond [`MAX_OFFERS`] or [`MAX_VIRTUAL_PER_PRINCIPAL`]. Then nothing
    /// has changed.
    pub async fn register(
        self,
        session: &str,
        principal: &str,
        offers: &[Offered],
        now: Timestamp,
    ) -> Result<Registered, StoreError> {
        let principal = bounds::principal(principal)?;
        let offers = self.prepare(offers, now)?;
        let registered = self.try_register(session, principal, &offers, now).await;
        registered.during("register a publisher's LLMs")
    }

    fn prepare(self, offers: &[Offered], now: Timestamp) -> Result<Vec<Prepared>, StoreError> {
        let by_name: BTreeMap<&Name, &LlmSpec> = offers
            .iter()
            .map(|offer| (&offer.name, &offer.spec))
            .collect();
        if by_name.len() > MAX_OFFERS {
            return Err(StoreError::TooMany {
                what: "LLMs in one offer",
                limit: MAX_OFFERS,
            });
        }
        by_name
            .into_iter()
            .map(|(name, spec)| {
                let mut spec = spec.clone();
                spec.kind = LlmKind::Virtual;
                (spec.url, spec.key) = (None, None);
                Ok(Prepared {
                    id: new_id(now, self.store.random()),
                    name: name.clone(),
                    spec: bounds::json("spec", &spec)?,
                })
            })
            .collect()
    }

    async fn try_register(
        self,
        session: &str,
        principal: &str,
        offers: &[Prepared],
        now: Timestamp,
    ) -> Result<Registered, StoreError> {
        let offered: BTreeSet<&str> = offers.iter().map(|offer| offer.name.as_str()).collect();
        let (mut stored, mut withdrawn, mut conflicts) = (Vec::new(), Vec::new(), Vec::new());
        in_tx!(self.store, |tx| {
            let owner: Option<String> =
                sqlx::query_scalar("select principal from provider_sessions where id = $1")
                    .bind(session)
                    .fetch_optional(&mut *tx)
                    .await?;
            if owner.as_deref() != Some(principal) {
                return Err(StoreError::not_found(sessions::KIND, session));
            }
            let served: Vec<String> =
                sqlx::query_scalar("select name from llms where provider_session_id = $1")
                    .bind(session)
                    .fetch_all(&mut *tx)
                    .await?;
            for name in served
                .iter()
                .filter(|name| !offered.contains(name.as_str()))
            {
                let row = sqlx::query_as::<_, LlmRow>(concat!(
                    "update llms
                    set phase = 'inactive',
                        inactive_since = coalesce(inactive_since, $2),
                        provider_session_id = null
                    where name = $1
                    returning ",
                    columns!()
                ))
                .bind(name)
                .bind(now.as_millis())
                .fetch_optional(&mut *tx)
                .await?;
                withdrawn.extend(row);
            }
            for offer in offers {
                // The condition is part of the statement, so a race for a name has one winner.
                // An inactive row starts its retention anew: its publisher is here.
                let row = sqlx::query_as::<_, LlmRow>(concat!(
                    "insert into llms (
                        id, name, kind, owner, spec, phase, provider_session_id,
                        last_heartbeat_at, inactive_since, created_at, updated_at
                    )
                    values ($1, $2, 'virtual', $3, $4, 'inactive', $5, $6, $6, $6, $6)
                    on conflict (name) do update
                    set spec = excluded.spec,
                        phase = case
                            when llms.provider_session_id = excluded.provider_session_id
                                then llms.phase
                            else 'inactive'
                        end,
                        inactive_since = case
                            when llms.provider_session_id = excluded.provider_session_id
                                and llms.phase <> 'inactive' then null
                            else excluded.inactive_since
                        end,
                        provider_session_id = excluded.provider_session_id,
                        last_heartbeat_at = excluded.last_heartbeat_at,
                        last_error = null,
                        updated_at = case
                            when llms.spec = excluded.spec then llms.updated_at
                            else excluded.updated_at
                        end,
                        resource_version = case
                            when llms.spec = excluded.spec then llms.resource_version
                            else llms.resource_version + 1
                        end
                    where llms.kind = 'virtual' and llms.owner = excluded.owner
                    returning ",
                    columns!()
                ))
                .bind(&offer.id)
                .bind(offer.name.as_str())
                .bind(principal)
                .bind(&offer.spec)
                .bind(session)
                .bind(now.as_millis())
                .fetch_optional(&mut *tx)
                .await?;
                if let Some(row) = row {
                    stored.push(row);
                    continue;
                }
                let kind: Option<String> =
                    sqlx::query_scalar("select kind from llms where name = $1")
                        .bind(offer.name.as_str())
                        .fetch_optional(&mut *tx)
                        .await?;
                conflicts.push(NameConflict {
                    name: offer.name.clone(),
                    held_by: held_by(kind.as_deref()),
                });
            }
            let owned: i64 = sqlx::query_scalar(
                "select count(*) from llms where owner = $1 and kind = 'virtual'",
            )
            .bind(principal)
            .fetch_one(&mut *tx)
            .await?;
            if owned > MAX_VIRTUAL_PER_PRINCIPAL as i64 {
                return Err(StoreError::TooMany {
                    what: "virtual LLMs of one principal",
                    limit: MAX_VIRTUAL_PER_PRINCIPAL,
                });
            }
        });
        Ok(Registered {
            llms: row::by_name(stored)?,
            withdrawn: row::by_name(withdrawn)?,
            conflicts,
        })
    }
}

/// An offer, ready to be bound.
struct Prepared {
    id: String,
    name: Name,
    spec: String,
}

/// What is said of the row that was in the way.
fn held_by(kind: Option<&str>) -> HeldBy {
    match kind {
        Some("public") => HeldBy::PublicLlm,
        // None: deleted in this very moment by somebody whose it was.
        _ => HeldBy::AnotherPrincipal,
    }
}
