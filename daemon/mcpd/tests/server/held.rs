//! A database whose writer is held from outside: what the server sends it has begun, and does not end.

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};

use crate::fixture::Mcpd;

/// A second hand on the database of a server.
pub(crate) struct Held(SqliteConnection);

impl Held {
    /// Takes the writer. The server gives its own writes up after 5 s.
    pub(crate) async fn take(mcpd: &Mcpd) -> Self {
        let mut hand = Self::open(mcpd).await;
        hand.run("begin immediate").await;
        hand
    }

    /// Gives it back.
    pub(crate) async fn release(mut self) {
        self.run("rollback").await;
        self.0.close().await.unwrap();
    }

    /// A hand that holds nothing.
    pub(crate) async fn open(mcpd: &Mcpd) -> Self {
        let file = mcpd.dir.path().join("mcpd.db");
        let options = SqliteConnectOptions::new().filename(file);
        Self(options.connect().await.unwrap())
    }

    /// Changes the database behind the server's back.
    pub(crate) async fn run(&mut self, statement: &'static str) {
        sqlx::query(statement).execute(&mut self.0).await.unwrap();
    }
}
