//! The columns of `cfs ls -l`.

use crate::calendar::utc;
use crate::tree::{FileType, Inode, Mode};

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
            utc(inode.mtime().sec),
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

#[cfg(test)]
mod tests {
    use super::{digits, mode};
    use crate::tree::Mode;

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
