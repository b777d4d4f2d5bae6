//! What a change of permissions means.

const SETUID: u16 = 0o4000;
const SETGID: u16 = 0o2000;
const STICKY: u16 = 0o1000;

/// The special bits that a mode has, each with its name.
pub(in super::super) fn special(mode: u16) -> impl Iterator<Item = &'static str> {
    let bits = [(SETUID, "setuid"), (SETGID, "setgid"), (STICKY, "sticky")];
    bits.into_iter().filter(move |(bit, _)| mode & bit != 0).map(|(_, name)| name)
}

/// Whether anybody may write, and nothing keeps them from replacing what is others'.
pub(in super::super) const fn is_world_writable(mode: u16) -> bool {
    mode & 0o0002 != 0 && mode & STICKY == 0
}

/// What the change from one mode to another means; empty if the two are the same.
pub(super) fn meaning(old: u16, new: u16, is_directory: bool) -> String {
    let mut words = Vec::new();
    words.extend(special(new & !old).map(|name| format!("{name} added")));
    words.extend(special(old & !new).map(|name| format!("{name} removed")));
    let lost = rights(old & !new, is_directory);
    let gained = rights(new & !old, is_directory);
    words.extend(gained.into_iter().map(|(who, what)| format!("{who} may {what}")));
    words.extend(lost.into_iter().map(|(who, what)| format!("{who} may no longer {what}")));
    words.join(", ")
}

/// Who has which of these rights: classes with the same rights together.
fn rights(bits: u16, is_directory: bool) -> Vec<(String, String)> {
    let execute = if is_directory { "enter" } else { "execute" };
    let mut sets: Vec<(u16, Vec<&str>)> = Vec::new();
    for (shift, who) in [(6, "owner"), (3, "group"), (0, "others")] {
        let set = bits >> shift & 7;
        match sets.iter_mut().find(|known| known.0 == set) {
            _ if set == 0 => {}
            Some(known) => known.1.push(who),
            None => sets.push((set, vec![who])),
        }
    }
    let verbs = |set: u16| -> String {
        let all = [(4, "read"), (2, "write"), (1, execute)];
        let verbs: Vec<&str> =
            all.into_iter().filter(|(bit, _)| set & bit != 0).map(|(_, verb)| verb).collect();
        verbs.join("/")
    };
    let everybody = |who: &[&str]| if who.len() == 3 { "all".into() } else { who.join(" and ") };
    sets.into_iter().map(|(set, who)| (everybody(&who), verbs(set))).collect()
}

#[cfg(test)]
mod tests {
    use super::meaning;

    #[test]
    fn a_change_of_mode_says_what_it_means() {
        let file = |old, new| meaning(old, new, false);
        assert_eq!(file(0o4755, 0o0755), "setuid removed");
        assert_eq!(file(0o0644, 0o0600), "group and others may no longer read");
        assert_eq!(file(0o0644, 0o0755), "all may execute");
        assert_eq!(file(0o0600, 0o2640), "setgid added, group may read");
        assert_eq!(file(0o0751, 0o0750), "others may no longer execute");
        assert_eq!(file(0o0664, 0o0646), "others may write, group may no longer write");
        assert_eq!(
            meaning(0o1777, 0o0770, true),
            "sticky removed, others may no longer read/write/enter"
        );
        assert_eq!(file(0o644, 0o644), "");
    }
}
