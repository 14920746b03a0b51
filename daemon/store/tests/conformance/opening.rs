//! Opening: quick, idempotent, and clear about what is wrong.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

use store::{Config, StoreError};

use crate::support::temp_dir::TempDir;
use crate::support::{Db, at, block_on, name, open, public};

on_both![
    a_second_opening_finds_what_the_first_stored,
    a_database_of_a_newer_program_is_refused,
    a_closed_store_says_that_it_is_unavailable,
];

async fn a_second_opening_finds_what_the_first_stored(db: Db) {
    db.ping().await.unwrap();
    db.llms().insert(&public("gpt"), at(0)).await.unwrap();
    let again = db.open_again().await.unwrap();
    assert!(again.llms().find(&name("gpt")).await.unwrap().is_some());
    again.close().await;
}

async fn a_database_of_a_newer_program_is_refused(db: Db) {
    db.tamper(
        "insert into _sqlx_migrations
            (version, description, installed_on, success, checksum, execution_time)
        select 9000, 'the future', installed_on, success, checksum, 0
        from _sqlx_migrations where version = 1",
    )
    .await;
    let refused = db.open_again().await.unwrap_err();
    assert!(
        matches!(refused, StoreError::Newer { found: 9000 }),
        "{refused:?}"
    );
    assert!(refused.to_string().contains("newer mcpd"));
    assert!(!refused.retryable());
}

async fn a_closed_store_says_that_it_is_unavailable(db: Db) {
    db.close().await;
    let refused = db.llms().list_all().await.unwrap_err();
    assert!(refused.retryable(), "{refused:?}");
    assert!(db.ping().await.is_err());
}

#[test]
fn the_files_are_for_their_owner_alone() {
    let dir = TempDir::new();
    let data = dir.path().join("var/mcpd");
    block_on(async {
        let store = open(&Config::sqlite(&data)).await.unwrap();
        store.llms().insert(&public("gpt"), at(0)).await.unwrap();
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&data), 0o700);
        let mut files = 0;
        for file in std::fs::read_dir(&data).unwrap() {
            let path = file.unwrap().path();
            assert_eq!(mode(&path), 0o600, "{}", path.display());
            files += 1;
        }
        assert_eq!(files, 3, "the database, its log and its shared memory");
        store.close().await;
    });
}

#[test]
fn a_data_directory_that_cannot_be_used_is_named_with_the_reason() {
    let dir = TempDir::new();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let taken = dir.path().join("taken");
    std::fs::create_dir_all(taken.join("mcpd.db")).unwrap();
    let garbage = dir.path().join("garbage");
    std::fs::create_dir(&garbage).unwrap();
    std::fs::write(garbage.join("mcpd.db"), "not a database ".repeat(1000)).unwrap();
    let cases = [
        (file.join("data"), "is not a directory"),
        (taken.clone(), "is a directory"),
        (garbage.clone(), "is no SQLite database"),
    ];
    for (data, reason) in cases {
        let refused = block_on(open(&Config::sqlite(&data))).unwrap_err();
        let text = refused.to_string();
        assert!(text.contains(reason), "{text}");
        assert!(text.contains(&data.display().to_string()), "{text}");
    }
}

#[test]
fn a_directory_without_permission_is_named_with_what_is_missing() {
    const CHILD_DIR: &str = "MCPCTL_TEST_FORBIDDEN_DIR";
    if let Some(dir) = std::env::var_os(CHILD_DIR) {
        let refused = block_on(open(&Config::sqlite(dir))).unwrap_err();
        println!("REFUSED {refused}");
        return;
    }
    let dir = TempDir::new();
    std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o555)).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", "--nocapture"])
        .arg("opening::a_directory_without_permission_is_named_with_what_is_missing")
        .env(CHILD_DIR, dir.path().join("data"))
        .current_dir("/");
    if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
        // Root may write anywhere; nobody may not.
        child.uid(65534).gid(65534);
    }
    match child.output() {
        Ok(output) => {
            let text = String::from_utf8(output.stdout).unwrap();
            let reason = format!(
                "{}/data is not writable for this user",
                dir.path().display()
            );
            assert!(text.contains(&reason), "{text}");
        }
        Err(error) => eprintln!("SKIPPED: another user can't run this test: {error}"),
    }
}

#[test]
fn a_database_server_that_is_away_is_named_without_its_password() {
    let mut config = Config::postgres("postgres://mcpd:hunter2@127.0.0.1:1/mcpd");
    config.acquire_timeout = Duration::from_secs(2);
    let refused = block_on(open(&config)).unwrap_err();
    let text = refused.to_string();
    assert!(text.contains("`mcpd` at 127.0.0.1:1"), "{text}");
    assert!(text.contains("can't be reached"), "{text}");
    assert!(refused.retryable());
    let chain = format!("{refused:?} {config:?}");
    assert!(!chain.contains("hunter2"), "{chain}");
    for url in [
        "mysql://mcpd:hunter2@h/d",
        "postgres://mcpd:hunter2@h:port/d",
        "hunter2",
    ] {
        let refused = block_on(open(&Config::postgres(url))).unwrap_err();
        assert!(!format!("{refused} {refused:?}").contains("hunter2"));
        assert!(
            refused
                .to_string()
                .contains("postgres://USER:PASSWORD@HOST/DATABASE")
        );
    }
}
