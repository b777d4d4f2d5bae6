//! SELinux labels: the part that changed.

/// The parts of a label, if it is one: user, role, type and level, which may hold colons.
fn parts(label: &[u8]) -> Option<[&str; 4]> {
    let label = label.strip_suffix(b"\0").unwrap_or(label);
    let label = str::from_utf8(label).ok()?;
    let plain = label.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let mut parts = label.splitn(4, ':');
    let mut part = || parts.next();
    let all = [part()?, part()?, part()?, part().unwrap_or_default()];
    plain.then_some(all)
}

/// A label as text.
pub(super) fn label(value: &[u8]) -> Option<String> {
    let [user, role, kind, level] = parts(value)?;
    let level = if level.is_empty() { String::new() } else { format!(":{level}") };
    Some(format!("{user}:{role}:{kind}{level}"))
}

/// The change of a label: the type alone if nothing else changed, else the parts that did.
pub(super) fn change(old: &[u8], new: &[u8]) -> Option<String> {
    let (old, new) = (parts(old)?, parts(new)?);
    let names = ["user", "role", "type", "level"];
    let differing = names.into_iter().zip(old.into_iter().zip(new)).filter(|it| it.1.0 != it.1.1);
    let differing: Vec<_> = differing.collect();
    Some(match differing.as_slice() {
        // Only the NUL at the end differs, so that the reader has to see the bytes.
        [] => return None,
        [("type", (old, new))] => format!("{old} → {new}"),
        all => {
            let part = |(name, (old, new)): &(&str, (&str, &str))| format!("{name} {old} → {new}");
            all.iter().map(part).collect::<Vec<_>>().join(", ")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::change;

    #[test]
    fn only_the_part_that_changed_is_told() {
        let bin = b"system_u:object_r:bin_t:s0\0";
        let told = |old: &[u8], new: &[u8]| change(old, new);
        assert_eq!(told(bin, b"system_u:object_r:usr_t:s0").as_deref(), Some("bin_t → usr_t"));
        let other = b"user_u:object_r:bin_t:s0:c1,c2";
        let both = "user system_u → user_u, level s0 → s0:c1,c2";
        assert_eq!(told(bin, other).as_deref(), Some(both));
        assert_eq!(told(bin, b"no label"), None);
        assert_eq!(told(bin, b"system_u:object_r:bin_t:s0"), None);
    }
}
