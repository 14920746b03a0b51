//! A unit of the user's own systemd.

use std::path::PathBuf;

use super::{InstallError, Wanted, remove, run, user_home, write};

const UNIT: &str = "mcplocal.service";

/// Writes the unit, enables and starts it.
pub(super) fn install(wanted: &Wanted) -> Result<Vec<String>, InstallError> {
    reachable()?;
    let path = unit_path()?;
    write(&path, &unit(wanted)?)?;
    run("systemctl", &["--user", "daemon-reload"])?;
    run("systemctl", &["--user", "enable", UNIT])?;
    run("systemctl", &["--user", "restart", UNIT])?;
    let mut said = vec![
        format!("wrote {}", path.display()),
        "mcplocal runs now and after every login; see `systemctl --user status mcplocal`".into(),
    ];
    if wanted.linger {
        run("loginctl", &["enable-linger"])?;
        said.push("it also runs while you are not logged in".into());
    } else {
        said.push(
            "it ends with your last session; to publish also while you are not logged in, run \
             `loginctl enable-linger` (or install with --linger)"
                .into(),
        );
    }
    Ok(said)
}

/// Stops, disables and removes the unit.
pub(super) fn uninstall() -> Result<Vec<String>, InstallError> {
    reachable()?;
    let path = unit_path()?;
    // Not there is as good as stopped.
    let _ = run("systemctl", &["--user", "disable", "--now", UNIT]);
    let removed = remove(&path)?;
    run("systemctl", &["--user", "daemon-reload"])?;
    Ok(vec![if removed {
        format!("removed {}", path.display())
    } else {
        "mcplocal was not installed".into()
    }])
}

fn reachable() -> Result<(), InstallError> {
    if !sd_notify::booted().unwrap_or(false) {
        return Err(InstallError::NoManager("the machine does not run systemd"));
    }
    run("systemctl", &["--user", "show-environment"]).map_err(|_| {
        InstallError::NoManager("there is no systemd session: log in directly, not by su or sudo")
    })
}

fn unit_path() -> Result<PathBuf, InstallError> {
    let config = std::env::var_os("XDG_CONFIG_HOME").filter(|dir| !dir.is_empty());
    let config = match config {
        Some(dir) => PathBuf::from(dir),
        None => user_home()?.join(".config"),
    };
    Ok(config.join("systemd/user").join(UNIT))
}

fn unit(wanted: &Wanted) -> Result<String, InstallError> {
    let not_text = InstallError::Unknown("the path of the program or the home is not UTF-8");
    let Some(program) = wanted.program.to_str() else {
        return Err(not_text);
    };
    let home = match &wanted.home {
        Some(home) => match home.to_str() {
            Some(home) => format!(" --home {}", quoted(home)),
            None => return Err(not_text),
        },
        None => String::new(),
    };
    Ok(format!(
        "\
# Written by `mcplocal install`; overrides belong into a drop-in (systemctl --user edit mcplocal).
[Unit]
Description=mcplocal: publishes local LLM providers to mcpd
Documentation=man:systemd.service(5)
After=network-online.target
# A broken configuration is waited out by the program, not by giving up.
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart={program} run{home}
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=2
WatchdogSec=30
TimeoutStopSec=50
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
UMask=0077

[Install]
WantedBy=default.target
",
        program = quoted(program),
    ))
}

/// A word of a command line as systemd reads it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@:,".contains(c);
    let word = word.replace('%', "%%").replace('$', "$$");
    if word.chars().all(plain) {
        return word;
    }
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_notifies_has_a_watchdog_and_comes_back() {
        let wanted = Wanted {
            program: "/usr/local/bin/mcplocal".into(),
            home: Some("/home/a b/100%".into()),
            linger: false,
        };
        let unit = unit(&wanted).unwrap();
        for line in [
            "ExecStart=/usr/local/bin/mcplocal run --home \"/home/a b/100%%\"",
            "Type=notify",
            "WatchdogSec=30",
            "NoNewPrivileges=yes",
            "Restart=always",
            "WantedBy=default.target",
        ] {
            assert!(unit.lines().any(|found| found == line), "{line}\n{unit}");
        }
    }
}
