//! What the README and the guides tell a reader to type is understood, and what they link to is there.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't read its pages has failed"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// The pages that are written by hand.
const PAGES: [&str; 12] = [
    "README.md",
    "CONTRIBUTING.md",
    "docs/gateway.md",
    "docs/terminal.md",
    "docs/console.md",
    "docs/PROMISES.md",
    "docs/SECURITY.md",
    "docs/dependencies.md",
    "docs/API.md",
    "docs/ARCHITECTURE.md",
    "docs/CHANGELOG.md",
    "docs/control-protocol.md",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn page(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_default()
}

/// The commands of mcpctl in the shell blocks of `text`, without what the shell does around them.
fn commands(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_shell = false;
    for line in text.replace("\\\n", " ").lines() {
        if let Some(language) = line.trim().strip_prefix("```") {
            in_shell = !in_shell && ["sh", "console"].contains(&language);
            continue;
        }
        let line = line.strip_prefix("$ ").unwrap_or(line);
        let Some(at) = line.find("mcpctl ").filter(|_| in_shell) else {
            continue;
        };
        // At the beginning, behind a pipe, or inside `$( )`.
        let before = line[..at].trim_end();
        if !before.is_empty() && !before.ends_with('|') && !before.ends_with("$(") {
            continue;
        }
        let command = &line[at..];
        let ends = [" | ", " > ", " < ", " && ", " || ", "  #", ")"];
        let end = ends.iter().filter_map(|end| command.find(end)).min();
        found.push(command[..end.unwrap_or(command.len())].to_owned());
    }
    found
}

/// The words of a command, as a shell splits them: quotes hold them together.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in command.trim().chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, ' ') => words.push(String::new()),
            (_, c) => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn what_the_pages_tell_to_type_is_understood() {
    let told: Vec<_> = PAGES
        .iter()
        .flat_map(|name| commands(&page(name)))
        .collect();
    assert!(told.len() >= 30, "only {} commands were found", told.len());
    for command in told {
        // Help ends the command after all that stands before it was understood.
        let mut mcpctl = Command::new(env!("CARGO_BIN_EXE_mcpctl"));
        let ran = mcpctl
            .args(&words(&command)[1..])
            .arg("--help")
            .env_clear()
            .output();
        let ran = ran.unwrap();
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "`{command}`: {said}");
    }
}

#[test]
fn what_the_pages_link_to_is_there() {
    for name in PAGES {
        let text = page(name);
        assert!(!text.is_empty(), "{name} is missing");
        let links = text.split("](").skip(1);
        let links = links.filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://")) {
            let (path, section) = link.split_once('#').unwrap_or((link, ""));
            let folder = root().join(name);
            let target = match path {
                "" => folder,
                path => folder.parent().unwrap().join(path),
            };
            assert!(
                target.exists(),
                "{name} links to {link}, which is not there"
            );
            let is_page = target.extension().is_some_and(|kind| kind == "md");
            if is_page && !section.is_empty() {
                let sections = sections(&std::fs::read_to_string(&target).unwrap());
                assert!(
                    sections.iter().any(|one| one == section),
                    "{name} links to {link}; its sections are {sections:?}"
                );
            }
        }
    }
}

/// The names by which the headings of a page are linked to.
fn sections(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let name = |line: &str| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = title
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.collect::<String>().replace(' ', "-")
    };
    headings.map(name).collect()
}

/// The tests that the promises name, as `(file, test)`.
fn named_tests(promises: &str) -> Vec<(&str, &str)> {
    let lines = promises.lines().filter_map(|line| line.strip_prefix("- `"));
    let named = lines.filter_map(|line| line.split_once("`: "));
    let each = named.flat_map(|(file, tests)| {
        let words = tests.split('`').skip(1).step_by(2);
        let tests = words.filter(|word| !word.contains(['/', '.']));
        tests.map(move |test| (file, test))
    });
    each.collect()
}

#[test]
fn every_test_that_holds_a_promise_up_is_there() {
    let promises = page("docs/PROMISES.md");
    let named = named_tests(&promises);
    assert!(named.len() >= 40, "only {} tests were found", named.len());
    for (file, test) in named {
        let source = page(file);
        let is_there =
            source.contains(&format!("fn {test}(")) || source.contains(&format!("fn {test}<"));
        assert!(is_there, "{file} has no test `{test}`");
    }
    for number in 1..=11 {
        assert!(
            promises.contains(&format!("\n## {number}. ")),
            "promise {number}"
        );
    }
}
