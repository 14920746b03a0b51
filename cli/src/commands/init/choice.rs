//! Which of a numbered list: `1,3-5`, `all` or `none`.

/// What a person typed, as positions from 0, each once and in order.
///
/// Units: what is typed counts from 1, up to `count`.
/// Errors: a sentence for whoever typed it.
pub(super) fn read(typed: &str, count: usize) -> Result<Vec<usize>, String> {
    match typed.trim().to_ascii_lowercase().as_str() {
        "all" | "a" | "*" => return Ok((0..count).collect()),
        "none" | "n" | "0" => return Ok(Vec::new()),
        _ => {}
    }
    let words = typed.split([',', ' ']).filter(|word| !word.is_empty());
    let mut chosen = Vec::new();
    for word in words {
        let (first, last) = word.split_once('-').unwrap_or((word, word));
        let (first, last) = (number(first, count)?, number(last, count)?);
        if first > last {
            return Err(format!("`{word}` counts backwards: write {last}-{first}"));
        }
        chosen.extend(first - 1..last);
    }
    if chosen.is_empty() {
        return Err("write numbers such as 1,3-5, or `all`, or `none`".into());
    }
    chosen.sort_unstable();
    chosen.dedup();
    Ok(chosen)
}

fn number(word: &str, count: usize) -> Result<usize, String> {
    let number = word
        .trim()
        .parse()
        .map_err(|_| format!("`{word}` is no number: write such as 1,3-5, or `all`, or `none`"))?;
    if (1..=count).contains(&number) {
        return Ok(number);
    }
    Err(match count {
        1 => format!("there is no {number}: the list has 1 alone"),
        _ => format!("there is no {number}: the list goes from 1 to {count}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_ranges_and_words_are_read() {
        for (typed, chosen) in [
            ("1", &[0][..]),
            ("1,3-5", &[0, 2, 3, 4]),
            (" 5 , 4-5 4", &[3, 4]),
            ("ALL", &[0, 1, 2, 3, 4]),
            ("none", &[]),
        ] {
            assert_eq!(read(typed, 5).unwrap(), chosen, "{typed}");
        }
    }

    #[test]
    fn nonsense_says_what_to_write() {
        for (typed, why) in [
            ("6", "from 1 to 5"),
            ("x", "no number"),
            ("3-1", "write 1-3"),
            ("-", "no number"),
            (",", "write numbers"),
            ("99999999999999999999", "no number"),
        ] {
            let said = read(typed, 5).unwrap_err();
            assert!(said.contains(why), "{typed}: {said}");
        }
        assert!(read("2", 1).unwrap_err().contains("1 alone"));
    }
}
