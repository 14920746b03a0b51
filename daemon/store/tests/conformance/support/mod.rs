//! Fixtures: a fresh database per test, on either side.

pub(crate) mod postgres;
pub(crate) mod temp_dir;

use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;

use kit::random::SystemRandom;
use serde_json::json;
use shared::channel::Node;
use shared::llm::{Llm, LlmSpec, Phase};
use shared::name::Name;
use shared::timestamp::Timestamp;
use store::llms::Offered;
use store::sessions::Session;
use store::{Config, Store};
use temp_dir::TempDir;

/// Makes a test per database of each function `async fn(Db)`.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test] fn $name() { crate::support::run_on_sqlite(super::$name) })+
        }
        mod postgres {
            $(#[test] fn $name() { crate::support::run_on_postgres(super::$name) })+
        }
    };
}

/// An open store on a database of its own. Dereferences to the store.
pub(crate) struct Db {
    pub(crate) store: Store,
    pub(crate) config: Config,
    pub(crate) dir: TempDir,
}

impl Deref for Db {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

impl Db {
    /// Runs a statement that the store itself would not.
    pub(crate) async fn tamper(&self, sql: &'static str) {
        match &self.config.place {
            store::Place::DataDir(dir) => {
                let pool = open_raw(dir).await;
                sqlx::query(sql).execute(&pool).await.unwrap();
                pool.close().await;
            }
            store::Place::Postgres(url) => postgres::execute(url, sql).await,
        }
    }

    /// Opens the same database once more.
    pub(crate) async fn open_again(&self) -> Result<Store, store::StoreError> {
        open(&self.config).await
    }
}

pub(crate) async fn open_raw(dir: &std::path::Path) -> sqlx::SqlitePool {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(dir.join("mcpd.db"));
    sqlx::SqlitePool::connect_with(options).await.unwrap()
}

pub(crate) async fn open(config: &Config) -> Result<Store, store::StoreError> {
    Store::open(config, Arc::new(SystemRandom)).await
}

pub(crate) fn run_on_sqlite<F: Future<Output = ()>>(test: impl FnOnce(Db) -> F) {
    let dir = TempDir::new();
    let config = Config::sqlite(dir.path().join("data"));
    run(dir, config, test);
}

pub(crate) fn run_on_postgres<F: Future<Output = ()>>(test: impl FnOnce(Db) -> F) {
    let Some(url) = postgres::new_database() else {
        return;
    };
    run(TempDir::new(), Config::postgres(url), test);
}

fn run<F: Future<Output = ()>>(dir: TempDir, config: Config, test: impl FnOnce(Db) -> F) {
    block_on(async {
        let store = open(&config).await.unwrap();
        let closing = store.clone();
        test(Db { store, config, dir }).await;
        closing.close().await;
    });
}

pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

/// The moment `seconds` after a fixed one.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_795_253_400_125 + seconds * 1000)
}

pub(crate) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// A public row, as a writer sends it.
pub(crate) fn public(text: &str) -> Llm {
    shared::llm::parse(json!({
        "name": text, "type": "openai", "model": "m", "url": "http://10.0.0.1/v1",
    }))
    .unwrap()
}

pub(crate) fn spec(model: &str) -> LlmSpec {
    serde_json::from_value(json!({"kind": "virtual", "type": "ollama", "model": model})).unwrap()
}

pub(crate) fn offer(text: &str) -> Offered {
    Offered {
        name: name(text),
        spec: spec("m"),
    }
}

pub(crate) async fn session(store: &Store, principal: &str) -> Session {
    let node = Node::default();
    store
        .sessions()
        .ensure(None, principal, &node, at(0))
        .await
        .unwrap()
}

/// The names of rows, in their order.
pub(crate) fn names(llms: &[Llm]) -> Vec<&str> {
    llms.iter().map(|llm| llm.metadata.name.as_str()).collect()
}

pub(crate) fn phase(llm: &Llm) -> Phase {
    llm.status.as_ref().unwrap().phase
}
