//! What is offered now: a snapshot that link, serve and control read.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use providers::Provider;
use shared::channel::{Offer, Readiness};
use shared::local_control;
use shared::name::Name;
use tokio::sync::Notify;

use super::health::{Health, Seen};
use crate::config::ProviderConfig;

/// The offer and what stands behind it.
#[derive(Default)]
pub struct Published {
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
    pub suspect: Arc<Notify>,
    in_flight: AtomicU32,
}

impl Served {
    /// `provider` serving `model`.
    pub fn new(provider: Provider, model: Arc<str>, suspect: Arc<Notify>) -> Self {
        Self {
            provider,
            model,
            suspect,
            in_flight: AtomicU32::new(0),
        }
    }

    /// Counts a request for as long as the guard lives.
    pub fn enter(&self) -> InFlight<'_> {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(self)
    }

    /// Requests running now.
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }
}

/// A request that is being served.
pub struct InFlight<'a>(&'a Served);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Published {
    /// The state of each offered provider, for a heartbeat.
    pub fn readiness(&self) -> Vec<Readiness> {
        let offered = self.listed.iter().filter(|listed| listed.is_offered());
        offered
            .map(|listed| Readiness {
                name: listed.config.name.clone(),
                ready: listed.health.is_ready() == Some(true),
                in_flight: listed.in_flight(),
                message: listed.health.failed().map(|f| f.for_server.clone()),
                wake_failed: None,
            })
            .collect()
    }

    /// The state of every provider, for its owner.
    pub fn status(&self) -> Vec<local_control::Provider> {
        let status = |listed: &Listed| {
            let config = &listed.config;
            let seen = listed.health.offered().map(|seen| seen.model.to_string());
            local_control::Provider {
                name: config.name.clone(),
                provider_type: config.provider_type,
                model: seen.or(config.model.clone()).unwrap_or_default(),
                publish: config.publish,
                ready: listed.health.is_ready(),
                in_flight: listed.in_flight(),
                message: listed.message(),
            }
        };
        self.listed.iter().map(status).collect()
    }
}

impl Listed {
    /// Whether it is part of the offer.
    pub fn is_offered(&self) -> bool {
        self.config.publish && self.health.offered().is_some()
    }

    /// Its part of the offer.
    pub fn offer(&self) -> Option<Offer> {
        let seen = self.health.offered().filter(|_| self.config.publish)?;
        Some(offer(&self.config, seen))
    }

    fn in_flight(&self) -> u32 {
        self.served.as_ref().map_or(0, |served| served.in_flight())
    }

    fn message(&self) -> Option<String> {
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
        status: None,
        wake_timeout: None,
    }
}
