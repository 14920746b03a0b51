//! The command reference in `docs/` is what the program itself says.

use std::path::Path;
use std::process::Command;

#[test]
fn the_stored_reference_is_what_the_program_says() {
    let mut mcpctl = Command::new(env!("CARGO_BIN_EXE_mcpctl"));
    let said = mcpctl.arg("__markdown-help").env_clear().output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/CLI.md");
    if std::env::var_os("UPDATE").is_some_and(|update| update == "1") {
        std::fs::write(&path, &said).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    let hint = "docs/CLI.md differs from what mcpctl says: run this test with UPDATE=1";
    assert!(stored == said, "{hint}");
}
