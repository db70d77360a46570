//! Numbers in their notations: `1,000.00`, `1.000,00`, `1 000`, `$1000`, `12 %` are read as plain decimals.
//!
//! Never here: a currency's worth. Where a notation has two readings, both are given.

/// Gives the readings of one word; none if it is no number.
pub(crate) fn readings(word: &str, mut each: impl FnMut(&str)) {
    if word.bytes().all(|byte| byte.is_ascii_digit()) {
        // LIMIT: as below.
        if (1..=18).contains(&word.len()) {
            each(whole(word));
        }
        return;
    }
    let word = word.trim_matches(|letter: char| !letter.is_ascii_digit() && letter != '-');
    let core = strip_unit(word);
    let body = core.strip_prefix('-').unwrap_or(core);
    let digits = body.bytes().filter(u8::is_ascii_digit).count();
    let fits =
        body.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',' | b'\''));
    if !fits
        || digits == 0
        || digits > 18
        || !body.starts_with(|first: char| first.is_ascii_digit())
    {
        return;
    }
    let first = read(body, ',', '.');
    let second = read(body, '.', ',').filter(|read| first.as_ref() != Some(read));
    // Without its mark it is the first reading or none.
    let third =
        Some(body).filter(|body| body.contains('\'')).and_then(|body| read(body, '\'', '.'));
    let third = third.filter(|read| first.as_ref() != Some(read) && second.as_ref() != Some(read));
    for read in [first, second, third].into_iter().flatten() {
        each(&read);
    }
}

/// `100eur` and `12k` lose their letters only if nothing but letters follows.
fn strip_unit(word: &str) -> &str {
    let end =
        word.find(|letter: char| letter.is_alphabetic() || letter == '%').unwrap_or(word.len());
    let (number, unit) = (word.get(..end).unwrap_or(""), word.get(end..).unwrap_or(""));
    let only =
        unit.len() <= 3 && unit.chars().all(|letter| letter.is_alphabetic() || letter == '%');
    if only { number } else { word }
}

/// A whole number without zeros that say nothing.
fn whole(digits: &str) -> &str {
    let number = digits.trim_start_matches('0');
    if number.is_empty() { "0" } else { number }
}

fn read(body: &str, group: char, point: char) -> Option<String> {
    let mut halves = body.split(point);
    let (whole, fraction) = (halves.next()?, halves.next());
    if halves.next().is_some() || fraction.is_some_and(|part| part.contains(group)) {
        return None;
    }
    let mut groups = whole.split(group);
    let first = groups.next()?;
    let mut joined = first.to_owned();
    for next in groups {
        if next.len() != 3 || first.len() > 3 || first.is_empty() {
            return None;
        }
        joined.push_str(next);
    }
    let whole = self::whole(&joined);
    let fraction = fraction.unwrap_or("").trim_end_matches('0');
    let plain = whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    plain
        .then(|| if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notations_are_read() {
        for (word, reading) in [
            ("1000", vec!["1000"]),
            ("1,000.00", vec!["1000"]),
            ("1.000,00", vec!["1000"]),
            ("1'000.50", vec!["1000.5"]),
            ("$98.70", vec!["98.7"]),
            ("100eur", vec!["100"]),
            ("12%", vec!["12"]),
            ("-50.0", vec!["50"]),
            ("1.000", vec!["1", "1000"]),
            ("007", vec!["7"]),
            ("1.2.3", vec![]),
            ("abc", vec![]),
            ("12abc34", vec![]),
        ] {
            let mut found = Vec::new();
            readings(word, |read| found.push(read.to_owned()));
            assert_eq!(found, reading, "{word}");
        }
    }
}
