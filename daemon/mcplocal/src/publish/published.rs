//! What is offered now: a snapshot that link, serve and control read.

use std::collections::HashMap;
use std::sync::Arc;

use providers::Provider;
use shared::channel::{Offer, Readiness};
use shared::llm::Phase;
use shared::local_control::{self, Wakefulness};
use shared::name::Name;
use shared::span::Span;

use super::health::{Health, Seen};
use super::poll::Pace;
use super::sleeper::WakeFailed;
use crate::config::ProviderConfig;
use crate::wake::{Alarm, InFlight};

/// The offer and what stands behind it.
#[derive(Default)]
pub struct Published {
    /// Counts the snapshots.
    pub revision: u64,
    /// Whether anything shall be published at all, ready or not.
    pub wanted: bool,
    /// The whole offer, in the config's order.
    pub offers: Vec<Offer>,
    /// Who serves an offered name.
    pub served: HashMap<Name, Arc<Served>>,
    /// Every usable entry, with its health.
    pub listed: Vec<Listed>,
}

/// An entry of the config and how it is.
pub struct Listed {
    /// What its owner wants.
    pub config: Arc<ProviderConfig>,
    /// How it is.
    pub health: Health,
    /// What is offered, if it is fit to be offered; as last seen where it sleeps.
    pub seen: Option<Seen>,
    /// Whether it sleeps; absent where it has no wake recipe.
    pub wakefulness: Option<Wakefulness>,
    /// The last wake failed, and none was tried since.
    pub wake_failed: Option<WakeFailed>,
    /// Its adapter at work, where it is or was offered.
    pub served: Option<Arc<Served>>,
}

/// An offered provider at work.
pub struct Served {
    /// The adapter.
    pub provider: Provider,
    /// The model that requests are to name.
    pub model: Arc<str>,
    /// Asks for a health poll now: a request could not reach the provider.
    pub pace: Arc<Pace>,
    /// Wakes it, and counts its requests.
    pub alarm: Arc<Alarm>,
}

impl Served {
    /// Counts a request for as long as the guard lives.
    pub fn enter(&self) -> InFlight<'_> {
        self.alarm.enter()
    }

    /// Requests running now.
    pub fn in_flight(&self) -> u32 {
        self.alarm.in_flight()
    }
}

impl Published {
    /// The state of each offered provider, for a heartbeat. Wakes that failed are told where their
    /// number is above `heard`.
    pub fn readiness(&self, heard: u64) -> Vec<Readiness> {
        let offered = self.listed.iter().filter(|listed| listed.is_offered());
        let news = |failed: &&WakeFailed| failed.number > heard;
        offered
            .map(|listed| Readiness {
                name: listed.config.name.clone(),
                ready: listed.health.is_ready() == Some(true) && !listed.is_asleep(),
                in_flight: listed.in_flight(),
                message: match listed.is_asleep() {
                    true => Some("asleep: a request wakes it".into()),
                    false => listed.health.failed().map(|f| f.for_server.clone()),
                },
                wake_failed: listed
                    .wake_failed
                    .as_ref()
                    .filter(news)
                    .map(|failed| failed.why.for_server.clone()),
            })
            .collect()
    }

    /// The number of the last wake that failed; 0 where none did.
    pub fn last_failure(&self) -> u64 {
        let offered = self.listed.iter().filter(|listed| listed.is_offered());
        let failed = offered.filter_map(|listed| listed.wake_failed.as_ref());
        failed.map(|failed| failed.number).max().unwrap_or(0)
    }

    /// The state of every provider, for its owner.
    pub fn status(&self) -> Vec<local_control::Provider> {
        let status = |listed: &Listed| {
            let config = &listed.config;
            let seen = listed.seen.as_ref().map(|seen| seen.model.to_string());
            local_control::Provider {
                name: config.name.clone(),
                provider_type: config.provider_type,
                model: seen.or(config.model.clone()).unwrap_or_default(),
                publish: config.publish,
                ready: listed.health.is_ready(),
                in_flight: listed.in_flight(),
                message: listed.message(),
                wakefulness: listed.wakefulness,
            }
        };
        self.listed.iter().map(status).collect()
    }
}

impl Listed {
    /// Whether it is part of the offer.
    pub fn is_offered(&self) -> bool {
        self.config.publish && self.seen.is_some()
    }

    /// Whether it is offered as hibernating.
    fn is_asleep(&self) -> bool {
        !matches!(self.wakefulness, None | Some(Wakefulness::Awake))
    }

    /// Its part of the offer.
    pub fn offer(&self) -> Option<Offer> {
        let seen = self.seen.as_ref().filter(|_| self.config.publish)?;
        let mut offer = offer(&self.config, seen);
        offer.status = self.is_asleep().then_some(Phase::Hibernating);
        Some(offer)
    }

    fn in_flight(&self) -> u32 {
        self.served.as_ref().map_or(0, |served| served.in_flight())
    }

    fn message(&self) -> Option<String> {
        if let Some(failed) = &self.wake_failed {
            let why = &failed.why.for_owner;
            return Some(format!("asleep; it could not be woken: {why}"));
        }
        match self.wakefulness {
            Some(Wakefulness::Asleep) => return Some("asleep: a request wakes it".into()),
            Some(Wakefulness::Waking) => return Some("it is being woken".into()),
            Some(Wakefulness::FallingAsleep) => return Some("it is being put to sleep".into()),
            Some(Wakefulness::Awake) | None => {}
        }
        match (&self.health, self.config.publish) {
            (Health::Shaky(_, failed), _) => Some(format!("one poll failed: {}", failed.for_owner)),
            (Health::Down(failed), _) => Some(failed.for_owner.clone()),
            (_, false) => Some("not published: `publish` is not true".into()),
            _ => None,
        }
    }
}

fn offer(config: &ProviderConfig, seen: &Seen) -> Offer {
    let told = if config.capabilities.is_empty() {
        seen.capabilities.clone()
    } else {
        config.capabilities.clone()
    };
    Offer {
        name: config.name.clone(),
        provider_type: config.provider_type,
        model: seen.model.to_string(),
        tier: config.tier.clone(),
        capabilities: told,
        context_window: config
            .context_window
            .or(config.num_ctx)
            .or(seen.context_window),
        max_concurrency: config.max_concurrency,
        max_queue: config.max_queue,
        stream_usage: config.stream_usage,
        status: None,
        wake_timeout: config.wake.as_ref().map(|plan| Span(plan.wake_timeout)),
    }
}
