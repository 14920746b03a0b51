//! A PostgreSQL of the bench's own, which waits for the disk; and a new database for each measurement.

use crate::bench::control::{Seen, wait_for};
use crate::bench::launch::Running;
use crate::bench::trouble::{During, Trouble};
use crate::cluster::postgres::find_bin_dir;
use rustix::process::{Signal, geteuid};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

const START_LIMIT: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(20);
/// Who runs the server where root starts the bench: it refuses to run as root.
const SERVER_USER: &str = "postgres";
/// What differs from PostgreSQL's defaults, and what must not: a commit waits for the disk.
pub const SETTINGS: [(&str, &str); 7] = [
    ("fsync", "on"),
    ("synchronous_commit", "on"),
    ("full_page_writes", "on"),
    ("shared_buffers", "256MB"),
    ("max_wal_size", "4GB"),
    ("max_connections", "120"),
    ("listen_addresses", ""),
];

/// The server. Ends when dropped; its data is in the run's own folder.
#[derive(Debug)]
pub struct Server {
    running: Running,
    dir: PathBuf,
    /// Where its programs are.
    pub bin: PathBuf,
}

/// One database of it.
#[derive(Debug, Clone)]
pub struct Database {
    /// What `MCPD_DATABASE_URL` takes, and node's driver as well.
    pub url: String,
    /// Its name.
    pub name: String,
    /// The folder of the server's socket.
    pub socket_dir: PathBuf,
}

impl Server {
    /// Makes a cluster in `dir` and starts it.
    ///
    /// # Errors
    /// When PostgreSQL is not installed, or does not start.
    pub async fn start(bin: Option<&Path>, dir: PathBuf) -> Result<Self, Trouble> {
        let missing = || Trouble::Unexpected("there is no `initdb`; install PostgreSQL".to_owned());
        let bin = bin
            .map(Path::to_path_buf)
            .or_else(find_bin_dir)
            .ok_or_else(missing)?;
        if geteuid().is_root() {
            give_to_server_user(&dir)?;
        }
        let data = dir.join("data");
        let made = as_server_user(&bin.join("initdb"))
            .args([
                "-A",
                "trust",
                "-U",
                "postgres",
                "--locale=C",
                "-E",
                "UTF8",
                "-D",
            ])
            .arg(&data)
            .current_dir(&dir)
            .stdout(Stdio::null())
            .status()
            .during("run initdb")?;
        if !made.success() {
            return Err(Trouble::Unexpected(format!("initdb ended with {made}")));
        }
        let mut command = as_server_user(&bin.join("postgres"));
        command
            .current_dir(&dir)
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(&dir);
        for (name, value) in SETTINGS {
            command.args(["-c", &format!("{name}={value}")]);
        }
        // Ended at once, without a checkpoint: nobody needs the data any more.
        let running = Running::start("postgres", &mut command, &dir)?.ending_with(Signal::QUIT);
        let mut server = Self { running, dir, bin };
        server.answers().await?;
        Ok(server)
    }

    async fn answers(&mut self) -> Result<(), Trouble> {
        let url = self.url("postgres");
        wait_for("PostgreSQL to answer", START_LIMIT, LOOK, || {
            let (alive, url) = (self.running.check(), url.clone());
            async move {
                alive?;
                Ok(match PgConnection::connect(&url).await {
                    Ok(_) => Seen::Done(()),
                    Err(error) => Seen::NotYet(error.to_string()),
                })
            }
        })
        .await
    }

    /// The process whose children the server's processes are.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.running.pid()
    }

    /// A new, empty database in place of one of the same name; what was written before is on the disk.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn create(&self, name: &str) -> Result<Database, Trouble> {
        let mut connection = self.connect().await?;
        // Names are the bench's own words.
        for statement in [
            format!("drop database if exists {name} with (force)"),
            format!("create database {name} template template0"),
            "checkpoint".to_owned(),
        ] {
            connection
                .execute(AssertSqlSafe(statement.clone()))
                .await
                .during(statement)?;
        }
        Ok(Database {
            url: self.url(name),
            name: name.to_owned(),
            socket_dir: self.dir.clone(),
        })
    }

    /// Drops a database, so that no vacuum of it disturbs the next measurement.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn remove(&self, database: Database) -> Result<(), Trouble> {
        let statement = format!("drop database if exists {} with (force)", database.name);
        let mut connection = self.connect().await?;
        let done = connection.execute(AssertSqlSafe(statement.clone())).await;
        done.during(statement).map(drop)
    }

    /// The server's own word on a setting.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn shows(&self, setting: &str) -> Result<String, Trouble> {
        let asked = "select current_setting($1)";
        let mut connection = self.connect().await?;
        let value = sqlx::query_scalar(asked).bind(setting);
        value.fetch_one(&mut connection).await.during(asked)
    }

    async fn connect(&self) -> Result<PgConnection, Trouble> {
        let connected = PgConnection::connect(&self.url("postgres")).await;
        connected.during("connect to PostgreSQL")
    }

    fn url(&self, name: &str) -> String {
        let dir = self.dir.display();
        format!("postgres://postgres@localhost/{name}?host={dir}")
    }
}

impl Database {
    /// A connection of the caller's own.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn connect(&self) -> Result<PgConnection, Trouble> {
        let connected = PgConnection::connect(&self.url).await;
        connected.during(format!("connect to {}", self.name))
    }
}

fn as_server_user(program: &Path) -> Command {
    if !geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args([
            "--reuid",
            SERVER_USER,
            "--regid",
            SERVER_USER,
            "--clear-groups",
        ])
        .arg(program);
    command
}

fn give_to_server_user(dir: &Path) -> Result<(), Trouble> {
    let users = fs::read_to_string("/etc/passwd").during("read /etc/passwd")?;
    let ids = users.lines().find_map(|line| {
        let mut fields = line.split(':').skip(2);
        let is_it = line.starts_with(&format!("{SERVER_USER}:"));
        is_it.then(|| Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?)))?
    });
    let missing = || Trouble::Unexpected(format!("there is no user `{SERVER_USER}`"));
    let (user, group): (u32, u32) = ids.ok_or_else(missing)?;
    std::os::unix::fs::chown(dir, Some(user), Some(group))
        .during(format!("give {} to {SERVER_USER}", dir.display()))
}
