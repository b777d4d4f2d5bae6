//! Dates of the Gregorian calendar, in UTC.

const DAY: i64 = 86_400;

/// A second counted from 1970-01-01, as `YYYY-MM-DD hh:mm:ss`.
pub(crate) fn utc(sec: i64) -> String {
    let (year, month, day) = date(sec.div_euclid(DAY));
    let second = sec.rem_euclid(DAY);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// Year, month and day of a day counted from 1970-01-01.
///
/// # Source
/// `civil_from_days` in Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
fn date(day: i64) -> (i64, i64, i64) {
    // Years begin in March here, so that the leap day is the last of its year.
    let day = day + 719_468;
    let (era, day) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::utc;

    #[track_caller]
    fn is_at(sec: i64, text: &str) {
        assert_eq!(utc(sec), text);
    }

    #[test]
    fn times_are_those_of_the_gregorian_calendar() {
        is_at(0, "1970-01-01 00:00:00");
        is_at(-1, "1969-12-31 23:59:59");
        is_at(951_782_399, "2000-02-28 23:59:59");
        is_at(951_782_400, "2000-02-29 00:00:00");
        is_at(4_107_542_400, "2100-03-01 00:00:00");
        is_at(-62_135_596_800, "0001-01-01 00:00:00");
    }

    #[test]
    fn the_first_and_the_last_second_have_a_date() {
        is_at(i64::MAX, "292277026596-12-04 15:30:07");
        is_at(i64::MIN, "-292277022657-01-27 08:29:52");
    }
}
