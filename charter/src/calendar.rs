//! When people of the client work: zone, days, hours, closed dates. Never here: the current time.

use serde::{Deserialize, Serialize};
use writ_model::Timestamp;

use crate::clock;

/// Inside or outside the charter's calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hours {
    /// While people work.
    Inside,
    /// At night, on days off, on closed dates.
    Outside,
}

/// When people work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// IANA name of the place's time zone.
    pub zone: String,
    /// Working days, 1 Monday to 7 Sunday.
    pub days: Vec<u8>,
    /// First minute of the working day, 0 to 1439.
    pub from_minute: u16,
    /// First minute no longer in it, 1 to 1440; after `from_minute`.
    pub to_minute: u16,
    /// Dates on which nobody works, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub closed: Vec<String>,
}

impl Default for Calendar {
    /// Monday to Friday, 08:00 to 18:00, UTC.
    fn default() -> Self {
        Self {
            zone: "UTC".to_owned(),
            days: vec![1, 2, 3, 4, 5],
            from_minute: 8 * 60,
            to_minute: 18 * 60,
            closed: Vec::new(),
        }
    }
}

impl Calendar {
    /// Where an instant lies; nothing if the zone is unknown, which a judgment takes for "it may be either".
    pub fn hours(&self, at: Timestamp) -> Option<Hours> {
        let (date, day, minute) = clock::local_date(&self.zone, at)?;
        let works = self.days.contains(&day)
            && (self.from_minute..self.to_minute).contains(&minute)
            && !self.closed.iter().any(|closed| is_date(closed, date));
        Some(if works { Hours::Inside } else { Hours::Outside })
    }
}

/// Year, month and day of `YYYY-MM-DD`; nothing if there is no such day.
pub(crate) fn date(text: &str) -> Option<(i16, i8, i8)> {
    let shape = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let day: jiff::civil::Date = shape.then(|| text.parse().ok()).flatten()?;
    Some((day.year(), day.month(), day.day()))
}

fn is_date(text: &str, (year, month, day): (i16, i8, i8)) -> bool {
    let mut parts = text.split('-');
    let mut next = || parts.next().and_then(|part| part.parse::<i16>().ok());
    next() == Some(year) && next() == Some(i16::from(month)) && next() == Some(i16::from(day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_those_of_the_place() {
        let calendar = Calendar {
            zone: "Europe/Berlin".into(),
            closed: vec!["2026-12-25".into()],
            ..Calendar::default()
        };
        for (at, wanted) in [
            ("2026-11-23T06:59:59.999999Z", Hours::Outside),
            ("2026-11-23T07:00:00Z", Hours::Inside),
            ("2026-11-23T16:59:00Z", Hours::Inside),
            ("2026-11-23T17:00:00Z", Hours::Outside),
            ("2026-11-22T10:00:00Z", Hours::Outside),
            ("2026-12-24T10:00:00Z", Hours::Inside),
            ("2026-12-25T10:00:00Z", Hours::Outside),
            ("2026-07-01T06:30:00Z", Hours::Inside),
        ] {
            assert_eq!(calendar.hours(at.parse().unwrap()), Some(wanted), "{at}");
        }
    }

    #[test]
    fn an_unknown_zone_says_nothing() {
        let calendar = Calendar { zone: "Nowhere".into(), ..Calendar::default() };
        assert_eq!(calendar.hours(Timestamp::from_micros(0)), None);
    }

    #[test]
    fn dates_are_real_days() {
        assert_eq!(date("2028-02-29"), Some((2028, 2, 29)));
        for bad in ["2026-02-29", "2026-2-9", "20260209", "2026-02-09T", "", "+026-02-09"] {
            assert_eq!(date(bad), None, "{bad}");
        }
    }
}
