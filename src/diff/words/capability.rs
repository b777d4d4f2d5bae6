//! File capabilities, as `getcap` writes them.

/// The names in the order of their numbers.
///
/// # Source
/// Linux `include/uapi/linux/capability.h`.
const NAMES: [&str; 41] = [
    "cap_chown",
    "cap_dac_override",
    "cap_dac_read_search",
    "cap_fowner",
    "cap_fsetid",
    "cap_kill",
    "cap_setgid",
    "cap_setuid",
    "cap_setpcap",
    "cap_linux_immutable",
    "cap_net_bind_service",
    "cap_net_broadcast",
    "cap_net_admin",
    "cap_net_raw",
    "cap_ipc_lock",
    "cap_ipc_owner",
    "cap_sys_module",
    "cap_sys_rawio",
    "cap_sys_chroot",
    "cap_sys_ptrace",
    "cap_sys_pacct",
    "cap_sys_admin",
    "cap_sys_boot",
    "cap_sys_nice",
    "cap_sys_resource",
    "cap_sys_time",
    "cap_sys_tty_config",
    "cap_mknod",
    "cap_lease",
    "cap_audit_write",
    "cap_audit_control",
    "cap_setfcap",
    "cap_mac_override",
    "cap_mac_admin",
    "cap_syslog",
    "cap_wake_alarm",
    "cap_block_suspend",
    "cap_audit_read",
    "cap_perfmon",
    "cap_bpf",
    "cap_checkpoint_restore",
];

const EFFECTIVE: u32 = 1;

/// The value of `security.capability` as text, if it is one of version 2 or 3.
///
/// # Source
/// `struct vfs_cap_data` and `vfs_ns_cap_data` in Linux `include/uapi/linux/capability.h`.
pub(super) fn text(value: &[u8]) -> Option<String> {
    let (words, rest) = value.as_chunks::<4>();
    let words: Vec<u32> = words.iter().map(|word| u32::from_le_bytes(*word)).collect();
    let (magic, sets, root) = match words.as_slice() {
        [magic, sets @ ..] if rest.is_empty() && sets.len() == 4 => (*magic, sets, None),
        [magic, sets @ .., root] if rest.is_empty() && sets.len() == 4 => {
            (*magic, sets, Some(*root))
        }
        _ => return None,
    };
    let version = if root.is_some() { 3 } else { 2 };
    let known = magic >> 24 == version && magic & 0xff_ffff & !EFFECTIVE == 0;
    let &[permitted_low, inheritable_low, permitted_high, inheritable_high] = sets else {
        return None;
    };
    let wide = |low: u32, high: u32| u64::from(high) << 32 | u64::from(low);
    let permitted = wide(permitted_low, permitted_high);
    let inheritable = wide(inheritable_low, inheritable_high);
    let effective = if magic & EFFECTIVE != 0 { "e" } else { "" };
    let groups = [
        (permitted & !inheritable, format!("{effective}p")),
        (permitted & inheritable, format!("{effective}ip")),
        (inheritable & !permitted, format!("{effective}i")),
    ];
    let groups = groups.iter().filter(|(set, _)| *set != 0);
    let mut text: Vec<String> =
        groups.map(|(set, flags)| format!("{}={flags}", names(*set))).collect();
    if text.is_empty() {
        text.push("=".into());
    }
    text.extend(root.map(|root| format!("[rootid={root}]")));
    known.then(|| text.join(" "))
}

fn names(set: u64) -> String {
    let bits = (0..64).filter(|bit| set >> bit & 1 == 1);
    let name = |bit: usize| match NAMES.get(bit) {
        Some(name) => (*name).to_owned(),
        None => bit.to_string(),
    };
    bits.map(name).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn capabilities_read_as_getcap_writes_them() {
        // What `setcap cap_net_raw=ep` stores, and `getcap` prints.
        let ping = b"\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
        assert_eq!(text(ping).as_deref(), Some("cap_net_raw=ep"));
        let two = b"\0\0\0\x02\x01\x10\0\0\0\0\0\0\0\x01\0\0\0\0\0\0";
        assert_eq!(text(two).as_deref(), Some("cap_chown,cap_net_admin,cap_checkpoint_restore=p"));
        let owned = b"\x01\0\0\x03\x01\0\0\0\x03\0\0\0\0\0\0\0\0\0\0\0\xe8\x03\0\0";
        assert_eq!(text(owned).as_deref(), Some("cap_chown=eip cap_dac_override=ei [rootid=1000]"));
        assert_eq!(text(&ping[..19]), None);
        assert_eq!(text(b"\x01\0\0\x03\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), None);
    }
}
