//! Access control lists, as `getfacl` writes them.

/// Who has which rights: an entry of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    who: String,
    rights: String,
}

/// The entries of a list, if it is one.
pub(super) fn entries(value: &[u8]) -> Option<Vec<String>> {
    let told = parse(value)?.into_iter().map(|Entry { who, rights }| format!("{who}:{rights}"));
    Some(told.collect())
}

/// # Source
/// `struct posix_acl_xattr_entry` in Linux `include/uapi/linux/posix_acl_xattr.h`.
fn parse(value: &[u8]) -> Option<Vec<Entry>> {
    let (version, rest) = value.split_first_chunk::<4>()?;
    let (raw, odd) = rest.as_chunks::<8>();
    if u32::from_le_bytes(*version) != 2 || !odd.is_empty() {
        return None;
    }
    raw.iter().map(entry).collect()
}

fn entry(raw: &[u8; 8]) -> Option<Entry> {
    let &[tag_low, tag_high, rights_low, rights_high, id @ ..] = raw;
    let id = u32::from_le_bytes(id);
    let who = match u16::from_le_bytes([tag_low, tag_high]) {
        0x01 => "user:".to_owned(),
        0x02 => format!("user:{id}"),
        0x04 => "group:".to_owned(),
        0x08 => format!("group:{id}"),
        0x10 => "mask:".to_owned(),
        0x20 => "other:".to_owned(),
        _ => return None,
    };
    let rights = u16::from_le_bytes([rights_low, rights_high]);
    let letters = [(4, 'r'), (2, 'w'), (1, 'x')];
    let letters = letters.map(|(bit, letter)| if rights & bit != 0 { letter } else { '-' });
    (rights <= 7).then(|| Entry { who, rights: String::from_iter(letters) })
}

/// What differs between two lists: who has other rights, who has none any more, and who has some now.
pub(super) fn change(old: &[u8], new: &[u8]) -> Option<String> {
    let (old, new) = (parse(old)?, parse(new)?);
    let rights = |list: &[Entry], who: &str| {
        list.iter().find(|entry| entry.who == who).map(|entry| entry.rights.clone())
    };
    let changed = old.iter().filter_map(|Entry { who, rights: before }| match rights(&new, who) {
        Some(after) if after == *before => None,
        Some(after) => Some(format!("{who}:{before} → {after}")),
        None => Some(format!("{who}:{before} removed")),
    });
    let come = new.iter().filter(|entry| rights(&old, &entry.who).is_none());
    let come = come.map(|Entry { who, rights }| format!("{who}:{rights} added"));
    let all: Vec<String> = changed.chain(come).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

#[cfg(test)]
mod tests {
    use super::{change, entries};

    /// What `setfacl -m u:1000:rw` makes of a file with mode 0644.
    const ACL: &[u8] = b"\x02\0\0\0\x01\0\x06\0\xff\xff\xff\xff\x02\0\x06\0\xe8\x03\0\0\
        \x04\0\x04\0\xff\xff\xff\xff\x10\0\x06\0\xff\xff\xff\xff\x20\0\x04\0\xff\xff\xff\xff";

    #[test]
    fn lists_read_as_getfacl_writes_them() {
        let lines = ["user::rw-", "user:1000:rw-", "group::r--", "mask::rw-", "other::r--"];
        assert_eq!(entries(ACL).unwrap(), lines);
        assert_eq!(entries(&ACL[..43]), None);
        assert_eq!(entries(b"\x02\0\0\0\x03\0\x06\0\xff\xff\xff\xff"), None);
    }

    #[test]
    fn only_the_entries_that_changed_are_told() {
        let mut other = ACL.to_vec();
        other[14] = 4;
        assert_eq!(change(ACL, &other).unwrap(), "user:1000:rw- → r--");
        other[16] = 0xe9;
        let words = "user:1000:rw- removed, user:1001:r-- added";
        assert_eq!(change(ACL, &other).unwrap(), words);
        assert_eq!(change(ACL, ACL), None);
    }
}
