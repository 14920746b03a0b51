//! Who is there: a server, publishers behind a bad network each, a worker, a provider.

use super::absence::Absence;
use super::jobs::KIND;
use crate::cluster::mcplocal::provider;
use crate::cluster::{Ask, Mcpd, Mcplocal};
use crate::jobs::hand::Hand;
use crate::mock::{Mock, Settings};
use crate::proxy::{Proxy, Rules};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Publishers.
pub(super) const PUBLISHERS: usize = 4;
/// The row that the server calls itself.
const CLOUD: &str = "cloud";
/// The alias over all.
const TEAM: &str = "team";

/// Longest that a publisher may take to be active again once nothing is wrong: the longest wait between two tries, and a
/// busy machine.
pub(super) const BACK: Duration = Duration::from_secs(90);

/// All processes of a run.
#[derive(Debug)]
pub(super) struct World {
    /// Each behind its own network.
    pub(super) publishers: Vec<Far>,
    /// Works on [`KIND`].
    pub(super) worker: Hand,
    pub(super) mcpd: Mcpd,
    /// When the server was away.
    pub(super) absence: Arc<Absence>,
    /// The process of the server of now.
    pub(super) server_pid: Arc<AtomicU32>,
    // Outlives those who call it.
    _mock: Mock,
}

/// A publisher and the network between it and the server.
#[derive(Debug)]
pub(super) struct Far {
    pub(super) name: String,
    pub(super) local: Mcplocal,
    pub(super) network: Proxy,
}

impl World {
    pub(super) async fn start() -> Self {
        let mcpd = Mcpd::start(&[("MCPD_JOB_LEASE", "5s")]).await;
        let mock = Mock::start(Settings::default()).expect("a mock can listen on a free port");
        mcpd.create_public(CLOUD, &mock.base_url(), json!({})).await;
        let mut publishers = Vec::new();
        for n in 0..PUBLISHERS {
            let name = format!("box-{n}");
            let network = Proxy::start(mcpd.addr).expect("a proxy can listen on a free port");
            let token = mcpd.token(&name, &name, &["publisher"]).await;
            let providers = json!([provider(&name, &mock.base_url(), json!({}))]);
            let local = Mcplocal::start(&network.url(), &token, &providers);
            publishers.push(Far {
                name,
                local,
                network,
            });
        }
        let worker = Hand::start(&mcpd, "hand", &[KIND]).await;
        let mut world = Self {
            publishers,
            worker,
            absence: Arc::default(),
            server_pid: Arc::new(mcpd.process.pid().into()),
            mcpd,
            _mock: mock,
        };
        world.alias().await;
        world.all_active().await;
        for far in &mut world.publishers {
            far.local.process.note_what_it_holds();
        }
        world
    }

    /// The process of the publisher that is never ill-treated itself.
    pub(super) fn steady_pid(&self) -> u32 {
        self.publishers[0].local.process.pid()
    }

    /// Starts the server anew.
    pub(super) async fn server_again(&mut self) {
        self.mcpd.start_again().await;
        self.absence.ends();
        let pid = self.mcpd.process.pid();
        self.server_pid.store(pid, Ordering::Relaxed);
    }

    async fn alias(&self) {
        let mut llms: Vec<_> = self.publishers.iter().map(|far| far.name.clone()).collect();
        llms.push(CLOUD.to_owned());
        let alias = json!({"name": TEAM, "policy": "round-robin", "llms": llms});
        self.mcpd
            .admin_ok(Ask::post("/api/v1/aliases", alias))
            .await;
    }

    /// What callers may name.
    pub(super) fn models(&self) -> Vec<String> {
        let boxes = self.publishers.iter().map(|far| far.name.clone());
        boxes.chain([CLOUD.to_owned(), TEAM.to_owned()]).collect()
    }

    /// What jobs are for: rows, since each shall be heard of.
    pub(super) fn rows(&self) -> Vec<String> {
        let boxes = self.publishers.iter().map(|far| far.name.clone());
        boxes.chain([CLOUD.to_owned()]).collect()
    }

    /// Waits until every publisher serves.
    ///
    /// # Panics
    /// When one does not in time.
    pub(super) async fn all_active(&self) {
        for far in &self.publishers {
            self.mcpd.reaches(&far.name, "active", BACK).await;
        }
    }

    /// Ends whatever is wrong.
    pub(super) fn calm(&mut self) {
        self.worker.process.thaw();
        self.worker.revive();
        for far in &mut self.publishers {
            far.network.set(Rules::default());
            far.local.process.thaw();
        }
    }

    /// Looks that nothing was left behind by anybody.
    ///
    /// # Panics
    /// When something was.
    pub(super) async fn at_rest(&self) {
        self.mcpd.at_rest().await;
        for far in &self.publishers {
            far.local.at_rest().await;
        }
    }
}
