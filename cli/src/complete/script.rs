//! The scripts, as `mcpctl completions` prints them and `completions/` keeps them.

use super::{bash, fish, model, powershell, zsh};
use crate::args::connect::Shell;

/// The script of one shell.
pub(crate) fn of(shell: Shell) -> String {
    let nodes = model::nodes();
    match shell {
        Shell::Bash => bash::script(&nodes),
        Shell::Zsh => zsh::script(&nodes),
        Shell::Fish => fish::script(&nodes),
        Shell::Powershell => powershell::script(&nodes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The stored scripts are the ones this program prints. `UPDATE=1` rewrites them.
    #[test]
    fn the_stored_scripts_are_up_to_date() {
        let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../completions");
        for (shell, file) in [
            (Shell::Bash, "mcpctl.bash"),
            (Shell::Zsh, "_mcpctl"),
            (Shell::Fish, "mcpctl.fish"),
            (Shell::Powershell, "mcpctl.ps1"),
        ] {
            let (path, made) = (dir.join(file), of(shell));
            if std::env::var_os("UPDATE").is_some_and(|update| update == "1") {
                std::fs::write(&path, &made).unwrap();
            }
            let stored = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(
                stored == made,
                "completions/{file} differs from what mcpctl prints: run this test with UPDATE=1"
            );
        }
    }
}
