//! Where the programs are.

use std::path::PathBuf;

/// Names the folder of the programs, where they are not beside the tests.
pub const BIN_DIR: &str = "MCPCTL_BIN_DIR";

/// The path of the program `name`.
///
/// # Panics
/// When it was not built; the message says how to build it.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let dir = std::env::var_os(BIN_DIR).map_or_else(beside_this_test, PathBuf::from);
    let path = dir.join(name);
    assert!(
        path.is_file(),
        "there is no `{name}` in {}: build it with `cargo build -p mcpd -p mcplocal -p mcpctl`, or set {BIN_DIR}",
        dir.display()
    );
    path
}

/// `target/debug` for a test that runs as `target/debug/deps/relay-0123`, and for a program that lies there itself.
fn beside_this_test() -> PathBuf {
    let test = std::env::current_exe().expect("a running program has a path");
    let folder = test.parent().expect("a program lies in a folder");
    match folder.parent() {
        Some(parent) if folder.ends_with("deps") => parent.to_owned(),
        _ => folder.to_owned(),
    }
}
