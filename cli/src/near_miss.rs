//! "Did you mean ...?": the nearest of the names that there are.

/// The one of `known` that `typed` was probably meant to be.
pub(crate) fn nearest<'a>(
    typed: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    let allowed = (typed.chars().count() / 3).clamp(1, 3);
    known
        .into_iter()
        .map(|name| (distance(&typed, &name.to_lowercase()), name))
        .filter(|(distance, name)| {
            *distance <= allowed || (typed.len() > 2 && name.starts_with(&typed))
        })
        .min()
        .map(|(_, name)| name)
}

/// Edits that turn `a` into `b`; two swapped neighbours count as one.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = vec![i + 1];
        for j in 0..b.len() {
            let change = last[j] + usize::from(a[i] != b[j]);
            let mut best = change.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_a_stranger_is_not() {
        let known = ["laptop", "vllm-local", "demo"];
        assert_eq!(nearest("lapto", known), Some("laptop"));
        assert_eq!(nearest("lpatop", known), Some("laptop"));
        assert_eq!(nearest("vllm", known), Some("vllm-local"));
        assert_eq!(nearest("DEMO", known), Some("demo"));
        assert_eq!(nearest("gpt-4o", known), None);
        assert_eq!(nearest("x", []), None);
    }
}
