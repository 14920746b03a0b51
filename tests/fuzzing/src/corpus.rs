//! The recorded bodies of `tests/corpus`, to begin with; `tests/src/corpus.rs` says how they are written.

use std::path::Path;

/// The bodies of the requests whose path begins with `path`.
pub fn requests(path: &str) -> Vec<String> {
    bodies(&format!("> {path}"))
}

/// The event streams that answer requests whose path begins with `path`.
pub fn streams(path: &str) -> Vec<String> {
    let asked = format!("> {path}");
    let cases = cases().into_iter().filter(|case| case.contains(&asked));
    cases
        .filter_map(|case| body(&case, "< 200 text/event-stream"))
        .collect()
}

/// The bodies of the answers with JSON whose request's path begins with `path`.
pub fn answers(path: &str) -> Vec<String> {
    let asked = format!("> {path}");
    let cases = cases().into_iter().filter(|case| case.contains(&asked));
    cases
        .filter_map(|case| body(&case, "< "))
        .filter(|body| is_json(body))
        .collect()
}

fn bodies(mark: &str) -> Vec<String> {
    let bodies = cases().into_iter().filter_map(|case| body(&case, mark));
    bodies.filter(|body| is_json(body)).collect()
}

fn is_json(body: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(body).is_ok()
}

/// What stands between the line that begins with `mark` and the next mark.
fn body(case: &str, mark: &str) -> Option<String> {
    let at = case.find(&format!("\n{mark}"))? + 1;
    let (_, rest) = case[at..].split_once('\n')?;
    let ends = ["\n< ", "\n~\n"]
        .into_iter()
        .filter_map(|mark| rest.find(mark));
    Some(rest[..ends.min().unwrap_or(rest.len())].to_owned())
}

fn cases() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus");
    let entries = std::fs::read_dir(&folder).expect("the corpus lies in tests/corpus");
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
        .iter()
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_corpus_gives_bodies_of_every_kind() {
        assert!(super::requests("chat/completions").len() > 20);
        assert!(super::answers("chat/completions").len() > 20);
        assert!(super::requests("embeddings").len() > 3);
        assert!(super::answers("responses").len() > 2);
        assert!(super::streams("chat/completions").len() > 5);
    }
}
