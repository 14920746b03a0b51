//! config.json can be read and means what its writer meant, and the files are their owner's alone.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use home::Home;
use home::config::Config;
use serde_json::Value;

use super::finding::Finding;
use super::look::Look;
use crate::near_miss::nearest;

/// The fields that mcpctl or mcplocal reads.
const FIELDS: [&str; 5] = [
    "server",
    "contexts",
    "currentContext",
    "providers",
    "resultMode",
];

pub(super) async fn check(look: &Look) -> Vec<Finding> {
    let path = look.home.config_path();
    let mut findings = rights(&look.home);
    match &look.config {
        Err(failure) => {
            let finding = Finding::failed(failure);
            findings.push(finding.fix(format!("mend {} by hand", path.display())));
        }
        Ok(_) if !path.exists() => {
            findings.push(
                Finding::skip(format!("there is no {} yet", path.display())).fix("mcpctl init"),
            );
        }
        Ok(config) => {
            findings.extend(misspelt(config));
            // mcplocal knows best what its entries mean, and says where.
            match look.daemon().await {
                Ok(status) => findings.extend(status.problems.iter().map(|problem| told(problem))),
                Err(_) => findings.extend(twice(config)),
            }
        }
    }
    if findings.is_empty() {
        let providers = match look
            .config
            .as_ref()
            .map_or(0, |config| config.providers().len())
        {
            1 => "1 provider".to_owned(),
            many => format!("{many} providers"),
        };
        findings.push(Finding::ok(format!("{}: {providers}", path.display())));
    }
    findings
}

fn told(problem: &str) -> Finding {
    Finding::fail(problem).fix("mend it in an editor; mcplocal reads the file again by itself")
}

/// What others on this machine may read or change.
fn rights(home: &Home) -> Vec<Finding> {
    let mode = |path: &Path| {
        std::fs::metadata(path)
            .ok()
            .map(|meta| meta.permissions().mode())
    };
    let open = |path: &Path, fix: &str| {
        let others = mode(path)? & 0o077;
        (others != 0).then(|| {
            (
                path.display().to_string(),
                format!("chmod {fix} {}", path.display()),
            )
        })
    };
    let mut findings = Vec::new();
    if let Some((path, fix)) = open(&home.credentials_path(), "600") {
        findings.push(
            Finding::fail(format!("{path} can be read by other users: it is not used")).fix(fix),
        );
    }
    for (path, mode) in [(home.dir().to_owned(), "700"), (home.config_path(), "600")] {
        if let Some((path, fix)) = open(&path, mode) {
            findings.push(Finding::warn(format!("{path} is open to other users")).fix(fix));
        }
    }
    findings
}

/// Fields that mean nothing, and are spelled almost like one that does.
fn misspelt(config: &Config) -> Vec<Finding> {
    let mut config = config.clone();
    let fields = config.root_mut().keys().filter_map(|field| {
        let known = FIELDS.contains(&field.as_str());
        let near = nearest(field, FIELDS).filter(|_| !known)?;
        let what = format!("the field `{field}` in config.json means nothing");
        Some(Finding::warn(what).fix(format!("did you mean `{near}`?")))
    });
    fields.collect()
}

/// Names that two providers have, where no mcplocal runs to tell.
fn twice(config: &Config) -> Vec<Finding> {
    let names = config.field("providers").and_then(Value::as_array);
    let names: Vec<_> = names
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.get("name")?.as_str())
        .collect();
    let again = names
        .iter()
        .enumerate()
        .filter(|(at, name)| names[..*at].contains(name));
    let findings = again.map(|(_, name)| {
        Finding::fail(format!("two providers in config.json are called `{name}`"))
            .fix("give each a name of its own: the second is not used")
    });
    findings.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(text: &str) -> (std::path::PathBuf, Home) {
        use std::sync::atomic::{AtomicU32, Ordering};
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let dir =
            std::env::temp_dir().join(format!("mcpctl-rights-{}-{count}", std::process::id()));
        home::private_file::create_private_dir(&dir).unwrap();
        let home = Home::at(&dir);
        home::write_private(&home.config_path(), text.as_bytes()).unwrap();
        (dir, home)
    }

    #[test]
    fn what_others_may_read_is_told_with_the_command_that_mends_it() {
        let (dir, home) = home("{}");
        assert_eq!(rights(&home), []);
        let open = |path: &Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        home::write_private(&home.credentials_path(), b"{}").unwrap();
        open(&home.credentials_path(), 0o644);
        open(home.dir(), 0o755);
        let found = rights(&home);
        let fixes: Vec<_> = found
            .iter()
            .filter_map(|finding| finding.fix.clone())
            .collect();
        std::fs::remove_dir_all(&dir).unwrap();
        assert_eq!(
            fixes[0],
            format!("chmod 600 {}", home.credentials_path().display())
        );
        assert_eq!(fixes[1], format!("chmod 700 {}", dir.display()));
        assert_eq!(fixes.len(), 2);
    }

    #[test]
    fn a_misspelt_field_and_a_name_given_twice_are_told_and_own_fields_are_not() {
        let (dir, home) = home(
            r#"{"provider": [], "note": 1, "providers": [{"name": "a"}, {"name": "b"}, {"name": "a"}]}"#,
        );
        let config = Config::load(&home).unwrap();
        std::fs::remove_dir_all(&dir).unwrap();
        let fields = misspelt(&config);
        assert_eq!(fields.len(), 1);
        assert_eq!(fields[0].fix.as_deref(), Some("did you mean `providers`?"));
        assert!(matches!(&twice(&config)[..], [one] if one.detail.contains("`a`")));
    }
}
