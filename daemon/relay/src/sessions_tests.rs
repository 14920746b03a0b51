//! How many sessions one principal may have.

use std::path::PathBuf;

use kit::clock::ManualClock;
use kit::random::{SystemRandom, base32};
use registry::Registry;
use shared::channel::{Node, Registered};
use store::{Config, Store};

use super::*;
use crate::relay::Timing;

struct World {
    relay: Relay,
    dir: PathBuf,
}

impl World {
    async fn new() -> Self {
        let unique = base32(&SystemRandom, 10);
        let dir = std::env::temp_dir().join(format!("mcpctl-sessions-{unique}"));
        let clock = ManualClock::at(Timestamp::from_millis(1_800_000_000_000));
        let config = Config::sqlite(&dir);
        let store = Store::open(&config, Arc::new(SystemRandom)).await.unwrap();
        let registry = Registry::load(store.clone(), Timestamp::from_millis(0)).await;
        let relay = Relay::new(registry.unwrap(), store, clock, Timing::default());
        Self { relay, dir }
    }

    async fn register(&self, principal: &str, id: Option<&str>) -> Result<Registered, Error> {
        let offer = Register {
            provider_session_id: id.map(Into::into),
            node: Node::default(),
            providers: Vec::new(),
        };
        self.relay.register(principal, offer).await
    }

    /// Gives `principal` so many sessions that nobody uses.
    fn fill(&self, principal: &str, count: usize) {
        for n in 0..count {
            let id = format!("{principal}-{n}");
            let session = Session::new(id.clone(), principal.into(), 0, Instant::now());
            self.relay.0.sessions.insert(id, Arc::new(session));
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

#[tokio::test]
async fn a_principal_begins_no_session_beyond_the_bound_and_keeps_those_it_has() {
    let world = World::new().await;
    let own = world.register("laptop", None).await.unwrap();
    let own = own.provider_session_id;
    world.fill("laptop", MAX_SESSIONS_PER_PRINCIPAL - 2);
    // Of many at once, one is the last.
    let (one, two, three) = tokio::join!(
        world.register("laptop", None),
        world.register("laptop", Some("unknown")),
        world.register("laptop", None),
    );
    let all = [one, two, three];
    let begun = all.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(begun, 1);
    for refused in all.iter().filter_map(|answer| answer.as_ref().err()) {
        let limit = MAX_SESSIONS_PER_PRINCIPAL;
        assert!(
            matches!(refused, Error::TooManySessions { limit: said } if *said == limit),
            "{refused:?}"
        );
        assert!(refused.to_string().contains("4096"), "{refused}");
    }
    let again = world.register("laptop", Some(&own)).await.unwrap();
    assert_eq!(again.provider_session_id, own);
    world.register("desktop", None).await.unwrap();
    // A sweep makes room.
    let later = Instant::now() + Timing::default().inactive_retention;
    world.relay.forget_silent(later);
    world.register("laptop", None).await.unwrap();
}
