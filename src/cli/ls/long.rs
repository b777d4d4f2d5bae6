//! The columns of `cfs ls -l`.

use crate::tree::{FileType, Inode, Mode, Mtime};

/// How wide the columns are.
#[derive(Debug, Default)]
pub(super) struct Columns {
    nlink: usize,
    uid: usize,
    gid: usize,
    size: usize,
}

impl Columns {
    /// Makes the columns wide enough for an inode.
    pub(super) fn widen(&mut self, inode: &Inode<'_, '_>) {
        self.nlink = self.nlink.max(digits(u64::from(inode.nlink())));
        self.uid = self.uid.max(digits(u64::from(inode.uid())));
        self.gid = self.gid.max(digits(u64::from(inode.gid())));
        self.size = self.size.max(size(inode).len());
    }

    /// The columns before the name: mode, links, owner, group, size and time.
    pub(super) fn line(&self, inode: &Inode<'_, '_>) -> String {
        format!(
            "{} {:>nlink$} {:>uid$} {:>gid$} {:>size$} {} ",
            mode(inode.mode()),
            inode.nlink(),
            inode.uid(),
            inode.gid(),
            size(inode),
            time(inode.mtime()),
            nlink = self.nlink,
            uid = self.uid,
            gid = self.gid,
            size = self.size,
        )
    }
}

/// How many decimal digits a number has.
fn digits(number: u64) -> usize {
    number.checked_ilog10().map_or(1, |log| crate::num::index(log) + 1)
}

/// SIZE, or of a device `MAJOR,MINOR`.
fn size(inode: &Inode<'_, '_>) -> String {
    if !inode.file_type().is_device() {
        return inode.size().to_string();
    }
    let rdev = inode.rdev();
    let major = rdev >> 8 & 0xfff;
    let minor = rdev & 0xff | rdev >> 12 & 0xf_ff00;
    format!("{major},{minor}")
}

/// The mode as `ls` shows it.
fn mode(mode: Mode) -> String {
    let bits = mode.permissions();
    let mut text = String::from(match mode.file_type() {
        FileType::Fifo => 'p',
        FileType::CharDevice => 'c',
        FileType::Directory => 'd',
        FileType::BlockDevice => 'b',
        FileType::Regular => '-',
        FileType::Symlink => 'l',
        FileType::Socket => 's',
    });
    for (shift, special, letter) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let rwx = bits >> shift;
        text.push(if rwx & 4 != 0 { 'r' } else { '-' });
        text.push(if rwx & 2 != 0 { 'w' } else { '-' });
        text.push(match (rwx & 1 != 0, bits & special != 0) {
            (true, false) => 'x',
            (false, false) => '-',
            (true, true) => letter,
            (false, true) => letter.to_ascii_uppercase(),
        });
    }
    text
}

const DAY: i64 = 86_400;

/// A time in UTC, to the second.
fn time(mtime: Mtime) -> String {
    let (year, month, day) = date(mtime.sec.div_euclid(DAY));
    let second = mtime.sec.rem_euclid(DAY);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar.
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
    use super::{digits, mode, time};
    use crate::tree::{Mode, Mtime};

    #[track_caller]
    fn is_at(sec: i64, text: &str) {
        assert_eq!(time(Mtime { sec, nsec: 0 }), text);
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

    #[test]
    fn modes_look_as_ls_shows_them() {
        let text = |bits| Mode::new(bits).map(mode).unwrap();
        assert_eq!(text(0o100_644), "-rw-r--r--");
        assert_eq!(text(0o41777), "drwxrwxrwt");
        assert_eq!(text(0o106_750), "-rwsr-s---");
        assert_eq!(text(0o107_000), "---S--S--T");
    }

    #[test]
    fn digits_are_counted() {
        assert_eq!([0, 9, 10, u64::MAX].map(digits), [1, 1, 2, 20]);
    }
}
