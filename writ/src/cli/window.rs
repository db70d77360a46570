//! Hours of the week as a person types them: `Mon-Fri 08:00-18:00 Europe/Berlin`.
//!
//! Never here: whether an instant lies inside, or which zones there are (`authority` knows). To add a form: [`parse`].

use serde_json::{Value, json};

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The window of a text `DAYS HH:MM-HH:MM ZONE`: days are names, spans (`Fri-Mon` goes around the week's end) or lists
/// of both, or `daily`.
///
/// # Errors
/// In words, with a form that is understood.
pub fn parse(text: &str) -> Result<Value, String> {
    let form =
        |what: String| format!("{what}: write for example 'Mon-Fri 08:00-18:00 Europe/Berlin'");
    let words: Vec<&str> = text.split_whitespace().collect();
    let [named, hours, zone] = words.as_slice() else {
        return Err(form(format!("`{text}` is not days, hours and a time zone")));
    };
    let days = days(named).ok_or_else(|| form(format!("`{named}` names no days")))?;
    let span =
        hours.split_once(['-', '–']).and_then(|(from, to)| Some((minute(from)?, minute(to)?)));
    let (from, to) = span.ok_or_else(|| form(format!("`{hours}` is no span of hours")))?;
    if from >= to {
        return Err(form(format!(
            "`{hours}` does not end after it begins; a night takes two grants"
        )));
    }
    Ok(json!({"zone": zone, "days": days, "from_minute": from, "to_minute": to}))
}

/// Days of the week, 1 Monday to 7 Sunday, in order.
fn days(text: &str) -> Option<Vec<u8>> {
    if text.eq_ignore_ascii_case("daily") {
        return Some((1..=7).collect());
    }
    let mut named = [false; 7];
    for part in text.split(',') {
        let (from, to) = part.split_once(['-', '–']).unwrap_or((part, part));
        let (from, to) = (day(from)?, day(to)?);
        let length = (to + 7 - from) % 7;
        for day in (from..=from + length).map(|day| day % 7) {
            if let Some(slot) = named.get_mut(day) {
                *slot = true;
            }
        }
    }
    Some((1..=7).zip(named).filter_map(|(number, named)| named.then_some(number)).collect())
}

fn day(text: &str) -> Option<usize> {
    DAYS.iter().position(|name| text.eq_ignore_ascii_case(name))
}

/// Minutes from midnight; `24:00` ends a day.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let two = |digits: &str| {
        let plain = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit());
        digits.parse::<u16>().ok().filter(|_| plain)
    };
    let (hour, minute) = (two(hour)?, two(minute)?);
    let at = hour * 60 + minute;
    (minute < 60 && at <= 1440).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_as_typed() {
        for (text, days, from, to) in [
            ("Mon-Fri 08:00-18:00 Europe/Berlin", json!([1, 2, 3, 4, 5]), 480, 1080),
            ("sat–mon 00:00–24:00 Europe/Berlin", json!([1, 6, 7]), 0, 1440),
            ("Wed,Mon,Mon 09:30-09:31 Europe/Berlin", json!([1, 3]), 570, 571),
            ("daily 22:15-23:59 Europe/Berlin", json!([1, 2, 3, 4, 5, 6, 7]), 1335, 1439),
        ] {
            let wanted = json!({"zone": "Europe/Berlin", "days": days, "from_minute": from, "to_minute": to});
            assert_eq!(parse(text).unwrap(), wanted, "{text}");
        }
        for text in [
            "",
            "Mon-Fri 08:00-18:00",
            "Someday 08:00-18:00 UTC",
            "Mon- 08:00-18:00 UTC",
            "Mon 18:00-08:00 UTC",
            "Mon 08:00-08:00 UTC",
            "Mon 08:60-09:00 UTC",
            "Mon 08:00-24:01 UTC",
            "Mon +8:00-18:00 UTC",
            "Mon 08:00 UTC",
            "Mon 9:30-10:00 UTC",
            "Mon 08:00-18:00 UTC really",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
