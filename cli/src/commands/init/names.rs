//! What a model is to be called: valid, short, and nobody else's.

use shared::name::{MAX_NAME_BYTES, Name};

/// What stands where nothing of an id can be kept.
const NAMELESS: &str = "model";

/// A name for the model `id`: its last path part, in lower case, fit for a shell.
///
/// Shape: of `a-z 0-9 - . _`, first and last a letter or digit.
pub(super) fn from_model(id: &str) -> String {
    let last = id.trim_end_matches('/').rsplit('/').next().unwrap_or(id);
    let lower = last.to_ascii_lowercase();
    let bare = lower.strip_suffix(":latest").unwrap_or(&lower);
    let bare = bare.strip_suffix(".gguf").unwrap_or(bare);
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    let mut name = String::new();
    for c in bare.chars().map(|c| if plain(c) { c } else { '-' }) {
        // Two replaced characters in a row are one gap.
        if !(c == '-' && name.ends_with('-')) {
            name.push(c);
        }
    }
    trimmed(&name, MAX_NAME_BYTES)
}

/// The name `wanted`, or with `-HOST` and then a number behind it until it `is_free`.
pub(super) fn unique(wanted: &str, host: &str, is_free: impl Fn(&str) -> bool) -> Name {
    let with = |suffix: &str| {
        let room = MAX_NAME_BYTES - suffix.len();
        trimmed(
            &format!("{}{suffix}", trimmed(wanted, room)),
            MAX_NAME_BYTES,
        )
    };
    let host = host.split('.').next().unwrap_or(host);
    let host = from_model(host);
    // A long host name leaves the model its place.
    let host: String = host.chars().take(20).collect();
    let by_host = std::iter::once(with(&format!("-{host}")));
    let mut all = std::iter::once(wanted.to_owned())
        .chain(by_host)
        .chain((2..).map(|number| with(&format!("-{host}-{number}"))));
    loop {
        let name = all.next().unwrap_or_default();
        if let Ok(valid) = name.parse::<Name>()
            && is_free(&name)
        {
            return valid;
        }
    }
}

fn trimmed(name: &str, most: usize) -> String {
    let name = name.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    let name: String = name.chars().take(most).collect();
    let name = name.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    if name.is_empty() {
        NAMELESS.into()
    } else {
        name.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_ids_become_names() {
        for (id, name) in [
            ("llama3.2:3b", "llama3.2-3b"),
            ("nomic-embed-text:latest", "nomic-embed-text"),
            ("Qwen/Qwen2.5-7B-Instruct-AWQ", "qwen2.5-7b-instruct-awq"),
            (
                "/models/Mistral 7B (v0.3).Q4_K_M.gguf",
                "mistral-7b-v0.3-.q4_k_m",
            ),
            ("hf.co/bartowski/Llama-3.2:Q4_K_M", "llama-3.2-q4_k_m"),
            ("_x_", "x"),
            ("模型", "model"),
            ("", "model"),
        ] {
            assert_eq!(from_model(id), name, "{id}");
            assert!(name.parse::<Name>().is_ok());
        }
        assert_eq!(from_model(&"x".repeat(99)).len(), 63);
    }

    #[test]
    fn a_taken_name_gets_the_host_and_then_a_number() {
        let taken = |names: &'static [&'static str]| {
            unique("llama", "Ada's-Box.local", move |name| {
                !names.contains(&name)
            })
            .to_string()
        };
        assert_eq!(taken(&[]), "llama");
        assert_eq!(taken(&["llama"]), "llama-ada-s-box");
        assert_eq!(taken(&["llama", "llama-ada-s-box"]), "llama-ada-s-box-2");
    }

    #[test]
    fn a_long_name_keeps_its_suffix() {
        let long = "y".repeat(63);
        let name = unique(&long, "box", |name| name != long).to_string();
        assert_eq!((name.len(), name.ends_with("y-box")), (63, true));
    }
}
