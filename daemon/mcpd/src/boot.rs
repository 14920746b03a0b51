//! The one file that knows every part: builds them, hands each the handles it needs, starts them
//! in order and stops them in reverse.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use gateway::{Accounts, Aliases, Gateway, Prices, Timeouts};
use jobs::{Queue, Retries};
use kit::clock::{SharedClock, SystemClock};
use kit::lifecycle::{Ends, Lifecycle};
use kit::random::{SharedRandom, SystemRandom};
use registry::Registry;
use relay::Relay;
use store::Store;
use store::master_key::KeyFile;
use store::secrets::Secrets;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::audit::Audit;
use crate::auth::Auth;
use crate::config::Config;
use crate::first_start::ensure_admin;
use crate::grpc;
use crate::http::request_id::RequestIds;
use crate::job_workers;
use crate::models::GatewayModels;
use crate::routes::{App, Server};
use crate::server::{Acceptor, Workers};

/// What publishers are told about when to come back after a stop.
const RECONNECT_AFTER: Duration = Duration::from_secs(2);
/// How often the drain looks whether anything still runs.
const DRAIN_LOOK: Duration = Duration::from_millis(50);
/// What the last writes and the closing of connections may take.
const CLOSING_GRACE: Duration = Duration::from_secs(2);

/// Runs the server on `listener` until `lifecycle` is asked to stop, and drains it.
///
/// Errors: where it can't start; each says what to do.
pub async fn run(
    config: Config,
    listener: TcpListener,
    lifecycle: Lifecycle,
) -> anyhow::Result<()> {
    let clock: SharedClock = Arc::new(SystemClock);
    let random: SharedRandom = Arc::new(SystemRandom);
    let address = listener
        .local_addr()
        .context("the listening socket has no address")?;
    let grpc_listener = grpc::bind(config.grpc_listen)?;
    let store = open_store(&config, random.clone()).await?;
    let key_file = match &config.master_key_file {
        Some(given) => KeyFile::Given(given.clone()),
        None => KeyFile::Own(config.data_dir.join("master.key")),
    };
    let secrets = Secrets::open(&store, &key_file, clock.now()).await?;
    let registry = Registry::load(store.clone(), clock.now()).await?;
    let relay = Relay::new(
        registry.clone(),
        store.clone(),
        clock.clone(),
        config.timing,
    );
    let aliases = Aliases::load(store.clone()).await?;
    let prices = Prices::load(store.clone()).await?;
    let accounts = Accounts::new(store.clone(), lifecycle.clone());
    let gateway = Gateway::new(gateway::Parts {
        registry: registry.clone(),
        relay: relay.clone(),
        secrets: secrets.clone(),
        lifecycle: lifecycle.clone(),
        clock: clock.clone(),
        aliases: aliases.clone(),
        prices: prices.clone(),
        accounts: accounts.clone(),
        timeouts: Timeouts {
            request: config.request_timeout,
            first_byte: config.first_byte_timeout,
            idle: config.idle_timeout,
        },
        max_cache_bytes: config.max_cache_bytes,
    });
    let auth = Auth::load(
        store.clone(),
        accounts.clone(),
        clock.clone(),
        random.clone(),
    )
    .await?;
    let worker_id = job_workers::own_id(&config.data_dir, &*random)
        .context("can't keep this server's id as a worker in the data folder")?;
    let (put_back, closing) = (CancellationToken::new(), CancellationToken::new());
    let jobs = Queue::new(jobs::Parts {
        store: store.clone(),
        clock: clock.clone(),
        random: random.clone(),
        models: Arc::new(GatewayModels {
            gateway: gateway.clone(),
            auth: auth.clone(),
            worker: Arc::new(gateway::Worker::new(config.threads)),
        }),
        retries: Retries::new(config.job_retry_min, config.job_retry_max, random.clone()),
        retention: config.job_retention,
        worker_id,
    });
    let first = ensure_admin(&auth, &config.data_dir).await?;
    let audit = Audit::new(store.clone(), clock.clone());
    let request_ids = RequestIds::new(&*random);
    let server = Arc::new(Server::new(App {
        auth: auth.clone(),
        audit: audit.clone(),
        registry: registry.clone(),
        secrets,
        relay: relay.clone(),
        gateway: gateway.clone(),
        jobs: jobs.clone(),
        aliases,
        prices,
        accounts: accounts.clone(),
        store: store.clone(),
        clock: clock.clone(),
        lifecycle: lifecycle.clone(),
        request_ids,
        max_body_bytes: config.max_body_bytes,
    }));

    let for_grpc = rpc::Parts {
        queue: jobs.clone(),
        callers: Arc::new(auth.clone()),
        lifecycle: lifecycle.clone(),
        closing: closing.clone(),
        max_connections: config.max_connections,
    };
    let (rows, channels, trail) = (registry.clone(), relay.clone(), audit.clone());
    lifecycle.spawn_behind("row phases", async move { rows.save_phases().await });
    lifecycle.spawn_behind("channel watch", async move { channels.watch().await });
    lifecycle.spawn_behind("token upkeep", async move { auth.upkeep().await });
    lifecycle.spawn_behind("audit", async move { trail.store_lines().await });
    let books = accounts.clone();
    lifecycle.spawn_behind("accounts", async move { books.keep(clock).await });
    lifecycle.spawn_behind("standings", async move { gateway.keep_standings().await });

    let settings = jobs::Settings {
        workers: config.workers,
        lease: config.job_lease,
        put_back: put_back.clone(),
    };
    job_workers::start(jobs, settings, lifecycle.clone())?;
    if let Some(listener) = grpc_listener {
        grpc::start(listener, for_grpc)?;
    }
    let workers = Workers::start(config.threads, server, &lifecycle)?;
    let acceptor = Acceptor::new(listener, workers, config.max_connections);
    // It accepts during the drain too: publishers bring what they owe. The stop waits for its last round.
    lifecycle.spawn(
        "accept",
        Ends::WithTheProgram,
        acceptor.run(closing.clone()),
    );
    tracing::info!(%address, data_dir = %config.data_dir.display(), "mcpd is ready");
    if let Some(path) = first {
        tracing::info!(
            "first start: log in with  mcpctl login http://{address} < {}",
            path.display()
        );
    }
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);

    lifecycle.stopping().await;
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    drain(&registry, &relay, config.drain_timeout).await;
    put_back.cancel();
    closing.cancel();
    relay.close();
    lifecycle.shut_down(CLOSING_GRACE).await;
    if let Err(error) = registry.save_now().await {
        tracing::warn!(%error, "the last row phases could not be saved; they are judged anew at the start");
    }
    if let Err(error) = accounts.write_last().await {
        tracing::warn!(%error, "the usage of the last moment could not be written");
    }
    audit.flush().await;
    store.close().await;
    tracing::info!("mcpd has stopped");
    Ok(())
}

async fn open_store(config: &Config, random: SharedRandom) -> anyhow::Result<Store> {
    let place = match &config.database_url {
        Some(url) => store::Config::postgres(url.clone()),
        None => store::Config::sqlite(&config.data_dir),
    };
    Ok(Store::open(&place, random).await?)
}

/// Waits until nothing runs any more, or the time is over.
async fn drain(registry: &Registry, relay: &Relay, timeout: Duration) {
    relay.goaway(RECONNECT_AFTER);
    let until = Instant::now() + timeout;
    loop {
        let running: u32 = registry
            .list()
            .iter()
            .map(|row| row.live().gate.in_flight())
            .sum();
        if running == 0 {
            return;
        }
        if Instant::now() >= until {
            tracing::warn!(running, "the drain time is over: what runs is dropped");
            return;
        }
        tokio::time::sleep(DRAIN_LOOK).await;
    }
}
