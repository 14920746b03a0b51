//! The page of the dependencies names each one, and counts what they bring.

use std::collections::BTreeSet;
use std::path::Path;

fn file(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    std::fs::read_to_string(root.join(name)).unwrap_or_default()
}

/// The crates of others in the workspace's table.
fn direct(manifest: &str) -> BTreeSet<&str> {
    let table = manifest
        .split("\n[")
        .find(|part| part.starts_with("workspace.dependencies]"));
    let lines = table.unwrap_or_default().lines();
    let entries = lines.filter_map(|line| line.split_once(" = "));
    entries
        .filter(|(name, what)| !name.starts_with('#') && !what.contains("path = "))
        .map(|(name, _)| name)
        .collect()
}

/// The crates that have a row with a reason.
fn explained(page: &str) -> BTreeSet<&str> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let cells = rows.filter_map(|row| row.split_once("` | "));
    cells
        .filter(|(_, why)| why.len() > " |".len())
        .map(|(name, _)| name)
        .collect()
}

#[test]
fn every_direct_dependency_has_a_reason_and_all_are_counted() {
    let (manifest, page, lock) = (
        file("Cargo.toml"),
        file("docs/dependencies.md"),
        file("Cargo.lock"),
    );
    let direct = direct(&manifest);
    assert!(direct.len() > 50, "{direct:?}");
    assert_eq!(direct, explained(&page));
    let packages = lock.matches("\nsource = ").count();
    let counted = format!(
        "Direct: {}. With all that they bring, on every platform and for tests too: {packages} packages.",
        direct.len()
    );
    assert!(page.contains(&counted), "the page should say: {counted}");
}
