//! A registry over a database of its own; and rows that an administrator writes.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kit::random::{SystemRandom, base32};
use registry::Registry;
use serde_json::{Value, json};
use shared::channel::Offer;
use shared::lifecycle::Event;
use shared::llm::{Llm, Phase, ProviderType};
use shared::name::Name;
use shared::timestamp::Timestamp;
use store::{Config, Store, StoreError};

/// So many seconds after the beginning of every test.
pub(crate) const fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + seconds as i64 * 1000)
}

pub(crate) struct World {
    pub(crate) registry: Registry,
    pub(crate) store: Store,
    pub(crate) session: String,
    dir: PathBuf,
}

impl World {
    /// An empty registry, and a session of the principal `laptop`.
    pub(crate) async fn new() -> Self {
        let unique = base32(&SystemRandom, 10);
        let dir = std::env::temp_dir().join(format!("mcpctl-registry-{unique}"));
        let random = Arc::new(SystemRandom);
        let store = Store::open(&Config::sqlite(&dir), random).await.unwrap();
        let sessions = store.sessions();
        let node = shared::channel::Node::default();
        let session = sessions.ensure(None, "laptop", &node, at(0)).await.unwrap();
        let registry = Registry::load(store.clone(), at(0)).await.unwrap();
        Self {
            registry,
            store,
            session: session.id,
            dir,
        }
    }

    /// The registry that a restart would load.
    pub(crate) async fn reloaded(&self, now: Timestamp) -> Registry {
        Registry::load(self.store.clone(), now).await.unwrap()
    }

    /// The whole offer of the session.
    pub(crate) async fn offer(&self, names: &[&str], now: Timestamp) {
        let offers: Vec<_> = names.iter().map(|name| offer(name)).collect();
        let outcome = self
            .registry
            .register_offer(&self.session, "laptop", &offers, now);
        assert!(outcome.await.unwrap().conflicts.is_empty());
    }

    pub(crate) fn apply(&self, name: &str, event: Event, now: Timestamp) {
        let name: Name = name.parse().unwrap();
        self.registry.apply(&name, &self.session, event, now);
    }

    pub(crate) fn phase(&self, name: &str) -> Phase {
        self.registry.find(name).unwrap().phase()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn offer(name: &str) -> Offer {
    Offer {
        name: name.parse().unwrap(),
        provider_type: ProviderType::Ollama,
        model: "llama".into(),
        tier: None,
        capabilities: Vec::new(),
        context_window: None,
        max_concurrency: Some(2),
        max_queue: None,
        stream_usage: None,
        status: None,
        wake_timeout: None,
    }
}

pub(crate) fn public(name: &str, more: Value) -> Llm {
    let mut row = json!({"name": name, "type": "demo", "model": "demo"});
    let fields = row.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    shared::llm::parse(row).unwrap()
}

#[tokio::test]
async fn a_written_row_is_in_the_store_before_it_is_answered() {
    let world = World::new().await;
    let row = public("gpt", json!({"x-note": [1.50], "tier": "fast"}));
    let row = world.registry.create(&row, at(1)).await.unwrap();
    let stored = world.store.llms().get(row.name()).await.unwrap();
    assert_eq!(stored, row.document());
    let again = world.registry.create(&row.document(), at(2)).await;
    assert!(matches!(again, Err(StoreError::Conflict { .. })));
    let reloaded = world.reloaded(at(3)).await.find("gpt").unwrap().document();
    assert_eq!(reloaded, row.document());
}

#[tokio::test]
async fn a_changed_row_keeps_its_gate_and_what_runs_in_it() {
    let world = World::new().await;
    let narrow = public("gpt", json!({"maxConcurrency": 1, "maxQueue": 0}));
    let before = world.registry.create(&narrow, at(1)).await.unwrap();
    let permit = before.live().gate.enter().await.unwrap();
    assert!(before.live().gate.enter().await.is_err());
    let wide = public("gpt", json!({"maxConcurrency": 2, "maxQueue": 0}));
    let after = world.registry.replace(&wide, None, at(2)).await.unwrap();
    assert_eq!(after.document().status.unwrap().in_flight, 1);
    let second = after.live().gate.enter().await.unwrap();
    drop((permit, second));
    assert_eq!(after.live().gate.in_flight(), 0);
    assert_eq!(after.id(), before.id());
}

#[tokio::test]
async fn of_two_writers_that_read_the_same_version_one_is_stale() {
    let world = World::new().await;
    let row = public("gpt", json!({}));
    let row = world.registry.create(&row, at(1)).await.unwrap();
    let version = row.document().metadata.resource_version;
    let (one, two) = (
        public("gpt", json!({"tier": "a"})),
        public("gpt", json!({"tier": "b"})),
    );
    let (one, two) = tokio::join!(
        world.registry.replace(&one, version, at(2)),
        world.registry.replace(&two, version, at(2)),
    );
    assert!(one.is_ok() != two.is_ok());
    let stale = [one.err(), two.err()].into_iter().flatten().next();
    assert!(matches!(stale, Some(StoreError::Stale { .. })));
    let shown = world.registry.find("gpt").unwrap().document();
    let stored = world.store.llms().get(row.name()).await.unwrap();
    assert_eq!(shown, stored, "memory and store agree");
    let gone = public("gone", json!({}));
    let gone = world.registry.replace(&gone, None, at(3)).await;
    assert!(matches!(gone, Err(StoreError::NotFound { .. })));
}

#[tokio::test]
async fn adapters_are_made_anew_after_every_change_that_matters_to_them() {
    let world = World::new().await;
    let mut last = world.registry.generation();
    let mut grown = |registry: &Registry| {
        let now = registry.generation();
        std::mem::replace(&mut last, now) < now
    };
    let row = public("gpt", json!({}));
    world.registry.create(&row, at(1)).await.unwrap();
    assert!(grown(&world.registry));
    world.registry.replace(&row, None, at(2)).await.unwrap();
    assert!(!grown(&world.registry), "nothing has changed");
    let other = public("gpt", json!({"tier": "x"}));
    world.registry.replace(&other, None, at(2)).await.unwrap();
    assert!(grown(&world.registry));
    let row = world.registry.find("gpt").unwrap();
    world.registry.delete(&row).await.unwrap();
    assert!(grown(&world.registry));
    world.registry.new_generation();
    assert!(grown(&world.registry));
}

#[tokio::test]
async fn rows_are_listed_by_name_and_a_near_miss_is_found() {
    let world = World::new().await;
    for name in ["b", "laptop", "A", "a"] {
        let row = public(name, json!({}));
        world.registry.create(&row, at(1)).await.unwrap();
    }
    let names: Vec<_> = world
        .registry
        .list()
        .iter()
        .map(|row| row.name().to_string())
        .collect();
    assert_eq!(names, ["A", "a", "b", "laptop"]);
    assert_eq!(world.registry.nearest("lapto").as_deref(), Some("laptop"));
    assert_eq!(world.registry.nearest("mistral"), None);
}

#[tokio::test]
async fn a_sweep_takes_what_is_expired_and_nothing_else() {
    let world = World::new().await;
    let retention = Duration::from_secs(100);
    world.offer(&["old", "served", "young"], at(0)).await;
    for name in ["served", "young"] {
        world.apply(name, Event::Bound, at(1));
    }
    world.apply("young", Event::ChannelClosed, at(50));
    let inactive = public("public", json!({}));
    world.registry.create(&inactive, at(0)).await.unwrap();
    assert_eq!(world.registry.sweep(retention, at(99)).await.unwrap(), 0);
    assert_eq!(world.registry.sweep(retention, at(100)).await.unwrap(), 1);
    assert_eq!(
        world.registry.sweep(retention, at(100)).await.unwrap(),
        0,
        "idempotent"
    );
    assert!(world.registry.find("old").is_none());
    assert_eq!(world.registry.sweep(retention, at(1000)).await.unwrap(), 1);
    let names: Vec<_> = world
        .registry
        .list()
        .iter()
        .map(|row| row.name().to_string())
        .collect();
    assert_eq!(names, ["public", "served"]);
    let stored = world.store.llms().list_all().await.unwrap();
    assert_eq!(stored.len(), 2);
}
