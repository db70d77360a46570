//! Local time: day of the week, minute of the day and date in a zone. Never here: the current time.

use jiff::{Zoned, tz::TimeZone};
use writ_model::Timestamp;

/// An instant as a clock on the wall of a zone shows it; nothing if the zone is unknown.
fn zoned(zone: &str, at: Timestamp) -> Option<Zoned> {
    let zone = TimeZone::get(zone).ok()?;
    Some(jiff::Timestamp::from_microsecond(at.micros()).ok()?.to_zoned(zone))
}

/// ISO day of the week (1 Monday) and minute of the day in a zone; nothing if the zone is unknown.
pub fn local(zone: &str, at: Timestamp) -> Option<(i64, i64)> {
    let local = zoned(zone, at)?;
    let minute = i64::from(local.hour()) * 60 + i64::from(local.minute());
    Some((i64::from(local.weekday().to_monday_one_offset()), minute))
}

/// Date (year, month, day), ISO day of the week and minute of the day in a zone; nothing if the zone is unknown.
pub(crate) fn local_date(zone: &str, at: Timestamp) -> Option<((i16, i8, i8), u8, u16)> {
    let local = zoned(zone, at)?;
    let minute = u16::try_from(i64::from(local.hour()) * 60 + i64::from(local.minute())).ok()?;
    let day = u8::try_from(local.weekday().to_monday_one_offset()).ok()?;
    Some(((local.year(), local.month(), local.day()), day, minute))
}

/// Whether there is such a zone.
pub(crate) fn known(zone: &str) -> bool {
    TimeZone::get(zone).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_decides_the_day() {
        let at: Timestamp = "2026-03-29T23:30:00Z".parse().unwrap();
        assert_eq!(local("UTC", at), Some((7, 23 * 60 + 30)));
        assert_eq!(
            local("Europe/Berlin", at),
            Some((1, 90)),
            "an hour ahead, and summer time began"
        );
        assert_eq!(local_date("Asia/Tokyo", at), Some(((2026, 3, 30), 1, 8 * 60 + 30)));
        assert_eq!(local("Mars/Olympus", at), None);
    }
}
