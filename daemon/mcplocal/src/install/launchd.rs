//! An agent of the user's own launchd.

use std::path::PathBuf;

use super::{InstallError, Wanted, remove, run, user_home, write};

const LABEL: &str = "io.mcpctl.mcplocal";

/// Writes the agent and loads it.
pub(super) fn install(wanted: &Wanted) -> Result<Vec<String>, InstallError> {
    let path = agent_path()?;
    let home = user_home()?;
    write(&path, &agent(wanted, &home.to_string_lossy())?)?;
    let domain = domain();
    // Loaded from an earlier install; not there is fine.
    let _ = run("launchctl", &["bootout", &format!("{domain}/{LABEL}")]);
    run(
        "launchctl",
        &["bootstrap", &domain, &path.to_string_lossy()],
    )?;
    Ok(vec![
        format!("wrote {}", path.display()),
        "mcplocal runs now and after every login; its log is ~/Library/Logs/mcplocal.log".into(),
    ])
}

/// Unloads and removes the agent.
pub(super) fn uninstall() -> Result<Vec<String>, InstallError> {
    let path = agent_path()?;
    let _ = run("launchctl", &["bootout", &format!("{}/{LABEL}", domain())]);
    Ok(vec![if remove(&path)? {
        format!("removed {}", path.display())
    } else {
        "mcplocal was not installed".into()
    }])
}

fn domain() -> String {
    format!("gui/{}", rustix::process::getuid().as_raw())
}

fn agent_path() -> Result<PathBuf, InstallError> {
    let agents = user_home()?.join("Library/LaunchAgents");
    Ok(agents.join(format!("{LABEL}.plist")))
}

fn agent(wanted: &Wanted, user_home: &str) -> Result<String, InstallError> {
    let not_text = "the path of the program or the home is not UTF-8";
    let program = wanted
        .program
        .to_str()
        .ok_or(InstallError::Unknown(not_text))?;
    let mut words = vec![program, "run"];
    if let Some(home) = &wanted.home {
        words.push("--home");
        words.push(home.to_str().ok_or(InstallError::Unknown(not_text))?);
    }
    let words = words
        .iter()
        .map(|word| format!("    <string>{}</string>\n", escaped(word)));
    let words: String = words.collect();
    let log = escaped(&format!("{user_home}/Library/Logs/mcplocal.log"));
    Ok(format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>{LABEL}</string>
  <key>ProgramArguments</key>
  <array>
{words}  </array>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <true/>
  <key>ExitTimeOut</key>
  <integer>50</integer>
  <key>Umask</key>
  <integer>63</integer>
  <key>StandardErrorPath</key>
  <string>{log}</string>
</dict>
</plist>
"#
    ))
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agent_starts_at_login_and_comes_back() {
        let wanted = Wanted {
            program: "/opt/a&b/mcplocal".into(),
            home: Some("/Users/me/.other".into()),
            linger: false,
        };
        let agent = agent(&wanted, "/Users/me").unwrap();
        for part in [
            "<string>/opt/a&amp;b/mcplocal</string>\n    <string>run</string>\n    <string>--home</string>",
            "<key>KeepAlive</key>\n  <true/>",
            "<string>/Users/me/Library/Logs/mcplocal.log</string>",
        ] {
            assert!(agent.contains(part), "{part}\n{agent}");
        }
    }
}
