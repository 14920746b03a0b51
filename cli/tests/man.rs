//! The manual pages: one for each command, which `man` itself shows without a complaint.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "test code: a failure is a panic"
)]

mod support;

use std::path::Path;
use std::process::Command;

use support::{Sandbox, run};

/// The page as a reader sees it; `None` where there is no `man`.
fn shown(page: &Path) -> Option<String> {
    let mut man = Command::new("man");
    man.args(["--warnings", "-l"]).arg(page);
    man.env("MANWIDTH", "80").env("LC_ALL", "C.UTF-8");
    let Ok(output) = man.output() else {
        eprintln!("SKIPPED: man is not installed, what it would show was NOT tested");
        return None;
    };
    let complaints = String::from_utf8(output.stderr).unwrap();
    assert_eq!(complaints, "", "{}", page.display());
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn each_command_has_a_page_that_man_can_show() {
    let sandbox = Sandbox::new();
    let dir = sandbox.home.join("man1");
    let ran = run(&mut sandbox.mcpctl(&["man", "--dir", &dir.display().to_string()]));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let reference = run(&mut sandbox.mcpctl(&["__markdown-help"])).stdout;
    let commands = reference
        .lines()
        .filter_map(|line| line.strip_prefix("## "));
    let commands = commands.filter(|line| !line.starts_with("mcpctl help "));
    for command in commands {
        let page = dir.join(format!("{}.1", command.replace(' ', "-")));
        assert!(page.exists(), "no page for {command}");
    }
    for name in [
        "mcpctl",
        "mcpctl-get",
        "mcpctl-jobs-submit",
        "mcpctl-chat-llm",
    ] {
        let Some(text) = shown(&dir.join(format!("{name}.1"))) else {
            return;
        };
        assert!(text.contains("EXAMPLES"), "{text}");
        assert!(text.contains(&format!("{name}(1)")), "{text}");
    }
}

#[test]
fn one_page_goes_to_stdout() {
    let sandbox = Sandbox::new();
    let ran = run(&mut sandbox.mcpctl(&["man", "jobs", "submit"]));
    assert!(ran.stdout.contains(".TH mcpctl-jobs-submit 1"), "{ran:?}");
    let example = "\\&  mcpctl jobs submit -f jobs.jsonl --wait\n";
    assert!(ran.stdout.contains(example), "{ran:?}");
    let ran = run(&mut sandbox.mcpctl(&["man", "jbos"]));
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("did you mean `jobs`?"), "{ran:?}");
}
